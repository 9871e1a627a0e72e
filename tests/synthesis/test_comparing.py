"""Who waits for an answer heads a report; what several agents made of a task stands side by side."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from msgspec.structs import replace
from synthesis.outside import junit_errors

from forkjoin.engine.landing.asked import LandAsk
from forkjoin.engine.landing.choosing import chosen
from forkjoin.errors import PlanError
from forkjoin.model import Change, Changes, RunView, TaskId, TaskView, Text, Usage
from forkjoin.synthesis import TaskResult, comparisons, questions, render_markdown, report, summary_lines
from forkjoin.synthesis.comparing import comparison_rows
from forkjoin.synthesis.renderers import Given, rendered
from forkjoin.testing import a_task, a_view


def text(said: str) -> Text:
    return Text(inline=said, length=len(said))


def content(kept: Text) -> str:
    return kept.inline


def tried(agent: str, number: int, *changes: Change, **more: Any) -> TaskView:
    task = a_task(f"auth-{agent}", agent=agent, alternative="auth", description="Harden | it")
    given = {"state": "completed", "started": 0.0, "ended": 10.0 * number, "answer": text(f"by {agent}"), **more}
    made = Changes(files=changes, commit="c" * 40 if changes else "")
    return TaskView(task=task, number=number, changes=made, **given)


def view() -> RunView:
    both = Change(path="a.py", how="modified", insertions=3, deletions=1)
    cheap = Usage(input_tokens=100, output_tokens=10, usd=0.02)
    return a_view(
        tried("claude", 1, both, Change(path="b.py", how="added", insertions=9), usage=cheap), tried("codex", 2, both)
    )


def test_alternatives_are_compared_by_state_time_cost_and_each_file() -> None:
    (made,) = comparisons(view(), content, 99.0)
    assert (made.task, made.same) == ("auth", ("a.py",))
    assert [one.answer for one in made.alternatives] == ["by claude", "by codex"]
    assert list(comparison_rows(made)) == [
        ("", "claude", "codex"),
        ("state", "completed", "completed"),
        ("time", "10 s", "20 s"),
        ("cost", "$0.02, 110 tokens", "$?, ? tokens"),
        ("changed", "2 files, +12 -1", "1 file, +3 -1"),
        ("answer", "9 characters", "8 characters"),
        ("a.py", "modified +3 -1", "modified +3 -1"),
        ("b.py", "added +9 -0", "-"),
    ]
    assert comparisons(a_view(TaskView(task=a_task(), number=1)), content, 0.0) == ()


def test_a_report_shows_them_and_calls_them_no_clash() -> None:
    made = report(view(), [], not_looked_at=["x"])
    assert made.clashes == ()
    made = replace(made, comparisons=comparisons(view(), content, 99.0))
    shown = render_markdown(made)
    assert "## Compared: auth Harden \\| it" in shown
    assert "| changed | 2 files, +12 -1 | 1 file, +3 -1 |" in shown
    assert "`forkjoin diff auth-codex`" in shown
    assert "  codex: completed, 20 s, $?, ? tokens, 1 file, +3 -1" in summary_lines(made)


def test_who_asks_comes_first_with_the_command_that_answers() -> None:
    asks = TaskView(
        task=a_task("a"), number=1, state="needs_input", why="it asks", session="s",
        answer=text("I looked.\n\nShall I take the `first`?\n"),
    )  # fmt: skip
    rests = TaskView(task=a_task("b"), number=2, state="needs_input", why="it changed nothing")
    run = a_view(asks, rests, TaskView(task=a_task("c"), number=3, state="completed"))
    found = questions(run, content)
    assert [(one.task, one.text, one.command) for one in found] == [
        ("a", "Shall I take the `first`?", 'forkjoin send r/a "..."'),
        ("b", "", "forkjoin retry r/b"),
    ]
    made = replace(report(run, [], not_looked_at=["x"]), questions=found)
    assert summary_lines(made)[:4] == [
        "a needs your answer: Shall I take the `first`?",
        '  forkjoin send r/a "..."',
        "b needs your answer: it changed nothing",
        "  forkjoin retry r/b",
    ]
    shown = render_markdown(made)
    assert shown.index("## Needs your answer") < shown.index("## Not looked at")
    assert '`forkjoin send r/a "..."`' in shown


def _asked_and_compared() -> Given:
    asks = TaskView(
        task=a_task("a"), number=1, state="needs_input", why="it asks", session="s", answer=text("<b>Which?</b> ::x")
    )
    run = a_view(asks, *view().tasks)
    results = [TaskResult(task=asks.task, state="needs_input", agent="claude", reason="it asks")]
    made = report(run, results)
    return Given(
        report=replace(made, questions=questions(run, content), comparisons=comparisons(run, content, 99.0)),
        version="1",
    )


def test_the_page_is_headed_by_who_asks_and_shows_what_was_compared() -> None:
    page = rendered(_asked_and_compared(), "html")
    asks = page.index("Needs your answer</h2>")
    assert asks < page.index('id="numbers"')
    assert '<pre tabindex="0">forkjoin send r/a &quot;...&quot;</pre>' in page
    assert "&lt;b&gt;Which?&lt;/b&gt; ::x" in page
    assert '<th scope="row">changed</th><td>2 files, +12 -1</td><td>1 file, +3 -1</td>' in page
    assert "forkjoin diff auth-claude\nforkjoin diff auth-codex" in page
    assert [page.count(f'href="#{id_}"') for id_ in ("questions", "compared")] == [1, 1]


def test_junit_annotations_and_sarif_say_how_to_answer() -> None:
    given = _asked_and_compared()
    suite = ET.fromstring(rendered(given, "junit")).find("testsuite")
    assert suite is not None
    assert (suite.findtext("testcase/error") or "").startswith(
        '<b>Which?</b> ::x\nAnswer it: forkjoin send r/a "..."\n'
    )
    assert suite.find("properties/property").attrib == {
        "name": "needs your answer", "value": 'a: forkjoin send r/a "..."',
    }  # fmt: skip
    said = suite.findtext("system-out") or ""
    assert said.startswith("Compared: auth Harden | it\n| claude | codex\n")
    first = rendered(given, "github").split("\n")[0]
    assert first == '::error title=a needs your answer::<b>Which?</b> ::x%0AAnswer it: forkjoin send r/a "..."'
    (run,) = json.loads(rendered(replace(given, merged=True), "sarif"))["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == 'task a: needs_input: it asks; answer it: forkjoin send r/a "..."'
    assert junit_errors(rendered(given, "junit")) == []
    summary = rendered(given, "github-summary")
    assert summary.index("Needs your answer") < summary.index("Compared: auth")


def _left(run: RunView, *tasks: str, landed: tuple[str, ...] = ()) -> tuple[list[str], dict[str, str]]:
    found = chosen(run, LandAsk(tasks=tasks), landed={TaskId(one) for one in landed})
    return [one.id for one in found.candidates], {one.task: one.reason for one in found.left_out}


def test_of_alternatives_one_is_landed_and_only_where_it_is_named() -> None:
    landed, left = _left(view())
    assert landed == []
    assert "name the one to land" in left["auth-claude"]
    assert _left(view(), "auth-codex")[0] == ["auth-codex"]
    landed, left = _left(view(), "auth-codex", landed=("auth-claude",))
    assert landed == []
    assert "auth-claude has landed in its place" in left["auth-codex"]
    with pytest.raises(PlanError, match="name one of them"):
        _left(view(), "auth-claude", "auth-codex")
