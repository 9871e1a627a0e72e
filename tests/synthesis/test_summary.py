from __future__ import annotations

from msgspec.structs import replace
from synthesis.sample import claim
from synthesis.sample import result as found

from forkjoin.model import Account, LostTime, Report, RunId, Task, TaskId
from forkjoin.synthesis import TaskResult, render_markdown, report, summary_lines
from forkjoin.testing import a_view

REVIEW = "pip install 'forkjoin[review]'"
LACKING = (
    *(f"{language} ({count} files): no analyser for it was found" for language, count in (("html", 368), ("css", 4))),
    "docs: no analyser for it was found here",
    *(f"{name} is not installed: {REVIEW}" for name in ("bandit", "ruff-format", "vulture", "complexipy", "typos")),
)


def result(name: str, *, state: str = "completed", output: str = "text") -> TaskResult:
    task = Task(id=TaskId(name), task="x", output=output)
    value = b'{"findings": []}' if output == "findings" else b""
    return TaskResult(task=task, state=state, agent="command", value=value)


def joined(*results: TaskResult, wall: float = 2.0, work: float = 4.0, **given) -> Report:
    spent = Account(wall_s=wall, sum_s=work, speedup=work / wall, critical_path=())
    view = a_view(run=RunId("r"), name="n", notes=given.pop("notes", ()))
    return report(view, results, account=spent, **given)


def test_what_nothing_looked_at_is_told_whole_on_the_narrowest_terminal():
    lines = summary_lines(joined(result("a", output="findings"), not_looked_at=LACKING), width=40)
    text = " ".join(line.strip() for line in lines)
    assert all(len(line) <= 40 for line in lines)
    assert "no analyser for: html (368 files), css (4 files), docs." in text
    assert f"not installed: bandit, ruff-format, vulture, complexipy, typos ({REVIEW})." in text
    assert "…" not in text


def test_a_reason_that_is_one_of_a_kind_stands_by_itself():
    said = summary_lines(joined(result("a"), not_looked_at=("it holds no files", "odd: because")), width=80)
    assert "Not looked at: it holds no files." in said
    assert "Not looked at: odd: because." in said


def test_a_name_without_a_blank_is_broken_and_not_cut():
    said = summary_lines(joined(result("a"), not_looked_at=("x" * 100 + ": no analyser for it was found",)), width=40)
    assert sum(line.count("x") for line in said if "Looked at" not in line) == 100
    assert all(len(line) <= 40 for line in said)


def test_one_task_or_less_than_a_second_of_work_is_not_compared():
    for made in (joined(result("a"), work=30, wall=31), joined(result("a"), result("b"), work=0.9, wall=3)):
        assert not any("one after another" in line for line in summary_lines(made))
        assert "Speed-up" not in render_markdown(made)
    both = joined(result("a"), result("b"))
    assert summary_lines(both)[-1] == "Time: 2.0 s for 4.0 s of work: 2.0× against one after another."
    assert "Speed-up against one after another: 2.0×." in render_markdown(both)


def test_the_account_ends_a_run_in_three_lines():
    lost = [
        LostTime(cause="conflict", seconds=4.0, tasks=(TaskId("a"), TaskId("b")), detail="same.txt"),
        *(LostTime(cause=cause, seconds=0.3, tasks=(TaskId("b"),)) for cause in ("set-up", "retry", "overhead")),
    ]
    path = tuple(TaskId(f"t{n}") for n in range(9))
    spent = Account(wall_s=10, sum_s=14, speedup=1.4, critical_path=path, lost=tuple(lost), ideal_s=5.0)
    made = replace(joined(result("a"), result("b")), account=spent)
    assert summary_lines(made, width=200)[-3:] == [
        "Time: 10 s for 14 s of work: 1.4× against one after another.",
        "Ideal: 5.0 s, the longest task; critical path: t0 → t1 → t2 → (3 more) → t6 → t7 → t8.",
        "Lost: 4.9 s: 4.0 s conflict: b waited for a (same.txt); 0.3 s set-up: b; 0.3 s retry: b;"
        " more: forkjoin explain",
    ]
    little = replace(made, account=replace(spent, lost=tuple(lost[1:2])))
    assert not any(line.startswith("Lost") for line in summary_lines(little))


def test_nothing_to_look_at_took_no_time():
    made = joined(not_looked_at=("it holds no files",), work=0.0)
    assert not any("Time" in line for line in summary_lines(made))
    assert "## Time" not in render_markdown(made)


def test_that_nobody_was_asked_for_findings_stands_in_the_report_alone():
    made = joined(result("a"), result("b"))
    assert summary_lines(made)[0] == "Looked at: 2 of 2 tasks ok."
    assert "No task was asked for findings." in render_markdown(made)


def test_a_report_of_a_live_run_says_what_still_runs_and_waits():
    made = joined(result("a"), result("b", state="running"), result("c", state="starting"), result("d", state="queued"))
    assert "Looked at: 1 of 4 tasks ok; still running: b, c; still waiting: d." in summary_lines(made)
    assert "missing" not in render_markdown(made)


def test_a_stopped_task_has_not_failed():
    states = {"a": "stopped", "b": "failed", "c": "timed_out", "d": "needs_input", "e": "lost", "f": "skipped"}
    (said,) = [
        line
        for line in summary_lines(joined(*(result(name, state=state) for name, state in states.items())), width=200)
        if line.startswith("Looked at")
    ]
    told = "stopped: a; failed: b; timed out: c; needs input: d; lost: e; missing: f"
    assert said == f"Looked at: 0 of 6 tasks ok; {told}."


def test_files_changed_side_by_side_are_told_at_the_end_three_of_them():
    overlap = "{}.py was changed by a and b, side by side: their changes may not land together"
    made = replace(joined(result("a"), result("b")), overlaps=tuple(overlap.format(n) for n in range(5)))
    said = [line for line in summary_lines(made, width=100) if "Note" in line]
    assert said == [*(f"Note: {overlap.format(n)}." for n in range(3)), "Note: 2 more files like that in the report."]


def test_where_no_terminal_is_nothing_is_cut():
    names = [f"review-of-the-folder-services-{n}" for n in range(7)]
    failed = [result(name, state="failed", output="findings") for name in names]
    claims = [claim("Word " * 40 + "end", "high", f"a/long/folder/{n}.py", 3, remedy="Do this " * 15 + "then.")
              for n in range(3)]  # fmt: skip
    made = joined(*failed, found("ruff", *claims), wall=9.0, not_looked_at=LACKING)
    account = replace(made.account, lost=(LostTime(cause="cap", seconds=8.0, detail="x" * 300 + "end"),))
    lines = summary_lines(replace(made, account=account), width=0)
    looked = next(line for line in lines if line.startswith("Looked at: "))
    assert looked == f"Looked at: 1 of 8 tasks ok; failed: {', '.join(names)}."
    assert any("then. [" in line for line in lines)
    assert any("x" * 300 + "end" in line for line in lines)
    assert len(lines) < len(summary_lines(made, width=40))
