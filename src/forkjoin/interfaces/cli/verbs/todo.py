"""`forkjoin todo`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.talk import data, data_json
from forkjoin.model.text import one_line

EXAMPLES = (
    ("forkjoin todo", "of the latest run"),
    ("forkjoin todo --json RUN", "content, status and activeForm of each line"),
)
# In JSON a line that is over is `completed`, as agents know it; a person sees at once whether it went well.
_MARKS = {"pending": "[ ]", "in_progress": "[~]", "completed": "[x]"}


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print the todo list of a run: a line a task, and one for the join. It is a view of the journal."""

    run: Annotated[str, typer.Argument(metavar="RUN", help="Default: the latest run.", autocompletion=complete_run)] = (
        ""
    )


def act(ask: Ask) -> int:
    """Print it."""
    run = the_run(ask, ask.run)
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, "todos": run.todo()})
        return 0
    states = [task.state for task in run.view().tasks]
    for line, state in zip_longest(run.todo(), states):  # the join has a line too
        wrong = line.status == "completed" and state not in ("completed", None)
        said = line.active_form if line.status == "in_progress" else line.content
        data(f"{'[!]' if wrong else _MARKS[line.status]} {one_line(said)}")
    return 0
