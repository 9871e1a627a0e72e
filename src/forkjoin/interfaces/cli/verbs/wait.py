"""`forkjoin wait`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.interfaces.cli.asking import Asked, by_run, complete_name, duration
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.following import limited
from forkjoin.interfaces.cli.listing import task_json, task_lines
from forkjoin.interfaces.cli.talk import data, data_json, even_unread, widest
from forkjoin.model import RunView, TaskView

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun

EXAMPLES = (
    ("forkjoin wait", "until the latest run is over"),
    ("forkjoin wait auth billing", "until these two tasks have ended"),
    ("forkjoin wait --timeout 10m RUN", "exit 5 if it is not over by then"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Wait until a run, or tasks of it, have ended, then say how. Leaving stops nothing.

    Exit codes: 0 all completed, 3 some did not, 4 none did, 5 not ready in time or
    stopped by a limit.
    """

    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...", help="RUN, TASK or RUN/TASK; default: the latest run.", autocompletion=complete_name
        ),
    ] = None
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 10m, 2h.")
    ] = ""


def act(ask: Ask) -> int:
    """Wait for it."""
    deadline = time.monotonic() + duration(ask.timeout, "--timeout") if ask.timeout else None
    waited = [_waited(run, tasks, deadline) for run, tasks in by_run(ask, ask.names or ())]
    code = exit_code(
        Ending(
            states=[task.state for _, tasks, _ in waited for task in tasks],
            limited=any(not ready or limited(tasks) for _, tasks, ready in waited),
        )
    )
    with even_unread():
        if ask.json:
            shown = [_json(view, tasks, ready=ready) for view, tasks, ready in waited]
            data_json({"forkjoin": 1, "runs": shown, "exit": WORDS[code]})
            return code
        for view, tasks, ready in waited:
            data(f"run {view.run}: {view.state}" + ("" if ready else " (not ready in time; it goes on)"))
            named = {task.id for task in tasks}
            for line, task in zip(task_lines(view.tasks, width=widest()), view.tasks, strict=True):
                if task.id in named:
                    data(line)
    return code


def _waited(run: KeptRun, names: tuple[str, ...], deadline: float | None) -> tuple[RunView, list[TaskView], bool]:
    from forkjoin.errors import NoRoom

    try:
        view = run.wait(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()), tasks=names)
        ready = True
    except NoRoom:
        view, ready = run.view(), False
    return view, [task for task in view.tasks if not names or task.id in names], ready


def _json(view: RunView, tasks: list[TaskView], *, ready: bool) -> dict[str, Any]:
    return {"run": view.run, "state": view.state, "ready": ready, "tasks": [task_json(task) for task in tasks]}
