"""Which tasks of a list that is longer than the screen are shown: what runs and what went wrong first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from forkjoin.model import TaskView

_LIVE = ("starting", "running")
_GONE_WRONG = ("failed", "timed_out", "lost", "needs_input", "blocked", "stopped")


def first_of(tasks: Sequence[TaskView], room: int) -> list[TaskView]:
    """Return *room* of the tasks: those that run, those that went wrong (a third at least), then the next, then the
    latest that completed. What runs keeps its order, so that rows do not jump."""
    live = [task for task in tasks if task.state in _LIVE]
    wrong = sorted((task for task in tasks if task.state in _GONE_WRONG), key=_latest)
    shown_wrong = wrong[: max(room // 3, room - len(live))]
    rows = [*live[: max(0, room - len(shown_wrong))], *shown_wrong]
    if len(rows) < room:
        rows += sorted((task for task in tasks if task.state in ("queued", "limited")), key=_next)
    if len(rows) < room:
        rows += sorted((task for task in tasks if task.state in ("completed", "skipped")), key=_latest)
    return rows[:room]


def _latest(task: TaskView) -> tuple[bool, float, int]:
    # What was stopped or blocked before it began says less than what failed.
    return task.state in ("stopped", "blocked", "skipped"), -(task.ended or 0.0), task.number


def _next(task: TaskView) -> tuple[bool, int]:
    return bool(task.waits_for or task.waits_for_others), task.number
