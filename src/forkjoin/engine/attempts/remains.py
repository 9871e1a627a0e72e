"""What is said of an attempt that its former owner left, or that ended before anything of it ran."""

from __future__ import annotations

from pathlib import Path

import msgspec

from forkjoin.backends import Exited, read_exit, unchanged
from forkjoin.engine.attempts.settling import Harvest, Result, harvested, unneeded
from forkjoin.engine.records.left import PLACE
from forkjoin.failpoints import reached
from forkjoin.model import Changes, Ended, Exit, Lost, Outcome, Place, Task, to_json
from forkjoin.private import write_file

_NO_CHANGES = Changes()


def with_reason(exited: Exited, reason: str, *, capped: bool) -> Exited:
    """Give the record the reason it was stopped for, where a shim that knew none wrote it; say so of a cap."""
    exit_: Exit | None = exited.exit
    if exit_ is None or exit_.how != "stopped" or not (capped or (reason and not exit_.reason)):
        return exited
    return Exited(
        task=exited.task,
        attempt=exited.attempt,
        exit=msgspec.structs.replace(exit_, reason=reason, how="cap" if capped else "stopped"),
        returned=exited.returned,
    )


NEVER_BEGAN = Lost(reason="its owner was gone before its program began")


def unbegun(
    task: Task, attempt: int, outcome: Outcome, place: Place | None, changes: Changes = _NO_CHANGES, *, answer: str = ""
) -> Result:
    """Return the record of an attempt of which nothing has run; one that never began is tried again.

    *changes* are those that an earlier attempt left in its workspace.
    """
    ended = Ended(task=task.id, attempt=attempt, outcome=outcome, place=place, changes=changes)
    again = outcome is NEVER_BEGAN
    return Result(ended=ended, answer=answer, again=again, unneeded=unneeded(place, changes))


def kept(own: Path) -> bool:
    """Whether the record of an ended attempt is there, and all the output that it speaks of."""
    ended = read_exit(str(own))
    return ended is not None and unchanged(own, "stdout", ended) and unchanged(own, "stderr", ended)


def own_tree(task: Task, place: Place | None) -> bool:
    return not task.reads_only if place is None else place.kind != "shared"


def gone_with_the_machine(task: Task, attempt: int, place: Place | None, harvest: Harvest) -> Result:
    """Return the record of an attempt that the machine went down with: for what it had not flushed nobody vouches.

    That goes for a tree of its own too, though its program may have ended: files there were never flushed. What is left
    of its work is taken as salvage, which lands only where it is accepted by name.
    """
    changes, trouble = harvested(task, attempt, place, harvest)
    where = ""
    if changes.commit:
        where = "; what was left of its work was kept; files that were not on the disk yet are missing, empty or old"
    elif trouble and place is not None:
        where = f"; what is left of its work lies in {place.root}"
    lost = Lost(reason=f"the machine went down before its result was kept{where}")
    ended = Ended(task=task.id, attempt=attempt, outcome=lost, place=place, changes=changes)
    return Result(ended=ended, unneeded=unneeded(place, changes))


def note_place(folder: Path, place: Place) -> None:
    """Write down where the attempt of that folder works."""
    if place.kind != "shared":
        write_file(folder / PLACE, to_json(place))
        reached("attempt.placed")


def place_of(folder: Path) -> Place | None:
    try:
        return msgspec.json.decode((folder / PLACE).read_bytes(), type=Place)
    except (OSError, msgspec.MsgspecError):
        return None
