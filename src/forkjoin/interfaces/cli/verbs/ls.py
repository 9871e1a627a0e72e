"""`forkjoin ls`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.board import counts
from forkjoin.interfaces.cli.listing import run_json, task_json, task_lines
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.model import RunView, spoken
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
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most N runs (default 20; 0: all).")] = 20


def act(ask: Ask) -> int:
    """List them."""
    if ask.run:
        return _tasks(the_run(ask, ask.run).view(), as_json=ask.json)
    from forkjoin.engine import runs

    found = runs(ask.settings, tree=None if ask.everywhere else ask.tree, limit=ask.limit if ask.limit > 0 else None)
    if ask.json:
        data_json({"forkjoin": 1, "runs": [run_json(view) for view in found]})
        return 0
    if not found:
        say("no runs here yet; start one: forkjoin review .")
    for view in found:
        data(_run_line(view))
    return 0


def _tasks(view: RunView, *, as_json: bool) -> int:
    if as_json:
        data_json({"forkjoin": 1, "run": view.run, "tasks": [task_json(task) for task in view.tasks]})
        return 0
    for line in task_lines(view):
        data(line)
    return 0


def _run_line(view: RunView) -> str:
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.started))
    took = spoken(max(0.0, (view.ended or time.time()) - view.started))
    return f"{view.run}  {began}  {view.state:9}  {took:>9}  {one_line(view.name or '-', 32):32}  {counts(view)}"
