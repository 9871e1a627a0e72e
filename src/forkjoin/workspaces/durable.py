"""Making files of ours outlive a power cut before a record names them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
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


class Names:
    """The names in the folders of a tree, and which of them are on the disk as far as this process knows.

    git flushes what its files hold, never their names: on ext4 and xfs these last with the next flush of anything,
    elsewhere (btrfs) they do not.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self._flushed: dict[str, int] = {}

    def flush(self) -> None:
        """Have all names written that may not be yet, whoever made them; may be called from any thread."""
        with tempfile.TemporaryFile(dir=self.top) as file:
            now = os.fstat(file.fileno()).st_mtime_ns  # as the file system counts, which may be in seconds
        for folder, _, _ in os.walk(self.top):
            with suppress(FileNotFoundError):  # a folder of git's own that was there for an instant
                changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 - os.walk gives no Path
                if self._flushed.get(folder) == changed:
                    continue
                flush([Path(folder)])
                if changed < now:  # else one more name may come within the same tick
                    self._flushed[folder] = changed
