from __future__ import annotations

import pytest

from forkjoin.model import Claimed, Task, TaskId, to_json
from forkjoin.synthesis import TaskResult, render_markdown, report
from forkjoin.synthesis.prose import from_prose
from forkjoin.testing import a_view

REVIEW = """I looked at the service. Two things stand out.

## High severity

1. **SQL injection** in `app/db.py:42-44`: the query is built by hand.
   Fix: use parameters.
2. Weak hash (app/auth.py, line 7)

## Notes
- [low] `README.md` is out of date
- Everything else looks fine, e.g. the tests.

```python
def unrelated(): ...  # app/never.py:1
```
"""


def answered(text: str, **given) -> TaskResult:
    given = {"state": "completed", "agent": "claude", "answer": text, "said": text} | given
    return TaskResult(task=Task(id=TaskId("auth"), task="x", output="findings"), **given)


def joined(*results: TaskResult):
    return report(a_view(name="n"), results)


def test_list_entries_with_a_severity_or_a_place_are_claims():
    found = from_prose(REVIEW)
    assert [(c.severity, c.path, c.line, c.end_line, c.title) for c in found] == [
        ("high", "app/db.py", 42, 44, "SQL injection"),
        ("high", "app/auth.py", 7, 0, "Weak hash"),
        ("low", "README.md", 0, 0, "README.md is out of date"),
    ]
    assert found[0].remedy == "use parameters."
    assert {claim.confidence for claim in found} == {"low"}


@pytest.mark.parametrize("text", ["I found nothing wrong.", "No issues.", "LGTM", "no findings", "¯\\_(ツ)_/¯"])
def test_prose_that_claims_nothing_is_a_finding_of_its_own_and_never_none(text):
    (one,) = from_prose(text)
    assert (one.severity, one.confidence, one.message) == ("info", "low", text)
    made = joined(answered(text))
    assert (made.coverage.ok, made.coverage.failed, len(made.findings)) == ((), ("auth",), 1)


def test_what_was_read_from_prose_is_marked_everywhere():
    made = joined(answered(REVIEW, state="failed", kind="contract", reason="the answer holds no JSON"))
    assert {source.form for finding in made.findings for source in finding.sources} == {"prose"}
    assert {source.confidence for finding in made.findings for source in finding.sources} == {"low"}
    assert made.notes == ("auth: 3 findings read from prose, a guess: held with low confidence",)
    assert (made.tasks[0].state, made.tasks[0].reason) == ("failed", "the answer holds no JSON")
    assert "(claude from prose)" in render_markdown(made)


@pytest.mark.parametrize(
    "text", ['{"findings": [{"title": "a"', '[{"title": 7}]', "{", '{"version": "2.1.0", "runs": [7]}']
)
def test_broken_json_is_an_error_and_no_prose(text):
    made = joined(answered(text))
    assert made.findings == ()
    assert made.coverage.failed == ("auth",)
    assert made.tasks[0].reason.startswith("parse: its findings cannot be read: ")


def test_an_answer_that_is_not_there_is_an_error_and_no_finding():
    made = joined(answered(""))
    assert (made.findings, made.coverage.failed) == ((), ("auth",))


def test_of_a_task_that_failed_by_itself_only_what_names_a_place_is_read():
    assert joined(answered("Traceback: it broke", state="failed", kind="exit")).findings == ()
    assert len(joined(answered("- src/a.py:3 leaks", state="timed_out")).findings) == 1


def test_a_guess_meets_the_sure_witness_and_does_not_outweigh_it():
    sure = Claimed(title="SQL injection: query built by hand", severity="medium", path="app/db.py", line=42)
    other = TaskResult(
        task=Task(id=TaskId("b"), task="x", output="findings"), state="completed", agent="codex",
        value=to_json({"findings": [sure]}),
    )  # fmt: skip
    made = joined(answered("1. critical: SQL injection, query built by hand (app/db.py:42)"), other)
    (finding,) = made.findings
    assert (len(finding.sources), finding.severity) == (2, "medium")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- high: src/a/b.py:3", ("src/a/b.py", 3, 0)),
        ("- high: `setup.cfg` is odd", ("setup.cfg", 0, 0)),
        ("- high: ./x.py:3-9 is", ("x.py", 3, 9)),
        ("- high: lines 4-6 of main.go", ("main.go", 4, 6)),
        ("- high: version 1.2.3 of self.value, e.g. a.b", ("", 0, 0)),
        ("- high: https://example.org/a.html:80 says", ("", 0, 0)),
    ],
)
def test_a_place_is_read_where_it_is_one(text, place):
    (one,) = from_prose(text)
    assert (one.path, one.line, one.end_line) == place


def test_a_huge_answer_is_bounded():
    assert (
        len(
            from_prose(
                "- high: x.py:1 " + "a" * 100 + "\n" + "".join(f"- low: f{n}.py:{n + 1} z\n" for n in range(9_000))
            )
        )
        == 500
    )
    assert len(from_prose("(" * 200_000)) == 1
    assert len(from_prose("a.b/" * 60_000)) == 1
