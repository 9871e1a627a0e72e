"""The journal's file: made whole or not at all, opened only where it is one of ours."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from forkjoin.errors import CannotHere, JournalDamaged, JournalNewer, NoRoom
from forkjoin.failpoints import reached
from forkjoin.journal import codec
from forkjoin.journal.trouble import no_room, repair_hint, trouble

APPLICATION_ID = 0x666A6A31  # "fjj1"
_BUSY_S = 10.0

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, run TEXT, task TEXT, attempt INTEGER, kind TEXT NOT NULL,
    body BLOB NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE blob (sha256 TEXT PRIMARY KEY, body BLOB NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {codec.VERSION};
COMMIT;
PRAGMA journal_mode = WAL;
"""


def create_file(path: Path) -> None:
    """Make an empty journal at *path*, durable before this returns; nothing is left of one that fails."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError as error:
        raise CannotHere(f"{path}: a journal is here already; open it, or choose another folder") from error
    except OSError as error:
        raise _cannot_create(path, error) from error
    except ValueError as error:  # a NUL in the name
        raise CannotHere(f"{str(path)!r} cannot be a file's name; choose another folder") from error
    reached("journal.made.empty")
    try:
        # The tables are written before WAL mode is on: they are in the main file, whatever becomes of the WAL.
        with closing(_connection(path, "rw")) as db:
            db.executescript(_SCHEMA)
            reached("journal.made")
    except BaseException as error:
        with suppress(OSError):
            path.unlink()
        if isinstance(error, sqlite3.Error):
            raise trouble(error, path, writing=True) from error
        raise


def connected(path: Path, *, readonly: bool) -> tuple[sqlite3.Connection, int]:
    """Return a connection to the journal at *path* and the version of its bodies."""
    try:
        if not path.is_file():
            raise JournalDamaged(f"{path}: there is no journal here; see the runs with: forkjoin ls")
        try:
            return _opened(path, "ro" if readonly else "rw")
        except sqlite3.OperationalError:
            if not readonly or _has_wal(path):
                raise
            # A folder that may not be written has no room for the WAL's index; without a WAL none is needed.
            return _opened(path, "ro&immutable=1")
    except (sqlite3.Error, OSError, ValueError) as error:
        raise trouble(error, path) from error


def _opened(path: Path, mode: str) -> tuple[sqlite3.Connection, int]:
    db = _connection(path, mode)
    try:
        db.execute("PRAGMA synchronous = FULL")
        return db, _version(db, path)
    except BaseException:
        db.close()
        raise


def _connection(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    db.text_factory = lambda raw: raw.decode(errors="replace")
    return db


def _version(db: sqlite3.Connection, path: Path) -> int:
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if application != APPLICATION_ID or not {"event", "blob"} <= tables:
        raise JournalDamaged(f"{path}: this file is no forkjoin journal; {repair_hint(path)}")
    if version > codec.VERSION:
        raise JournalNewer(
            f"{path}: a newer forkjoin wrote this journal (version {version}, this one reads up to {codec.VERSION}); "
            "upgrade forkjoin"
        )
    if version < 1:
        raise JournalDamaged(f"{path}: the journal's version {version} is unknown; it was left as it is")
    return version


def _has_wal(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def _cannot_create(path: Path, error: OSError) -> CannotHere | NoRoom:
    if no_room(error):
        return NoRoom(f"{path}: {error.strerror}; free some space and start again")
    return CannotHere(
        f"{path}: the journal cannot be made: {error.strerror}; make the folder writable, or set FORKJOIN_HOME"
    )
