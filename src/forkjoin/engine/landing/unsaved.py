"""What the user had not committed when a run began: its tasks may have changed it, and it is never landed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from forkjoin.model import BaseTaken, Recorded
from forkjoin.workspaces.landing import Replay, stands_at


def unsaved(events: Iterable[Recorded], replay: Replay, top: Path) -> frozenset[str]:
    """Return the files, relative to the tree, that a run's base holds otherwise than the commit it was taken from."""
    found: set[str] = set()
    for base in (recorded.event.base for recorded in events if isinstance(recorded.event, BaseTaken)):
        # Where the user's repository could not keep the commit alive, nothing is known of it.
        head = stands_at(top, base.ref) if base.kind == "snapshot" and base.ref else ""
        if head not in ("", base.commit):
            found.update(replay.paths(head, base.commit))
    return frozenset(found)
