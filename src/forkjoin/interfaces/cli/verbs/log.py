"""`forkjoin log`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_name, run_or_task
from forkjoin.interfaces.cli.happened import told
from forkjoin.interfaces.cli.listing import cut_bytes
from forkjoin.interfaces.cli.live import event_line
from forkjoin.interfaces.cli.streaming import chunks, last_lines, print_lines, print_text
from forkjoin.interfaces.cli.talk import data, data_bytes, data_json, say
from forkjoin.model import ENDED, MIB, TaskView, spoken, to_builtins

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun

EXAMPLES = (
    ("forkjoin log auth", "the end of what its program printed"),
    ("forkjoin log --stderr auth", "what it complained about"),
    ("forkjoin log -f auth", "and what it prints from now on, until it ends"),
    ("forkjoin log --brief auth", "what it was asked"),
    ("forkjoin log", "what has happened in the latest run"),
    ("forkjoin log --jsonl -f --since 120 RUN", "its events after number 120, as they come"),
)
_MOST_JSON = MIB  # the end of a stream; more is had without --json


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print what a task's program wrote, the last 200 lines of it by default; of a run what has happened in it.

    Events are durable, numbered from 1, and come in order: who has seen number N goes on with --since N, also after
    a crash of either side. With --jsonl each is a line of JSON: seq, at (Unix time), event (its kind, and more).
    """

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="TASK (id or number), RUN/TASK, or RUN; default: the latest run.",
            autocompletion=complete_name,
        ),
    ] = ""  # fmt: skip
    stderr: Annotated[bool, typer.Option("--stderr", help="Its error stream.")] = False
    brief: Annotated[bool, typer.Option("--brief", help="What it was asked, instead.")] = False
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="N", help="The last N lines (default 200; 0: all).")
    ] = 200
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the task, or the run, ends.")] = False
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print events, a line of JSON each.")] = False
    since: Annotated[int, typer.Option("--since", metavar="SEQ", help="Only events after this number.")] = 0


def act(ask: Ask) -> int:
    """Print it."""
    run, task = run_or_task(ask, ask.name)
    if task is None and len(run.tasks) == 1 and ask.name and (ask.stderr or ask.brief):
        task = run.task(run.tasks[0])
    if ask.jsonl or task is None:
        return _events(run, task, ask)
    return _output(run, task, ask)


def _events(run: KeptRun, task: TaskView | None, ask: Ask) -> int:
    if ask.stderr or ask.brief:
        raise PlanError("is about one task", where="--stderr" if ask.stderr else "--brief", next_step="name a task")
    if ask.since < 0:
        raise PlanError(f"{ask.since} is no event's number", where="--since", next_step="0 is before the first")

    found = run.follow(ask.since, alone=lambda: say(_alone(run))) if ask.follow else run.events(ask.since)
    wanted = (one for one in found if task is None or getattr(one.event, "task", task.id) == task.id)
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, "events": [to_builtins(one) for one in wanted]})
        return 0
    started = run.view().started
    for recorded in wanted:
        if ask.jsonl:
            data_bytes(event_line(recorded))
        elif line := told(recorded):
            data(f"{recorded.seq:>6}  [{spoken(max(0.0, recorded.at - started)):>8}]  {line}")
    return 0


def _output(run: KeptRun, task: TaskView, ask: Ask) -> int:
    if ask.follow and ask.json:
        raise PlanError("--follow prints text", where="--json", next_step="take --jsonl, which follows events")
    if ask.brief:
        return _brief(run, task, ask)
    stream: Literal["stdout", "stderr"] = "stderr" if ask.stderr else "stdout"

    def window(start: int, size: int) -> tuple[bytes, int]:
        return run.window(task.id, stream, start=start, size=size)

    start, end = last_lines(window, ask.lines, whole=ask.follow)
    if ask.json:
        first = max(start, end - _MOST_JSON)
        _as_json(run, task, stream, chunks(window, first, end), before=first, all_asked=start == 0)
        return 0
    if not print_text(chunks(window, start, end)) and not ask.follow:
        say(_nothing(run, task.id, ask))
    elif task.state == "failed" and not (ask.stderr or ask.follow) and _complained(run, task):
        say(f"its error stream: forkjoin log --stderr {run.called}/{task.id}")
    if ask.follow:
        print_lines(run.follow_output(task.id, stream, behind=window(0, 0)[1] - end))
        if run.task(task.id).state not in ENDED:  # so nobody would tell its end
            say(_alone(run))
    return 0


def _complained(run: KeptRun, task: TaskView) -> bool:
    return run.window(task.id, "stderr", start=0, size=0)[1] > 0


def _alone(run: KeptRun) -> str:
    return f"nobody drives run {run.id} just now; go on with it: forkjoin resume {run.id}"


def _brief(run: KeptRun, task: TaskView, ask: Ask) -> int:
    text = run.brief(task.id)
    text = text if ask.lines <= 0 else "\n".join(text.removesuffix("\n").split("\n")[-ask.lines :])
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, "task": task.id, "stream": "brief", "text": text})
    elif text:
        data(text.removesuffix("\n"))
    else:
        say(_nothing(run, task.id, ask))
    return 0


def _as_json(
    run: KeptRun,
    task: TaskView,
    stream: Literal["stdout", "stderr"],
    pieces: Iterator[bytes],
    *,
    before: int,
    all_asked: bool,
) -> None:
    """Print the end of a stream; `bytes_before` of what is kept stand before it.

    `cut_bytes` says how much of all of it is not kept, where all was asked for.
    """
    text = b"".join(pieces).decode("utf-8", "replace")
    cut = cut_bytes(run, task, stream) if all_asked else None
    said = {"forkjoin": 1, "run": run.id, "task": task.id, "stream": stream, "text": text}
    data_json(said | {"bytes_before": before, "cut_bytes": cut})


def _nothing(run: KeptRun, task: str, ask: Ask) -> str:
    name = f"{run.called}/{task}"
    if ask.brief:
        return f"{name} was given no brief"
    other = "" if ask.stderr else f"; its error stream: forkjoin log --stderr {name}"
    return f"{name} has printed nothing{other}"
