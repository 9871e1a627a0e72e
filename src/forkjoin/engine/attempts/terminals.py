"""An ended task's session in its agent's own program, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import which

import msgspec

from forkjoin.agents import unmarked
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.engine.folder import RunFolder, wait_for_owner
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import ENDED, BaseTaken, Closed, Place, Planned, Recorded, TaskView

_TIDIED_S = 10.0  # how long an owner is waited for that may be removing workspaces that hold nothing


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """What to start, in which folder, with which environment."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]


def terminal_of(
    task: TaskView, planned: Planned, folder: RunFolder, events: list[Recorded], environ: Mapping[str, str]
) -> Terminal:
    """Return how a person goes on in the session that *task* left; its workspace is made anew where it was removed.

    Raises PlanError where it has not ended or left no session, CannotHere where its program is not here.
    """
    name = f"{planned.run}/{task.id}"
    if task.state not in ENDED:
        raise PlanError(
            f"it is {task.state}, and its session is in use", where=name, next_step=f"end it: forkjoin stop {name}"
        )
    opens = getattr(speaker(task.task), "terminal", None)
    if not task.session or opens is None or planned.options.replay is not None:
        raise PlanError(
            "it left no session that could be opened", where=name, next_step=f"what it said: forkjoin log {name}"
        )
    argv, sets = opens(task.session, str(folder.attempt(task.id, 1).parent))
    if which(argv[0]) is None:
        raise CannotHere(f"the program {argv[0]} is not here; {speaker(task.task).probe().hint}")
    place, env = task.place, {**unmarked(environ), **sets}
    if place is None or place.kind == "shared":
        return Terminal(argv=argv, cwd=str(Path(planned.tree, task.task.cwd)), env=env)
    return Terminal(argv=argv, cwd=_there(task, place, planned, folder, events).cwd, env=env)


def _there(task: TaskView, place: Place, planned: Planned, folder: RunFolder, events: list[Recorded]) -> Place:
    if events and isinstance(events[-1].event, Closed):
        wait_for_owner(folder, most_s=_TIDIED_S)
    base = next((one.event.base for one in events if isinstance(one.event, BaseTaken)), None)
    workshop = Workshop(planned, folder, base=base, taken=lambda _: None)
    return workshop.open_again(task.task, place)[0]
