"""Wishes to stop that found no room in the journal: kept in a file whose room was set aside when the run was made.

So a stop that was asked for on a full disk is seen by the owner, and by the next one where that owner leaves the run
before the journal takes anything again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import msgspec

from forkjoin.engine.folder import RunFolder
from forkjoin.model import StopAsked, to_json

_ROOM = 4096  # bytes: a block, which can be written over on a disk that has no other left
_Change: TypeAlias = Callable[[list[StopAsked]], list[StopAsked]]
_REASON = 200  # characters of a reason that are kept


class Wishes:
    """The kept wishes of one run; `new` gives each to its caller once."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.path / "wishes"
        self._given = 0

    def set_aside(self) -> None:
        """Take the room now; raise OSError where there is none."""
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, bytes(_ROOM))
        finally:
            os.close(fd)

    def keep(self, wishes: Sequence[StopAsked]) -> bool:
        """Keep them, durably, beside those that are kept already; return whether there was room."""
        short = [msgspec.structs.replace(wish, reason=wish.reason[:_REASON]) for wish in wishes]
        return self._changed(lambda kept: [*kept, *short])

    def new(self) -> list[StopAsked]:
        """Return those that were not returned before."""
        kept = self._kept()
        found, self._given = kept[self._given :], len(kept)
        return found

    def clear(self) -> None:
        """Forget those that were returned: the journal holds them now."""
        given, self._given = self._given, 0
        if given:
            self._changed(lambda kept: kept[given:])

    @property
    def waiting(self) -> bool:
        """Whether there are some that no journal holds yet."""
        return bool(self._kept())

    def _kept(self) -> list[StopAsked]:
        with suppress(OSError, msgspec.MsgspecError):  # not there in old runs, or torn: then nobody was told it is kept
            return _read(self._path.read_bytes())
        return []

    def _changed(self, change: _Change) -> bool:
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            kept: list[StopAsked] = []
            with suppress(msgspec.MsgspecError):
                kept = _read(os.pread(fd, _ROOM, 0))
            changed = change(kept)
            raw = to_json(changed) if changed else b""
            if len(raw) > _ROOM:
                return False
            os.pwrite(fd, raw.ljust(_ROOM, b"\0"), 0)
            os.fsync(fd)
        except OSError:
            return False
        finally:
            os.close(fd)
        return True


def _read(raw: bytes) -> list[StopAsked]:
    plain = raw.rstrip(b"\0")
    return msgspec.json.decode(plain, type=list[StopAsked]) if plain else []
