"""Making files of ours outlive a power cut before a record names them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_CLOCK_S: Final = 5  # how far the clock of a file system may be behind ours


def flush(paths: Iterable[Path]) -> None:
    """Have files and folders written to the disk; of a folder that is its names, not what they lead to."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def flush_tree(top: Path) -> None:
    """Have a folder written to the disk with all that is in it."""
    flush([Path(folder, name) for folder, _, files in os.walk(top) for name in files])
    flush([Path(folder) for folder, _, _ in os.walk(top)])


def flush_names(top: Path, *, since: float) -> None:
    """Have the names written that came into folders below *top* since then (Unix time).

    git flushes what its files hold, never their names: on ext4 and xfs these last with the next flush of anything,
    elsewhere (btrfs) they do not.
    """
    for folder, _, _ in os.walk(top):
        with suppress(FileNotFoundError):  # a folder of git's own that was there for an instant
            if os.stat(folder).st_mtime >= since - _CLOCK_S:  # noqa: PTH116 - os.walk gives no Path
                flush([Path(folder)])
