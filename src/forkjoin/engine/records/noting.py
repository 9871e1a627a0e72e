"""What somebody who is not a run's owner notes in its journal: a wish, or what became of its changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from forkjoin.journal import SqliteJournal
from forkjoin.model import Event


def note(journal: Path, events: Sequence[Event]) -> None:
    """Append *events* in one transaction, and return when they are on the disk; raises what the journal does."""
    with closing(SqliteJournal.open(journal)) as opened:
        opened.append(events, at=time.time())
        opened.commit()
