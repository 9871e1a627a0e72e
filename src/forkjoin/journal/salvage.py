"""What can still be read of a damaged journal: the longest sound beginning, and the texts whose hash is right."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from forkjoin.errors import ForkjoinError, JournalDamaged, JournalNewer
from forkjoin.journal.files import connected
from forkjoin.journal.sqlite import SqliteJournal
from forkjoin.model import Ended, Recorded


class Salvage(msgspec.Struct, frozen=True, kw_only=True):
    """The sound beginning of a journal, its texts by their hash, and how many events the file says it has.

    `whole` = nothing of it is damaged.
    """

    events: tuple[Recorded, ...]
    texts: dict[str, str]
    claimed: int = 0
    whole: bool = False

    @property
    def lost(self) -> int:
        """How many events are known to have been behind the sound ones."""
        return max(0, self.claimed - len(self.events))


def salvaged(path: Path) -> Salvage:
    """Return what can be read of the journal at *path*, nothing where it is no journal any more.

    What is not damage is raised, for to take it for damage would cut a sound journal: JournalNewer where a newer
    forkjoin wrote it, CannotHere where it may not be read, NoRoom where it is locked.
    """
    events: list[Recorded] = []
    read = False
    try:
        with closing(SqliteJournal.open(path, readonly=True)) as journal:
            for recorded in journal.read_rows():
                events.append(recorded)  # noqa: PERF402 - those before the first that is damaged are kept
            journal.check_pages()
        read = True
    except JournalNewer:
        raise
    except JournalDamaged:
        pass
    found = Salvage(events=tuple(events), texts=_texts(path), claimed=_claimed(path))
    return replace(found, whole=read and not unreadable(found))


def rewritten(found: Salvage, path: Path) -> None:
    """Write a new journal at *path* that holds what was salvaged, each event at its own time."""
    journal = SqliteJournal.create(path)
    with closing(journal):
        for recorded in found.events:
            for text in found.texts.values() if recorded.seq == 1 else ():
                journal.text(text)
            journal.append([recorded.event], at=recorded.at)
        journal.commit()


def unreadable(found: Salvage) -> list[str]:
    """Return the tasks whose answer or value is named by an event, and whose text is gone."""
    wanted = [(one.event.task, text) for one in found.events if isinstance(one.event, Ended)
              for text in (one.event.answer.blob, one.event.value.blob)]  # fmt: skip
    return sorted({task for task, text in wanted if text and text not in found.texts})


def _texts(path: Path) -> dict[str, str]:
    """Return the blobs that can be read and are what their hash says, one by one: a bad page takes its own alone."""
    found: dict[str, str] = {}
    with suppress(ForkjoinError, sqlite3.Error), closing(connected(path, readonly=True)[0]) as db:
        for (row,) in db.execute("SELECT rowid FROM blob").fetchall():
            with suppress(sqlite3.Error, UnicodeDecodeError):
                sha256, body = db.execute("SELECT sha256, body FROM blob WHERE rowid = ?", (row,)).fetchone()
                if isinstance(body, bytes) and hashlib.sha256(body).hexdigest() == sha256:
                    found[sha256] = bytes(body).decode()
    return found


def _claimed(path: Path) -> int:
    with suppress(ForkjoinError, sqlite3.Error), closing(connected(path, readonly=True)[0]) as db:
        return int(db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])
    return 0
