"""What happened, written down before anything is done about it; and what it adds up to."""

from __future__ import annotations

from forkjoin.journal.claims import ClaimsFile, Turn, claims_path, damaged_claims
from forkjoin.journal.fold import Fold
from forkjoin.journal.past import PastTask, Took, past_tasks
from forkjoin.journal.salvage import Salvage, rewritten, salvaged, unreadable
from forkjoin.journal.sqlite import SqliteJournal
from forkjoin.journal.store import Journal
from forkjoin.journal.views import run_view, timeline, todo

__all__ = [
    "ClaimsFile",
    "Fold",
    "Journal",
    "PastTask",
    "Salvage",
    "SqliteJournal",
    "Took",
    "Turn",
    "claims_path",
    "damaged_claims",
    "past_tasks",
    "rewritten",
    "run_view",
    "salvaged",
    "timeline",
    "todo",
    "unreadable",
]
