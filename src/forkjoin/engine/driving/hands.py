"""What an owner works with: the journal, and where attempts run."""

from __future__ import annotations

import msgspec

from forkjoin.backends import Backend, InProcessBackend, LocalBackend
from forkjoin.engine.attempts.setups import Processes
from forkjoin.engine.folder import RunFolder
from forkjoin.journal import Journal, SqliteJournal


class Hands(msgspec.Struct, frozen=True, kw_only=True):
    """The journal, processes, and calls in this process."""

    journal: Journal
    local: Processes
    inprocess: Backend


def real_hands(folder: RunFolder, *, attached: bool) -> Hands:
    """Return the run's journal on disk, processes of this machine, and calls in this process."""
    return Hands(
        journal=SqliteJournal.open(folder.journal),
        local=LocalBackend(run_folder=folder.path, detached=not attached),
        inprocess=InProcessBackend(),
    )
