"""What the living runs of one repository claim: a small SQLite file, in which each run sees those before it.

A row is a task's claims. It lives as long as its run's owner, or an attempt of the task: who finds one that does not
live deletes it in the same transaction in which it goes on without it. So a row that is there was ignored by nobody.
Nothing in the file is needed after a power loss, for no lock outlives one: it is written without fsync.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

import msgspec

from forkjoin.errors import CannotHere, ForkjoinError, JournalDamaged, NoRoom
from forkjoin.journal.trouble import no_room
from forkjoin.model import LiveClaims, RunId, TaskId, to_json

# Given a run and tasks of it: those whose claims live (all where the run has an owner, else those with an attempt).
Lives: TypeAlias = Callable[[RunId, Sequence[TaskId]], Collection[TaskId]]

APPLICATION_ID: Final = 0x666A6331  # "fjc1"
VERSION: Final = 1
DAMAGED: Final = ".damaged"  # the end of the name of a file that was set aside
_BUSY_S: Final = 10.0
_SCHEMA: Final = (
    "CREATE TABLE claim (run TEXT, task TEXT, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (run, task)) "
    "WITHOUT ROWID",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
# The runs that have claimed in this file: who has no row here has given back what it had, or has yet to come.
_HERE: Final = "CREATE TABLE IF NOT EXISTS here (run TEXT PRIMARY KEY) WITHOUT ROWID"
_DECODER: Final = msgspec.json.Decoder(LiveClaims)
_Row: TypeAlias = tuple[str, str, int, bytes]


def claims_path(home: Path, repository: str) -> Path:
    """Return where the claims of a repository's runs are kept."""
    return home / "claims" / f"{sha256(os.fsencode(repository)).hexdigest()[:32]}.db"


def damaged_claims(home: Path) -> list[Path]:
    """Return the files that were set aside."""
    return sorted((home / "claims").glob(f"*{DAMAGED}"))


