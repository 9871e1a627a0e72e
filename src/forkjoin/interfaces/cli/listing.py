"""Runs and tasks as lists have them: lines for people, objects for programs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from forkjoin.interfaces.cli.words import doing, padded, spell
from forkjoin.model import Ended, RunView, TaskView, spoken

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun


_LEAST_ID, _BESIDE_ID = 12, 60  # cells of a task's id in a line that is cut, and what is left beside it


def run_json(view: RunView) -> dict[str, Any]:
    """Return a run as lists have it."""
    return {
        "run": view.run,
        "name": view.name,
        "state": view.state,
        "started": view.started,
        "ended": view.ended,
        "tasks": len(view.tasks),
        "tree": view.tree,
        "unlanded": [task.id for task in view.unlanded],
    }


def task_json(task: TaskView) -> dict[str, Any]:
    """Return a task as lists have it."""
    return {
        "id": task.id,
        "number": task.number,
        "description": task.task.description,
        "agent": task.task.agent_name,
        "state": task.state,
        "reason": task.why,
        "until": task.until,
        "seconds": round(task.seconds(time.time()), 3),
        "findings": task.findings,
    }


def cut_bytes(run: KeptRun, task: TaskView, stream: Literal["stdout", "stderr"]) -> int | None:
    """Return how many bytes of a task's stream were not kept, as its last attempt's end says; None: that is not known.

    A stream is kept up to a cap; beyond it bytes are cut from its middle.
    """
    for recorded in reversed(run.events()):
        event = recorded.event
        if isinstance(event, Ended) and event.task == task.id and event.attempt == task.attempt:
            if event.exit is None:
                return None
            return (event.exit.stdout if stream == "stdout" else event.exit.stderr).cut
    return None


def command_lines(head: str, commands: Sequence[str], width: int) -> list[str]:
    """Return the commands in one line behind *head* where they fit, else each on a line of its own."""
    line = head + "   ".join(commands)
    if len(line) <= width or len(commands) < 2:
        return [line]
    return [f"{head if at == 0 else ' ' * len(head)}{command}" for at, command in enumerate(commands)]


def task_lines(tasks: Sequence[TaskView], *, width: int = 0) -> list[str]:
    """Return a line a task: number, id, state, time, and what there is to say; cut to *width* cells (0: whole).

    Where it is cut, long ids leave room for what there is to say.
    """
    now, ids = time.time(), max((len(task.id) for task in tasks), default=0)
    ids = min(ids, max(_LEAST_ID, width - _BESIDE_ID)) if width else ids
    lines = [
        f"{task.number:>4}  {padded(task.id, ids)}  {spell(task.state):11} "
        f"{spoken(task.seconds(now)) if task.started else '':>9}  {doing(task)}".rstrip()
        for task in tasks
    ]
    return [padded(line, width).rstrip() for line in lines] if width else lines
