"""The journal on disk: one SQLite file in WAL mode, many writers, a transaction for each turn of the loop."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from forkjoin.errors import CannotHere, JournalDamaged, JournalNewer
from forkjoin.failpoints import reached
from forkjoin.journal import codec
from forkjoin.journal.files import connected, create_file
from forkjoin.journal.trouble import repair_hint, trouble
from forkjoin.model import Event, Recorded, Text, snake

INLINE_MOST = 4096  # characters of a text that stay in its event
_PAGE = 512  # events fetched at a time: no read transaction outlives a page

_INSERT = "INSERT INTO event (at, run, task, attempt, kind, body, crc) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT seq, at, kind, body, crc FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
_Row = tuple[float, str | None, str | None, int | None, str, bytes, int]


class SqliteJournal:
    """A `Journal` in a file. For one thread at a time; other processes may hold the same file.

    What is appended waits in memory until `commit`, so that the file is locked only for the transaction itself.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, version: int, readonly: bool) -> None:
        self.path = path
        self._db, self._version, self._readonly = connection, version, readonly
        self._rows: list[_Row] = []
        self._blobs: dict[str, bytes] = {}
        self._run: str | None = None
        self._seen = self._data_version()
        self._checked = False

    @classmethod
    def create(cls, path: Path) -> SqliteJournal:
        """Make a new journal at *path* (mode 0600, its folder must exist).

        Raises CannotHere where something is there already or the folder forbids it, NoRoom where the disk is full.
        """
        create_file(path)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> SqliteJournal:
        """Open the journal at *path*.

        Raises JournalDamaged where there is none, it is none, it is damaged, or a newer forkjoin wrote it.
        """
        connection, version = connected(path, readonly=readonly)
        try:
            return cls(path, connection, version=version, readonly=readonly)
        except BaseException:
            connection.close()
            raise

    def text(self, content: str) -> Text:
        """Keep up to 4096 characters inline, more by their hash among the blobs; the same content is kept once."""
        content = codec.plain(content)
        if len(content) <= INLINE_MOST:
            return Text(inline=content, length=len(content))
        body = content.encode()
        sha256 = hashlib.sha256(body).hexdigest()
        self._blobs[sha256] = body
        return Text(blob=sha256, length=len(content))

    def append(self, events: Sequence[Event], *, at: float) -> None:
        """Add events to the open transaction; all of them or, where one cannot be written, none (PlanError)."""
        self._rows += [self._row(event, at) for event in events]

    def commit(self) -> int:
        """Write what was appended in one durable transaction; return the last sequence number in the journal."""
        try:
            if self._rows or self._blobs:
                reached("journal.commit.before")
                self._write()
                reached("journal.commit.after")
            last = self._db.execute("SELECT max(seq) FROM event").fetchone()[0]
        except sqlite3.Error as error:
            raise trouble(error, self.path, writing=True) from error
        return int(last or 0)

    def read(self, since: int = 0) -> Iterator[Recorded]:
        """Yield committed events after *since*; JournalDamaged at the first that is missing or cannot be read.

        The first time the pages that hold events are looked at too: a damaged count of rows hides the last ones.
        """
        self.check_pages()
        yield from self.read_rows(since)

    def read_rows(self, since: int = 0) -> Iterator[Recorded]:
        """Yield what `read` does without a look at the pages: what can still be read of a damaged file."""
        # Taken before the rows: what is committed while we read is a change again, at worst seen twice.
        self._seen = self._data_version()
        seq, intact, event = since, codec.intact, self._event
        while page := self._page(seq):
            for number, at, kind, body, crc in page:
                if number != seq + 1:
                    raise JournalDamaged(f"{self.path}: event {seq + 1} is missing; {self._repair()}")
                if not intact(at, kind, body, crc):
                    raise JournalDamaged(f"{self.path}: event {number} is not as it was written; {self._repair()}")
                yield Recorded(seq=number, at=at, event=event(number, body))
                seq = number

    def check_pages(self) -> None:
        """Raise JournalDamaged where a page of events is not as SQLite wrote it; done once."""
        if self._checked:
            return
        try:
            found = self._db.execute("PRAGMA quick_check('event')").fetchone()[0]
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error
        if found != "ok":
            raise JournalDamaged(f"{self.path}: {' '.join(str(found).split())}; {self._repair()}")
        self._checked = True

    def changed(self) -> bool:
        """Whether somebody else has committed since the last `changed` or `read`."""
        before, self._seen = self._seen, self._data_version()
        return self._seen != before

    def content(self, text: Text) -> str:
        """Return a text's content; JournalDamaged where its blob is missing or not what its hash says."""
        if not text.blob:
            return text.inline
        body = self._blobs.get(text.blob)
        if body is None:
            body = self._blob(text.blob)
        if hashlib.sha256(body).hexdigest() != text.blob:
            raise JournalDamaged(
                f"{self.path}: text {text.blob[:12]} is missing or damaged; its attempt's stdout has it"
            )
        return body.decode()

    def close(self) -> None:
        """Let go of the file; what was not committed is gone. Closing twice is fine."""
        self._rows.clear()
        self._blobs.clear()
        with suppress(sqlite3.Error):
            self._db.close()

    def _row(self, event: Event, at: float) -> _Row:
        body, kind = codec.encode(event), snake(type(event).__name__)
        run, task = getattr(event, "run", None), getattr(event, "task", None)
        name = None if task is None else codec.plain(str(task))
        place = None if run is None else codec.plain(str(run))
        return at, place, name, getattr(event, "attempt", None), kind, body, codec.checksum(at, kind, body)

    def _write(self) -> None:
        if self._readonly:
            raise CannotHere(
                f"{self.path}: this journal was opened for reading only; open it for writing to add events"
            )
        if self._version != codec.VERSION:
            raise JournalDamaged(
                f"{self.path}: an older forkjoin wrote this journal (version {self._version}); "
                "it can be read, not added to: start a new run"
            )
        db, before = self._db, self._db.total_changes
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR IGNORE INTO blob (sha256, body) VALUES (?, ?)", self._blobs.items())
            db.executemany(_INSERT, self._rows)
            reached("journal.commit.within")
            db.execute("COMMIT")
        except sqlite3.Error:
            # Only the file is rolled back: rows and blobs stay for the next commit.
            self._roll_back()
            raise
        except BaseException:
            # Interrupted (Ctrl-C): either the commit was done already, or it is to be done anew; never twice.
            if not db.in_transaction and db.total_changes > before:
                self._rows, self._blobs = [], {}
            self._roll_back()
            raise
        self._rows, self._blobs = [], {}

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _page(self, since: int) -> list[tuple[int, float, str, bytes, int]]:
        try:
            return self._db.execute(_SELECT, (since, _PAGE)).fetchall()
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def _event(self, seq: int, body: bytes) -> Event:
        try:
            return codec.decode(body, version=self._version)
        except JournalDamaged as error:
            # Its checksum was right: so it is as it was written, by somebody who knows more than we do.
            raise JournalNewer(
                f"{self.path}, event {seq}: {error}; a newer forkjoin wrote it: upgrade forkjoin"
            ) from error

    def _repair(self) -> str:
        return repair_hint(self.path)

    def _blob(self, sha256: str) -> bytes:
        try:
            row = self._db.execute("SELECT body FROM blob WHERE sha256 = ?", (sha256,)).fetchone()
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error
        return b"" if row is None else bytes(row[0])

    def _data_version(self) -> int:
        try:
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error
