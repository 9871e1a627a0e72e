"""What somebody who is not a run's owner notes in its journal: a wish, or what became of its changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from forkjoin.journal import SqliteJournal
from forkjoin.model import Event, RetryAsked, TaskId


def note_retry(journal: Path, tasks: Sequence[TaskId], asked: RetryAsked, *, message: str = "") -> None:
    """Note *asked*, with a *message* of any length, of each of *tasks* in one transaction; raises as `note` does."""
    with closing(SqliteJournal.open(journal)) as opened:
        text = opened.text(message)
        opened.append([replace(asked, task=task, message=text) for task in tasks], at=time.time())
        opened.commit()


def note(journal: Path, events: Sequence[Event]) -> None:
    """Append *events* in one transaction, and return when they are on the disk; raises what the journal does."""
    with closing(SqliteJournal.open(journal)) as opened:
        opened.append(events, at=time.time())
        opened.commit()
