"""`forkjoin stop`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.interfaces.cli.asking import Asked, by_run, complete_name, in_hand
from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.interfaces.cli.words import spell
from forkjoin.model import ENDED

if TYPE_CHECKING:
    from forkjoin.engine import Run

EXAMPLES = (
    ("forkjoin stop", "every task of the latest run"),
    ("forkjoin stop auth --reason 'wrong branch'", "one task; the reason is kept"),
    ("forkjoin stop --kill RUN", "at once, without asking the programs to leave"),
)
_WAIT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """End tasks with all their processes, daemons of theirs included; wait until they have ended.

    Stopping what has ended already is fine. A run's other tasks go on.
    """

    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...", help="RUN, TASK or RUN/TASK; default: the latest run.", autocompletion=complete_name
        ),
    ] = None
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the result.")] = ""
    kill: Annotated[bool, typer.Option("--kill", help="End them at once, without asking them to leave.")] = False


def act(ask: Ask) -> int:
    """Stop it."""
    ends = [_stopped(ask, in_hand(run), tasks) for run, tasks in by_run(ask, ask.names or ())]
    stopped = [task for end in ends for task in end.tasks]
    code = 5 if any(end.late for end in ends) else 0
    if ask.json:
        data_json({"forkjoin": 1, "tasks": stopped, "exit": WORDS[code]})
    else:
        _print(stopped)
    _say_why([end for end in ends if end.late])
    return code


def _print(stopped: Sequence[dict[str, Any]]) -> None:
    for task in stopped:
        had = "had ended: " if task["previous_state"] in ENDED else ""
        data(f"{task['run']}/{task['id']}: {had}{spell(str(task['state']))}")


def _say_why(late: Sequence[_End]) -> None:
    for end in late:
        if end.halted:
            say(f"the wish to stop run {end.run} is kept, but its owner has not heard it: {end.halted}")
        elif end.kept:
            say(
                f"the disk is full: the wish to stop run {end.run} is kept and its programs were asked to end, but its "
                f"journal takes no more; make room, then: forkjoin wait {end.run}"
            )
    if any(not (end.halted or end.kept) for end in late):
        say(f"not all have ended after {_WAIT_S:g} s; again with --kill ends them at once")


@dataclass(frozen=True, kw_only=True)
class _End:
    """What became of one run's tasks; `kept`: the wish is kept, for the disk is full; `late`: some have not ended;
    `halted`: why they will not, for now.
    """

    run: str
    halted: str
    tasks: list[dict[str, Any]]
    kept: bool
    late: bool


def _stopped(ask: Ask, run: Run, tasks: Sequence[str]) -> _End:
    from forkjoin.errors import CannotHere, NoRoom

    before = run.stop(tasks, reason=ask.reason or "forkjoin stop", how="kill" if ask.kill else "term")
    kept = late = False
    try:
        view = run.wait(timeout=_WAIT_S, tasks=[task.id for task in before])
    except (NoRoom, CannotHere) as error:  # where the disk is full, owners come and leave again
        kept, late = run.stop_waits, True
        if isinstance(error, CannotHere) and not kept:
            raise
        view = run.view()
    now = {task.id: task.state for task in view.tasks}
    rows = [{"run": run.id, "id": task.id, "previous_state": task.state, "state": now[task.id]} for task in before]
    return _End(run=run.id, tasks=rows, kept=kept, late=late, halted=run.halted() if late else "")
