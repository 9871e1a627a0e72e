"""What happened, written down before anything is done about it; and what it adds up to."""

from __future__ import annotations

from forkjoin.journal.sqlite import SqliteJournal
from forkjoin.journal.store import Journal

__all__ = ["Journal", "SqliteJournal"]
