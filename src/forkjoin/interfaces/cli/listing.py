"""Runs and tasks as lists have them: lines for people, objects for programs."""

from __future__ import annotations

import time
from typing import Any

from forkjoin.interfaces.cli.board import doing, spell
from forkjoin.model import RunView, TaskView, spoken
from forkjoin.model.text import one_line


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
        "seconds": round(task.seconds(time.time()), 3),
        "findings": task.findings,
    }


def task_lines(view: RunView) -> list[str]:
    """Return a line a task: number, id, state, time, and what there is to say."""
    now, width = time.time(), max((len(task.id) for task in view.tasks), default=0)
    return [
        f"{task.number:>4}  {task.id:{width}}  {spell(task.state):11} "
        f"{spoken(task.seconds(now)) if task.started else '':>9}  {one_line(doing(task), 100)}".rstrip()
        for task in view.tasks
    ]
