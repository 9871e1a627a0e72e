"""`forkjoin send`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_name, in_hand, the_task
from forkjoin.interfaces.cli.talk import data, data_json, on_terminal, say
from forkjoin.interfaces.cli.words import spell

EXAMPLES = (
    ('forkjoin send auth "Keep the old hashes readable"', "answer a task of the latest run, or ask for more"),
    ('forkjoin send RUN/auth "And add a test"', "a task of another run"),
    ("forkjoin send auth - < answer.md", "a message from standard input"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Tell an ended task's agent something: it goes on in its own session and workspace, as a new attempt of the task.

    Any ended task can be told something, also one that completed or was stopped. It runs in the background; its new
    answer and all that it changed take the place of the old ones.
    """

    name: Annotated[
        str, typer.Argument(metavar="TASK", help="TASK (id or number) or RUN/TASK.", autocompletion=complete_name)
    ]
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What to say; - reads standard input.")]


def act(ask: Ask) -> int:
    """Send it."""
    run, task = the_task(ask, ask.name)
    before = in_hand(run).send(task.id, _message(ask))
    name = f"{run.id}/{task.id}"
    if ask.json:
        data_json(
            {"forkjoin": 1, "run": run.id, "id": task.id, "previous_state": before.state, "attempt": before.attempt + 1}
        )
        return 0
    data(name)
    say(f"it was {spell(before.state)}, and goes on; its answer: forkjoin wait {name} && forkjoin output {name}")
    return 0


def _message(ask: Ask) -> str:
    if ask.message != "-":
        return ask.message
    if on_terminal(sys.stdin):
        say("reading the message from standard input; end it with Ctrl-D")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlanError(f"the message is no UTF-8 ({error})", where="-") from error
