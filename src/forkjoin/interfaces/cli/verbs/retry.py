"""`forkjoin retry`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, by_run, complete_name, in_hand
from forkjoin.interfaces.cli.spending import spendable
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.model import ENDED

EXAMPLES = (
    ("forkjoin retry", "all tasks of the latest run that did not complete"),
    ("forkjoin retry auth", "one task"),
    ("forkjoin retry --fresh search", "from its beginning, in a new session and workspace"),
    ("forkjoin retry --budget 10usd", "what a used-up budget left out, with more to spend"),
    ("forkjoin retry --force auth", "one that completed: it is paid for twice"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Run ended tasks again, in the background, as new attempts of the same run.

    A coding agent that left a session goes on in it, with what it had changed; --fresh begins anew, as all others do.
    A completed task is never run again unless --force says so.
    """

    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...", help="RUN, TASK or RUN/TASK; default: the latest run.", autocompletion=complete_name
        ),
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Completed tasks too.")] = False
    fresh: Annotated[bool, typer.Option("--fresh", help="In a new session, and a new workspace.")] = False
    budget: Annotated[
        str, typer.Option("--budget", metavar="USD", help="What the run may spend in all from now on: 5usd, 0.50.")
    ] = ""
    budget_tokens: Annotated[
        str, typer.Option("--budget-tokens", metavar="N", help="The same in tokens, in and out: 500000, 500k, 2M.")
    ] = ""


def act(ask: Ask) -> int:
    """Run them again."""
    budget = spendable(ask.budget, ask.budget_tokens)
    again: list[dict[str, Any]] = []
    for found, named in by_run(ask, ask.names or ()):
        run = in_hand(found)
        ended = [task for task in run.view().tasks if task.state in ENDED]
        tasks = named or tuple(task.id for task in ended if ask.force or task.state != "completed")
        if not tasks:
            raise PlanError(
                "every ended task has completed", where=f"run {run.id}", next_step="--force runs completed tasks again"
            )
        run.retry(tasks, force=ask.force, fresh=ask.fresh, budget=budget)
        again += [{"run": run.id, "id": task} for task in tasks]
        say(f"watch it: forkjoin watch {run.id}")
    if ask.json:
        data_json({"forkjoin": 1, "tasks": again})
        return 0
    for task in again:
        data(f"{task['run']}/{task['id']}")
    return 0
