"""The lock of an attempt: held from its reservation until its shim has ended, with the shim's name written into it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from forkjoin.backends import processes

LOCK = "lock"
_LOOKS, _PAUSE_S = 500, 0.002  # how often a lock that is to be taken is tried: a nursery that lets go of it is quick


def take(fd: int) -> None:
    """Take the lock whose file is open as *fd*; raise BlockingIOError where somebody keeps it."""
    for _ in range(_LOOKS):
        # Somebody may just be looking whether it is taken; or it was reserved for an owner that was killed, and the
        # nursery that holds it has not noticed yet.
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_PAUSE_S)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def locked(folder: str) -> bool:
    """Whether the attempt of that folder has a living shim (or one that is about to be forked)."""
    try:
        fd = os.open(f"{folder}/{LOCK}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that try at once must not see each other
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def shim_of(folder: str) -> tuple[int, int]:
    """Return pid and start time of the shim that wrote itself into the attempt's lock; (0, 0) where none has."""
    try:
        pid, start, boot = (Path(folder) / LOCK).read_text(encoding="ascii").split()
        if boot == processes.boot_id():
            return int(pid), int(start)
    except (OSError, ValueError):
        pass
    return 0, 0


def began(folder: str) -> bool:
    """Whether a shim ever took the attempt up. Where none did and the lock is free, its program has never run."""
    try:
        return (Path(folder) / LOCK).stat().st_size > 0
    except OSError:
        return False
