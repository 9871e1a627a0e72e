"""`forkjoin log`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_task, the_task
from forkjoin.interfaces.cli.listing import cut_bytes
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.model import ENDED

if TYPE_CHECKING:
    from forkjoin.engine import Run

EXAMPLES = (
    ("forkjoin log auth", "the end of what its program printed"),
    ("forkjoin log --stderr auth", "what it complained about"),
    ("forkjoin log -f auth", "and what it prints from now on, until it ends"),
    ("forkjoin log --brief auth", "what it was asked"),
)
_FOLLOW_S = 0.2
_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print what a task's program wrote, the last 200 lines of it by default."""

    task: Annotated[
        str, typer.Argument(metavar="TASK", help="TASK (id or number) or RUN/TASK.", autocompletion=complete_task)
    ]
    stderr: Annotated[bool, typer.Option("--stderr", help="Its error stream.")] = False
    brief: Annotated[bool, typer.Option("--brief", help="What it was asked, instead.")] = False
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="N", help="The last N lines (default 200; 0: all).")
    ] = 200
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the task ends.")] = False


def act(ask: Ask) -> int:
    """Print it."""
    if ask.follow and ask.json:
        raise PlanError("--follow prints text", where="--json", next_step="take forkjoin watch --jsonl")
    run, task = the_task(ask, ask.task)
    stream: Literal["stdout", "stderr"] = "stderr" if ask.stderr else "stdout"
    kept = run.brief(task.id) if ask.brief else run.log(task.id, stream=stream, limit=_MOST)
    following = ask.follow and not ask.brief
    whole = kept[: kept.rfind("\n") + 1] if following else kept
    text = kept if ask.brief else _last(whole, ask.lines)
    asked_all = not ask.brief and (ask.lines <= 0 or text == whole)
    cut = cut_bytes(run, task, stream) if not ask.brief and (ask.json or asked_all) else None
    if asked_all and cut:
        text = f"[forkjoin: {cut} bytes cut here; the beginning is kept in {run.folder / 'tasks' / task.id}]\n{text}"
    if ask.json:
        which = "brief" if ask.brief else stream
        data_json({"forkjoin": 1, "run": run.id, "task": task.id, "stream": which, "text": text, "cut_bytes": cut})
        return 0
    if text:
        data(text.removesuffix("\n"))
    elif not following:
        say(_nothing(run, task.id, ask))
    if following:
        _follow(run, task.id, stream, seen=len(whole))
    return 0


def _last(text: str, count: int) -> str:
    if count <= 0:
        return text
    return "\n".join(text.removesuffix("\n").split("\n")[-count:])


def _nothing(run: Run, task: str, ask: Ask) -> str:
    name = f"{run.id}/{task}"
    if ask.brief:
        return f"{name} was given no brief"
    other = "" if ask.stderr else f"; its error stream: forkjoin log --stderr {name}"
    return f"{name} has printed nothing{other}"


def _follow(run: Run, task: str, stream: Literal["stdout", "stderr"], *, seen: int) -> None:
    """Print the lines behind the first *seen* characters as they are finished, and what is left at the end.

    What counts is the length of what is kept: a stream that was cut goes on at its end.
    """
    while True:
        over = run.task(task).state in ENDED or not run.owned()
        text = run.log(task, stream=stream, limit=_MOST)
        end = len(text) if over else text.rfind("\n") + 1  # a line, or a letter, that is half there waits for its rest
        if end > seen:
            data(text[seen:end].removesuffix("\n"))
        seen = end
        if over:
            return
        time.sleep(_FOLLOW_S)
