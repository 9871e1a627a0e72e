"""`forkjoin output`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from forkjoin.errors import PlanError, choices
from forkjoin.interfaces.cli.asking import Asked, complete_task, duration, the_task
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.listing import cut_bytes
from forkjoin.interfaces.cli.talk import data, data_json, even_unread, say
from forkjoin.interfaces.cli.words import spell

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun, TaskOutput

EXAMPLES = (
    ("forkjoin output auth", "its answer; waits up to 30 s for it"),
    ("forkjoin output auth billing", "several, each under its name"),
    ("forkjoin output --timeout 0 auth", "what there is now"),
    ("forkjoin output --mode tail --max-chars 2000 auth", "the end of what it printed"),
    ("forkjoin output --offset 32000 auth", "the next part of a long answer"),
)
_MOST = 2_000_000  # in memory it may be ten times that, as JSON


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print what tasks answered. Reading never consumes: any number of times, from any process, after the end too.

    answer is what the task brought back; tail and full are what its program printed. Exit codes: 0 completed, 3 some
    did not, 4 none did, 5 not ready in time.
    """

    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TASK...",
            help="TASK (id or number) or RUN/TASK; default: the only task of the latest run.",
            autocompletion=complete_task,
        ),
    ] = None
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help="answer (default), tail or full.")] = "answer"
    max_chars: Annotated[
        int, typer.Option("--max-chars", metavar="N", help="At most N characters of each (default 32000).")
    ] = 32000
    offset: Annotated[int, typer.Option("--offset", metavar="N", help="Begin at character N.")] = 0
    block: Annotated[bool, typer.Option("--block/--no-block", help="Wait for tasks that have not ended.")] = True
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this, in all (default 30s).")
    ] = "30s"


def act(ask: Ask) -> int:
    """Print it."""
    mode = _mode(ask)
    named = [the_task(ask, name) for name in ask.tasks or ("",)]  # all names are known before any is waited for
    wait_s = duration(ask.timeout, "--timeout") if ask.block else 0.0
    deadline = time.monotonic() + wait_s
    found: list[tuple[KeptRun, TaskOutput]] = []
    for run, task in named:
        left = max(0.0, deadline - time.monotonic()) if wait_s else 0.0
        out = run.output(task.id, mode=mode, max_chars=ask.max_chars, offset=ask.offset, timeout=left)
        found.append((run, out))
    late = any(out.status != "success" for _, out in found)
    code = exit_code(Ending(states=[out.task.state for _, out in found], limited=late))
    with even_unread():
        if ask.json:
            shown = [_json(run, out, mode=mode, waited=bool(wait_s)) for run, out in found]
            data_json({"forkjoin": 1, "outputs": shown, "exit": WORDS[code]})
            return code
        for run, out in found:
            _print(run, out, headed=len(found) > 1)
            cut = None if mode == "answer" else cut_bytes(run, out.task, "stdout")
            if cut:
                say(f"{run.id}/{out.task.id}: {cut:,} bytes of what it printed were cut from the middle and not kept")
    return code


def _mode(ask: Ask) -> Literal["answer", "tail", "full"]:
    modes = ("answer", "tail", "full")
    if ask.mode not in modes:
        raise PlanError(f"no mode {ask.mode!r}", where="--mode", next_step=choices(ask.mode, modes))
    if not 1 <= ask.max_chars <= _MOST:
        raise PlanError(f"{ask.max_chars} is out of bounds", where="--max-chars", next_step=f"give 1 to {_MOST}")
    if ask.offset < 0:
        raise PlanError(f"{ask.offset} is negative", where="--offset", next_step="give 0 or more")
    return cast(Literal["answer", "tail", "full"], ask.mode)


def _print(run: KeptRun, out: TaskOutput, *, headed: bool) -> None:
    name = f"{run.called}/{out.task.id}"
    if headed:
        data(f"== {out.task.id}: {spell(out.task.state)} ==")
    if out.text:
        data(out.text.removesuffix("\n"))
    if out.status != "success":
        say(f"{name} is {spell(out.task.state)}; it goes on: forkjoin output {name}")
    elif out.task.state != "completed":
        verb = "log" if out.task.started is not None else "show"  # what was never there has printed nothing
        say(f"{name} {spell(out.task.state)}: {out.task.why}; see: forkjoin {verb} {name}")
    elif not out.text and not headed:
        say(f"{name} completed and answered nothing; what it printed: forkjoin log {name}")
    if out.next_offset is not None:
        said = f"{name}: {out.total_chars - out.next_offset} of {out.total_chars} characters left"
        say(f"{said}: forkjoin output --offset {out.next_offset} {name}")


def _json(run: KeptRun, out: TaskOutput, *, mode: str, waited: bool) -> dict[str, Any]:
    return {
        "run": run.id,
        "task": out.task.id,
        "retrieval_status": "timeout" if out.status != "success" and waited else out.status,
        "state": out.task.state,
        "reason": out.task.why,
        "text": out.text,
        "total_chars": out.total_chars,
        "next_offset": out.next_offset,
        "path": out.path,
        "cut_bytes": None if mode == "answer" else cut_bytes(run, out.task, "stdout"),
    }
