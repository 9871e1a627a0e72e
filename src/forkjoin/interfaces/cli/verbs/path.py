"""`forkjoin path`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_name, in_hand, run_or_task
from forkjoin.interfaces.cli.talk import data_bytes, data_json

EXAMPLES = (
    ('cd "$(forkjoin path auth)"', "go where it works"),
    ("forkjoin path RUN", "the folder of a run: its journal, logs and report"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print the folder a task works or worked in; of a run, its own folder."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="TASK, RUN/TASK or RUN; default: the latest run.", autocompletion=complete_name
        ),
    ] = ""


def act(ask: Ask) -> int:
    """Print it."""
    found, task = run_or_task(ask, ask.name)
    run = in_hand(found)
    folder = str(run.folder) if task is None else run.path(task.id)
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, "task": task.id if task else None, "path": folder})
        return 0
    data_bytes(os.fsencode(folder) + b"\n")
    return 0
