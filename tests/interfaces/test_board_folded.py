"""A list that is longer than the screen: what runs and what went wrong is there, and the rest is counted."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.interfaces.cli.board import Frame, board
from forkjoin.interfaces.cli.folding import first_of
from forkjoin.interfaces.cli.pages import help_page
from forkjoin.interfaces.cli.words import STATES, spell
from forkjoin.model import RunView, Task, TaskView

NOW = 1_700_000_062.0
Make = Callable[..., TaskView]
MakeRun = Callable[..., RunView]


def _states(**counts: int) -> list[str]:
    return [state for state, count in counts.items() for _ in range(count)]


def _run(a_task: Make, a_run: MakeRun, states: list[str]) -> RunView:
    begun = {"queued", "blocked", "skipped"}
    return a_run([a_task(f"t{n}", s, began=None if s in begun else 1 + n / 100) for n, s in enumerate(states)])


def _folded(view: RunView, **frame: int) -> list[str]:
    return [line.plain.rstrip() for line in board(view, NOW, Frame(folds=True, **frame))]


def test_what_runs_stands_first_then_what_failed_and_the_rest_is_counted(
    a_task: Make, a_run: MakeRun, golden: Callable[[str, str], None]
) -> None:
    states = _states(completed=300, failed=3, timed_out=1, running=8, queued=188)
    golden("board-500-folded.txt", "".join(f"{line}\n" for line in _folded(_run(a_task, a_run, states))))


def test_failures_are_seen_beside_more_running_tasks_than_fit(a_task: Make, a_run: MakeRun) -> None:
    lines = _folded(_run(a_task, a_run, _states(failed=40, running=60)))
    assert sum(" running " in line for line in lines[4:-3]) == 11
    assert sum(" failed " in line for line in lines[4:-3]) == 5
    assert "… and 49 running, 35 failed" in lines[-4]


def test_the_latest_failure_stands_first_and_what_was_never_begun_last(a_task: Make) -> None:
    tasks = [
        a_task("early", "failed", began=1, ended=2, number=1),
        a_task("late", "lost", began=1, ended=9, number=2),
        a_task("blocked", "blocked", number=3),
    ]
    assert [task.id for task in first_of(tasks, 3)] == ["late", "early", "blocked"]


@given(st.lists(st.sampled_from(sorted(STATES)), min_size=1, max_size=60), st.integers(1, 30))
def test_each_task_is_shown_or_counted_and_none_twice(states: list[str], room: int) -> None:
    tasks = [TaskView(task=Task(id=f"t{n}"), number=n + 1, state=state) for n, state in enumerate(states)]
    shown = first_of(tasks, room)
    assert len(shown) == len({task.id for task in shown}) == min(room, len(tasks))
    running = [task for task in tasks if task.state in ("running", "starting")]
    assert len(running) <= room * 2 // 3 - 1 or any(task in running for task in shown) or not running or room == 1


@pytest.mark.parametrize("height", range(1, 30))
def test_on_a_terminal_of_any_height_the_counts_add_up(a_task: Make, a_run: MakeRun, height: int) -> None:
    lines = _folded(_run(a_task, a_run, _states(running=30, failed=30, queued=40)), height=height)
    assert len(lines) <= height
    told = [line for line in lines if "… and" in line]
    if height > 3:
        shown = sum(bool(re.match(r"[▸ ] +\d+ ", line)) for line in lines)
        assert shown + sum(map(int, re.findall(r"\d+", told[0]))) == 100


def test_how_far_a_task_is_stands_there_where_an_estimate_says_how_long_it_takes(a_task: Make, a_run: MakeRun) -> None:
    import msgspec

    def with_estimate(view: TaskView, seconds: float | None) -> TaskView:
        return msgspec.structs.replace(view, task=msgspec.structs.replace(view.task, estimate=seconds))

    tasks = [
        with_estimate(a_task("half", "running", began=0), 124.0),
        with_estimate(a_task("late", "running", began=0), 60.0),
        with_estimate(a_task("unknown", "running", began=0), None),
        with_estimate(a_task("ended", "completed", began=0, ended=50), 60.0),
    ]
    lines = [line.plain.rstrip() for line in board(a_run(tasks), NOW, Frame())]
    assert [line[39:].split()[0] for line in lines[3:6]] == ["done", "~50%", "over"]
    assert not [line for line in lines[6:8] if "%" in line or "over" in line]


def test_a_second_attempt_says_so_and_a_silent_task_what_it_is_about(a_task: Make, a_run: MakeRun) -> None:
    tasks = [
        a_task("again", "running", began=0, attempt=2, action="pytest -q"),
        a_task("quiet", "running", began=0, description="Harden password hashing"),
    ]
    lines = [line.plain for line in board(a_run(tasks), NOW, Frame())]
    assert "attempt 2: pytest -q" in lines[4]
    assert "Harden password hashing" in lines[5]


def test_between_two_seconds_nothing_of_the_board_changes(five: RunView) -> None:
    shown = {tuple(line.plain for line in board(five, five.started + 50 + tenth / 10, Frame())) for tenth in range(10)}
    assert len(shown) == 1


@pytest.mark.parametrize("attached", [True, False])
def test_the_help_says_what_keys_do_and_what_signs_mean(attached: bool, golden: Callable[[str, str], None]) -> None:
    lines = [line.plain.rstrip() for line in help_page(Frame(), attached=attached)]
    golden(f"board-help-{'attached' if attached else 'watching'}.txt", "".join(f"{line}\n" for line in lines))
    for state, (symbol, _, _) in STATES.items():
        assert f"{symbol} {spell(state)}" in "\n".join(lines)
    assert len(lines) <= 24


def test_in_a_locale_without_unicode_nothing_is_drawn_that_it_lacks(a_task: Make, a_run: MakeRun) -> None:
    tasks = [a_task(f"t{n}", "running", began=1, action="café 検査 " + "x" * 99) for n in range(40)]
    for encoding, seen in (("ascii", "caf? ???? "), ("iso8859-1", "café ???? ")):
        frame = Frame(unicode=False, encoding=encoding, folds=True)
        lines = [line.plain for line in (*board(a_run(tasks), NOW, frame), *help_page(frame, attached=True))]
        "\n".join(lines).encode(encoding)
        assert seen in lines[4]
        assert lines[4].endswith("~")
        assert len(lines[4]) == 80
