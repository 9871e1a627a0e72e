"""One plain line a change."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from forkjoin.interfaces.cli.plain import PlainLines
from forkjoin.model import RunView, TaskView

START = 1_700_000_000.0
Make = Callable[..., TaskView]
MakeRun = Callable[..., RunView]


def _told(lines: PlainLines, view: RunView, at: float) -> list[str]:
    return list(lines.told(view, START + at))


def test_a_run_is_told_line_by_line(a_task: Make, a_run: MakeRun, golden: Callable[[str, str], None]) -> None:
    lines = PlainLines()
    said = _told(lines, a_run([a_task("auth"), a_task("docs")], edges=[("auth", "docs")]), 0.0)
    running = a_run([a_task("auth", "running", began=0.2), a_task("docs", "queued", why="waits for auth")])
    said += _told(lines, running, 0.2)
    ended = a_run(
        [
            a_task("auth", "failed", began=0.2, ended=3.5, why="exit code 2: no"),
            a_task("docs", "blocked", why="auth failed"),
        ],
        ended=START + 3.6,
        state="failed",
    )
    said += _told(lines, ended, 3.6)
    golden("plain.txt", "".join(f"{line}\n" for line in said))


def test_nothing_new_is_no_line(five: RunView) -> None:
    lines = PlainLines()
    assert _told(lines, five, 1)
    assert _told(lines, five, 2) == []


def test_actions_are_told_only_when_asked(a_task: Make, a_run: MakeRun) -> None:
    first = a_run([a_task("a", "running", began=1, action="reads app.py")])
    second = a_run([a_task("a", "running", began=1, action="writes app.py")])
    quiet, verbose = PlainLines(), PlainLines(actions=True)
    assert [len(_told(quiet, view, 1)) for view in (first, second)] == [2, 0]
    assert [len(_told(verbose, view, 1)) for view in (first, second)] == [2, 1]


def test_a_start_is_told_when_its_process_is_there(a_task: Make, a_run: MakeRun) -> None:
    starting, running = a_run([a_task("a", "starting")]), a_run([a_task("a", "running", began=1)])
    quiet, verbose = PlainLines(), PlainLines(actions=True)
    assert [len(_told(quiet, view, 1)) for view in (starting, running)] == [1, 1]
    assert [len(_told(verbose, view, 1)) for view in (starting, running)] == [2, 1]


def test_a_task_that_waits_for_another_says_so_at_once(a_task: Make, a_run: MakeRun) -> None:
    waiting = a_task("b", "queued", why="waits for a: both write x", waits_for=("a",))
    slot = a_task("c", "queued", why="waits for a slot")
    told = _told(PlainLines(), a_run([a_task("a", "running", began=1), waiting, slot]), 1)
    assert [line.split("] ")[1] for line in told[1:]] == ["a: running", "b: queued: waits for a: both write x"]


def test_another_attempt_is_told_with_its_number(a_task: Make, a_run: MakeRun) -> None:
    lines = PlainLines()
    _told(lines, a_run([a_task("a", "running", began=1, attempt=1)]), 1)
    assert "attempt 2" in _told(lines, a_run([a_task("a", "running", began=1, attempt=2)]), 2)[0]


def test_the_end_is_told_once(five: RunView) -> None:
    lines, over = PlainLines(), msgspec.structs.replace(five, ended=START + 9, state="failed")
    assert sum("failed: " in line and "completed" in line for line in _told(lines, over, 9)) == 1
    assert _told(lines, over, 10) == []


def test_a_pause_of_launches_is_told_with_its_cause(five: RunView) -> None:
    lines = PlainLines()
    _told(lines, five, 1)
    held = msgspec.structs.replace(five, held="memory: 4 % available")
    assert "held: memory" in _told(lines, held, 2)[0]
    assert "goes on" in _told(lines, five, 3)[0]


def test_each_line_is_one_line_whatever_an_agent_says(a_task: Make, a_run: MakeRun) -> None:
    view = a_run([a_task("a", "failed", began=1, why="one\ntwo\r\n\x1b[2Jthree\u2028four")])
    lines = _told(PlainLines(), view, 2)
    assert all("\n" not in line and "\x1b" not in line and "\u2028" not in line for line in lines)


def test_what_writers_start_from_is_told_once(five: RunView) -> None:
    lines = PlainLines()
    _told(lines, five, 1)
    based = msgspec.structs.replace(five, notes=("gates are all of one kind", "base: HEAD 1234567 plus 1 new file"))
    assert _told(lines, based, 2) == ["[   2.0 s] base: HEAD 1234567 plus 1 new file"]
    assert _told(lines, based, 3) == []
