"""`forkjoin ls`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.board import counts, doing, spell
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.model import RunView, TaskView, spoken
from forkjoin.model.text import one_line

EXAMPLES = (
    ("forkjoin ls", "the runs of this repository, newest first"),
    ("forkjoin ls --all", "the runs of every repository"),
    ("forkjoin ls RUN", "the tasks of one run, with their numbers"),
    ("forkjoin ls --json | jq -r '.runs[0].run'", "the latest run's id"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """List the runs of this repository, newest first, or the tasks of one run."""

    run: Annotated[
        str, typer.Argument(metavar="RUN", help="List the tasks of this run.", autocompletion=complete_run)
    ] = ""
    everywhere: Annotated[bool, typer.Option("--all", help="Runs of every repository.")] = False
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most N runs (default 20).")] = 20


def act(ask: Ask) -> int:
    """List them."""
    if ask.run:
        return _tasks(the_run(ask, ask.run).view(), as_json=ask.json)
    from forkjoin.engine import runs

    found = runs(ask.settings, tree=None if ask.everywhere else ask.tree, limit=max(1, ask.limit))
    if ask.json:
        data_json({"forkjoin": 1, "runs": [run_json(view) for view in found]})
        return 0
    if not found:
        say("no runs here yet; start one: forkjoin review .")
    for view in found:
        data(_run_line(view))
    return 0


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


def _tasks(view: RunView, *, as_json: bool) -> int:
    if as_json:
        data_json({"forkjoin": 1, "run": view.run, "tasks": [task_json(task) for task in view.tasks]})
        return 0
    for line in task_lines(view):
        data(line)
    return 0


def task_lines(view: RunView) -> list[str]:
    """Return a line a task: number, id, state, time, and what there is to say."""
    now, width = time.time(), max((len(task.id) for task in view.tasks), default=0)
    return [
        f"{task.number:>4}  {task.id:{width}}  {spell(task.state):11} "
        f"{spoken(task.seconds(now)) if task.started else '':>9}  {one_line(doing(task), 100)}".rstrip()
        for task in view.tasks
    ]


def _run_line(view: RunView) -> str:
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.started))
    took = spoken(max(0.0, (view.ended or time.time()) - view.started))
    return f"{view.run}  {began}  {view.state:9}  {took:>9}  {one_line(view.name or '-', 32):32}  {counts(view)}"
