from __future__ import annotations

from typing import Any

import pytest

from forkjoin.errors import ForkjoinError, NothingToJoin
from forkjoin.model import Claimed, Report, RunId, Task, TaskId, to_json
from forkjoin.synthesis import TaskResult, at_or_above, report, worst
from forkjoin.testing import a_view


def result(
    name: str = "ruff", *claims: Claimed, state: str = "completed", output: Any = "findings", **given: Any
) -> TaskResult:
    given = {"agent": name, "value": to_json({"findings": claims}) if output == "findings" else b""} | given
    return TaskResult(task=Task(id=TaskId(name), task=name, output=output), state=state, **given)


def joined(*results: TaskResult, **given: Any) -> Report:
    beside = {name: given.pop(name) for name in ("account", "not_looked_at") if name in given}
    return report(a_view(**{"run": RunId("r1"), "name": "demo"} | given), results, **beside)


def claim(severity: str = "medium", line: int = 1, title: str = "Weak hash", **given: Any) -> Claimed:
    return Claimed(title=title, severity=severity, path="app.py", line=line, **given)


def test_coverage_tells_ok_failed_and_missing_apart():
    states = ["completed", "failed", "timed_out", "stopped", "lost", "needs_input", "queued", "starting", "running",
              "blocked", "skipped"]  # fmt: skip
    coverage = joined(*(result(state, state=state) for state in states)).coverage
    assert coverage.ok == ("completed",)
    assert coverage.failed == ("failed", "timed_out", "stopped", "lost", "needs_input")
    assert coverage.missing == ("queued", "starting", "running", "blocked", "skipped")


@pytest.mark.parametrize("value", [b"", b"oops", b"{}", b'[{"title": 7}]'])
def test_a_value_that_cannot_be_read_is_a_failure_and_never_no_findings(value):
    made = joined(result("bandit", value=value), result("ruff", claim()))
    assert (made.coverage.ok, made.coverage.failed) == (("ruff",), ("bandit",))
    assert made.tasks[0].state == "failed"
    assert made.tasks[0].reason.startswith("parse: its findings cannot be read: ")


def test_a_task_asked_for_text_owes_no_findings():
    made = joined(
        result("writer", output="text", answer="Done."), result("other", output={"type": "object"}, value=b"{}")
    )
    assert made.coverage.ok == ("writer", "other")
    assert made.findings == ()


def test_what_a_failed_task_found_before_it_failed_is_kept_and_it_stays_failed():
    made = joined(result("ruff", claim(), state="timed_out", reason="after 60 s"))
    assert made.coverage.failed == ("ruff",)
    assert [finding.title for finding in made.findings] == ["Weak hash"]
    assert made.tasks[0].reason == "after 60 s"


def test_a_failed_task_keeps_its_own_reason_when_its_value_is_broken_too():
    made = joined(result("ruff", state="failed", reason="exit: code 2", value=b"oops"))
    assert (made.tasks[0].state, made.tasks[0].reason) == ("failed", "exit: code 2")


def test_a_join_of_nothing_is_an_error():
    with pytest.raises(NothingToJoin, match="no results to join") as raised:
        joined()
    assert isinstance(raised.value, ForkjoinError)


@pytest.mark.parametrize("why", [{"not_looked_at": ["all: the folder is empty"]}, {"notes": ["nothing to look at"]}])
def test_a_join_of_nothing_with_a_reason_is_an_empty_report_that_says_so(why):
    made = joined(**why)
    assert (made.coverage.ok, made.coverage.failed, made.coverage.missing) == ((), (), ())
    assert made.coverage.not_looked_at + made.notes == tuple(*why.values())


def test_counts_are_by_severity_worst_first_and_name_only_what_occurs():
    made = joined(result("ruff", claim("low", 1), claim("critical", 50), claim("low", 90)))
    assert made.counts == (("critical", 1), ("low", 2))
    assert worst(made) == "critical"
    assert [at_or_above(made, severity) for severity in ("critical", "high", "low", "info")] == [1, 1, 3, 3]


def test_no_finding_has_no_worst():
    made = joined(result("ruff"))
    assert worst(made) is None
    assert at_or_above(made, "info") == 0


def test_an_unknown_severity_is_said_with_the_known_ones():
    with pytest.raises(ValueError, match="no severity 'bad'; known: critical, high, medium, low, info"):
        at_or_above(joined(result("ruff")), "bad")


def test_tasks_stand_in_the_order_asked_and_findings_in_theirs():
    made = joined(result("z", claim("low", 1)), result("a", claim("high", 50), claim("info", 99)))
    assert [(task.id, task.findings) for task in made.tasks] == [("z", 1), ("a", 2)]
    assert [finding.severity for finding in made.findings] == ["high", "low", "info"]


def test_every_finding_is_cited_by_an_action_and_kinds_go_together():
    shell = [claim("high", 10 * n, "Call with shell=True", rule="S602", remedy="give a list") for n in (1, 2, 3, 4)]
    made = joined(result("ruff", *shell, claim("low", 99, "Unused import", rule="F401")))
    assert [action.text for action in made.actions] == [
        "Fix 4 × S602 Call with shell=True: app.py:10, app.py:20, app.py:30 and 1 more. Give a list.",
        "Fix F401 Unused import: app.py:99.",
    ]
    assert [action.severity for action in made.actions] == ["high", "low"]
    assert {id_ for action in made.actions for id_ in action.findings} == {finding.id for finding in made.findings}


def test_what_could_not_be_looked_at_is_not_to_be_fixed():
    made = joined(result("complexipy", claim("info", 0, "Not looked at by complexipy: it could not read the file")))
    assert made.actions[0].text == "Not looked at by complexipy: it could not read the file: app.py."


def test_there_are_at_most_seven_actions_and_the_last_takes_the_rest():
    made = joined(
        result("ruff", *(claim("low", 10 * n, f"Thing {'abcdefghijkl'[n] * 3}", rule=f"X{n:03}") for n in range(12)))
    )
    assert len(made.actions) == 7
    assert made.actions[-1].text == "Then look through the other 6 findings of 6 kinds, low at worst."
    assert sum(len(action.findings) for action in made.actions) == 12


def test_what_agents_and_plans_write_is_clean_in_the_report():
    evil = "a\x1b[2J\u202eb\x9b31m\x07"
    made = joined(
        result("ruff", claim(title=evil, message=evil), answer=evil, reason=evil),
        name=evil, goal=evil, notes=[evil], not_looked_at=[evil],
    )  # fmt: skip
    said = to_json(made).decode()
    assert not set(said) & set("\x1b\x9b\x07\u202e")
    assert "\\u001b" not in said


def test_a_surrogate_from_a_file_name_does_not_break_the_report():
    made = joined(result("ruff", state="failed", reason="cannot read caf\udce9.py"))
    assert "caf\\\\xe9.py" in to_json(made).decode()
