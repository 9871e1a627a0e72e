"""Making files of ours outlive a power cut before a record names them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


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
