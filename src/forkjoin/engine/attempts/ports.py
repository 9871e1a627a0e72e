"""A free port for each attempt: no two that run at once are given the same, whichever run they belong to.

A port is an attempt's while the attempt's lock is held, which the kernel frees with its shim; so a crash leaves no port
taken. What notes are left of it goes with the run.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from forkjoin.backends import locked
from forkjoin.errors import CannotHere
from forkjoin.private import write_file

VARIABLE: Final = "FORKJOIN_PORT"
_FIRST, _COUNT = 20_000, 12_000  # below the ports that systems hand out by themselves


def free_port(home: Path, attempt: Path) -> int:
    """Return a port that nobody listens on and no other living attempt was given; the same again while it lives.

    Raises CannotHere where there is none, OSError where nothing can be written down.
    """
    shelf = home / "ports"
    shelf.mkdir(mode=0o700, exist_ok=True)
    with _alone(shelf):
        own = _holder(attempt / "port")
        if own.isdecimal() and _holder(shelf / own) == str(attempt):
            return int(own)
        first = zlib.crc32(os.fsencode(attempt)) % _COUNT
        for offset in range(_COUNT):
            port = _FIRST + (first + offset) % _COUNT
            if _taken(shelf / str(port), port, attempt):
                write_file(attempt / "port", str(port).encode())
                return port
    raise CannotHere(f"no free port between {_FIRST} and {_FIRST + _COUNT - 1}; end what listens there")


def give_back(home: Path, run: Path) -> None:
    """Remove the notes of all attempts below a run's folder."""
    shelf = home / "ports"
    if not shelf.is_dir():
        return
    with _alone(shelf):
        for note in shelf.iterdir():
            if _holder(note).startswith(f"{run}/"):
                note.unlink()


@contextmanager
def _alone(shelf: Path) -> Iterator[None]:
    fd = os.open(shelf / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _taken(note: Path, port: int, attempt: Path) -> bool:
    """Take the port where it is free: nobody's, or ours already."""
    holder = _holder(note)
    if holder != str(attempt):
        if (holder and locked(holder)) or not _can_be_bound(port):
            return False
        write_file(note, os.fsencode(attempt))
    return True


def _holder(note: Path) -> str:
    with suppress(OSError):
        return os.fsdecode(note.read_bytes())
    return ""


def _can_be_bound(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):  # else nobody can listen there
                return False
    return True
