"""What SQLite and the system complain about, said as our own errors; none of theirs leaves the room."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from forkjoin.errors import CannotHere, ForkjoinError, JournalDamaged, NoRoom, RunClosed

_LOCKED = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL))
_FULL = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG))
_CLOSED_DOOR = frozenset((sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH))


def trouble(error: Exception, path: Path, *, writing: bool = False) -> ForkjoinError:
    """Return our error for *error*, met while reading (or *writing*) the journal at *path*."""
    if isinstance(error, OSError):
        return CannotHere(f"{path}: {error.strerror}; make it readable for this user")
    if isinstance(error, sqlite3.ProgrammingError):
        return RunClosed(f"{path}: the journal was closed by this process ({error}); open it again")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the low byte is the kind
    if code in _LOCKED:
        return NoRoom(f"{path}: another process keeps the journal locked; try again when it is done")
    if code in _FULL or (writing and code == sqlite3.SQLITE_IOERR):
        return NoRoom(f"{path}: the disk takes no more ({error}); free some space and go on, nothing committed is lost")
    if code in _CLOSED_DOOR:
        return CannotHere(
            f"{path}: the journal cannot be opened ({error}); make file and folder accessible to this user"
        )
    return JournalDamaged(f"{path}: the journal is damaged ({error}); {repair_hint(path)}")


def repair_hint(path: Path) -> str:
    """Return what to do about a damaged journal."""
    return f"it was left as it is; keep what is sound of it: forkjoin doctor --repair {path.parent.name}"


def no_room(error: OSError) -> bool:
    """Whether the system says that the disk, or the user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