class ClaimsFile:
    """The claims of one repository's runs; for one thread at a time, any number of processes.

    Methods raise NoRoom where the disk is full or the file stays locked, CannotHere where it cannot be used. A
    damaged file is set aside under another name, and JournalDamaged raised: the next call begins a new one.
    """

    def __init__(self, path: Path, lives: Lives, *, busy_s: float = _BUSY_S) -> None:
        self.path, self._lives, self._busy_s = path, lives, busy_s
        self._db: sqlite3.Connection | None = None
        self._inode = self._version = -1

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the file alone: what is read and written within happens at once, or not at all where it raises."""
        with self._sound():
            db = self._connected(make=True)
            try:
                db.execute("BEGIN IMMEDIATE")
                _begin(db, self.path)
                yield Turn(db, self._lives)
                db.execute("COMMIT")
            finally:
                with suppress(sqlite3.Error):
                    if db.in_transaction:
                        db.execute("ROLLBACK")

    def seen(self) -> tuple[LiveClaims, ...]:
        """Return the claims that live, the oldest first; nothing is written, and no file is made."""
        if not self.path.exists():
            return ()
        with self._sound():
            db = self._connected(make=False)
            if not db.execute("PRAGMA user_version").fetchone()[0]:  # made, and never written
                return ()
            return tuple(row for row, alive in _judged(_rows(db), self._lives) if alive)

    def changed(self) -> bool:
        """Whether somebody else has written since this was last asked; at first, yes."""
        with self._sound():
            version = int(self._connected(make=True).execute("PRAGMA data_version").fetchone()[0])
        before, self._version = self._version, version
        return before != version

    def identity(self) -> int:
        """Return what tells this file from one that takes its place, 0 where there is none."""
        try:
            return self.path.stat().st_ino
        except OSError:
            return 0

    def close(self) -> None:
        """Let go of the file; the claims in it stay."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db, self._version = None, -1

    def _connected(self, *, make: bool) -> sqlite3.Connection:
        """Return a connection to the file that is there now: another process may have set ours aside."""
        if make:
            self._make()
        inode = self.path.stat().st_ino
        if self._db is None or inode != self._inode:
            self.close()
            uri = f"file:{quote(os.fsencode(self.path.absolute()))}?mode=rw"
            self._db = sqlite3.connect(
                uri, uri=True, timeout=self._busy_s, isolation_level=None, check_same_thread=False
            )
            self._inode = inode
            self._db.execute("PRAGMA synchronous = OFF")
        return self._db

    def _make(self) -> None:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Say what goes wrong in our own errors; a damaged file is out of the way before this raises."""
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
            said = _trouble(error, self.path)
            if isinstance(said, JournalDamaged):
                self._set_aside()
            self.close()
            raise said from error

    def _set_aside(self) -> None:
        with suppress(OSError):
            if self.path.stat().st_ino == self._inode:  # else somebody did it already, and this is a new one
                self.path.replace(self.path.with_suffix(DAMAGED))
                self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)


class Turn:
    """What can be read and written while the file is held."""

    def __init__(self, db: sqlite3.Connection, lives: Lives) -> None:
        self._db, self._lives = db, lives

    def others(self, run: RunId) -> tuple[LiveClaims, ...]:
        """Return the living claims of all other runs, the oldest first; those that do not live are deleted."""
        return self._living(_rows(self._db, "run <> ?", run))

    def of(self, run: RunId) -> dict[TaskId, int]:
        """Return the tasks of *run* whose claims live, and how old these are; those that do not live are deleted."""
        rows = self.own(run)
        living = frozenset(self._lives(run, list(rows)))
        self.drop(run, [task for task in rows if task not in living])
        return {task: seq for task, seq in rows.items() if task in living}

    def come(self, run: RunId) -> None:
        """Note that *run* has claimed in this file, whether or not it has a claim now."""
        self._db.execute("INSERT OR IGNORE INTO here (run) VALUES (?)", (run,))

    def here(self) -> frozenset[RunId]:
        """Return the runs that have claimed in this file and are not over, so far as is known."""
        return frozenset(RunId(run) for (run,) in self._db.execute("SELECT run FROM here"))

    def newest(self) -> int:
        """Return the number of the newest claim, 0 where there is none."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM claim").fetchone()[0])

    def own(self, run: RunId) -> dict[TaskId, int]:
        """Return the claims of *run* that nobody has deleted: the caller is its owner, so they live."""
        rows = self._db.execute("SELECT task, seq FROM claim WHERE run = ?", (run,))
        return {TaskId(task): seq for task, seq in rows}

    def put(self, claims: Iterable[LiveClaims], *, seq: int) -> None:
        """Add claims, all as old as *seq* says; a task has one row, and the old one goes."""
        self._db.executemany(
            "INSERT OR REPLACE INTO claim (run, task, seq, body) VALUES (?, ?, ?, ?)",
            ((row.run, row.claims.id, seq, to_json(row)) for row in claims),
        )

    def drop(self, run: RunId, tasks: Iterable[TaskId]) -> None:
        """Delete the claims of these tasks."""
        self._db.executemany("DELETE FROM claim WHERE run = ? AND task = ?", ((run, task) for task in tasks))

    def drop_all(self, run: RunId) -> None:
        """Delete the claims of a whole run."""
        self._db.execute("DELETE FROM claim WHERE run = ?", (run,))
        self._db.execute("DELETE FROM here WHERE run = ?", (run,))

    def _living(self, rows: Sequence[_Row]) -> tuple[LiveClaims, ...]:
        judged = list(_judged(rows, self._lives))
        gone = [row for row, alive in judged if not alive]
        for row in gone:
            self.drop(row.run, [row.claims.id])
        for run in {row.run for row in gone} - {row.run for row, alive in judged if alive}:
            self.drop_all(run)
        return tuple(row for row, alive in judged if alive)


def _begin(db: sqlite3.Connection, path: Path) -> None:
    """Make the table where the file is new; refuse what another version wrote."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
        for statement in _SCHEMA:
            db.execute(statement)
    elif version > VERSION:
        raise CannotHere(f"{path}: a newer forkjoin made this file of claims; upgrade forkjoin")
    elif version != VERSION or db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise sqlite3.DatabaseError("this is no file of claims")
    db.execute(_HERE)


def _rows(db: sqlite3.Connection, where: str = "1", *values: str) -> list[_Row]:
    select = f"SELECT run, task, seq, body FROM claim WHERE {where} ORDER BY seq, run, task"  # noqa: S608 - our own words
    return db.execute(select, values).fetchall()


def _judged(rows: Sequence[_Row], lives: Lives) -> Iterator[tuple[LiveClaims, bool]]:
    by_run: dict[str, list[TaskId]] = {}
    for run, task, _, _ in rows:
        by_run.setdefault(run, []).append(TaskId(task))
    living = {run: frozenset(lives(RunId(run), tasks)) for run, tasks in by_run.items()}
    for run, task, seq, body in rows:
        yield msgspec.structs.replace(_DECODER.decode(body), seq=seq), TaskId(task) in living[run]


def _trouble(error: Exception, path: Path) -> ForkjoinError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # the low byte is the kind
    if isinstance(error, OSError):
        code = sqlite3.SQLITE_FULL if no_room(error) else sqlite3.SQLITE_CANTOPEN
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        return NoRoom(f"{path}: another process keeps the claims of runs locked ({error})")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return NoRoom(f"{path}: the claims of runs find no room ({error})")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH):
        return CannotHere(f"{path}: the claims of runs cannot be opened ({error})")
    return JournalDamaged(f"{path}: the claims of runs cannot be read ({error}); the file was set aside")
