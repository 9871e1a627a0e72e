"""What a caller puts on a run's todo list beside the tasks: no state of the run, so the journal knows nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from forkjoin.model import Todo, to_json
from forkjoin.private import write_file

_FILE = "todo.json"


def jotted(folder: Path) -> tuple[Todo, ...]:
    """Return the caller's items of the run in *folder*; nothing where there are none, or none that can be read."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=tuple[Todo, ...])
    return ()


def jot(folder: Path, items: Sequence[Todo]) -> None:
    """Put *items* in the place of those that were there; a reader sees the old ones or the new. Raises OSError."""
    new = folder / f"{_FILE}.new"
    write_file(new, to_json(tuple(items)))
    new.replace(folder / _FILE)


def with_jotted(derived: Sequence[Todo], items: Sequence[Todo]) -> tuple[Todo, ...]:
    """Return the list of the tasks with the caller's items before the join, which waits for all of them.

    An item that is called like a line of the tasks is left out: how those stand is for the journal to say.
    """
    lines, join = derived[:-1], derived[-1]
    own = tuple(one for one in items if not named_alike(one, derived))
    if any(one.status != "completed" for one in own) and join.status == "in_progress":
        join = msgspec.structs.replace(join, status="pending")
    return (*lines, *own, join)


def named_alike(item: Todo, derived: Sequence[Todo]) -> bool:
    """Whether a line of the tasks, however it ended, is called as *item* is."""
    said = item.content.strip().casefold()
    return any(said in (line.content.casefold(), line.content.rpartition(" (")[0].casefold()) for line in derived)
