"""A file copied: as a clone that shares its blocks until one of the two is written, where the file system can."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import sys
from typing import Final

_FICLONE: Final = 0x40049409  # linux/fs.h: the whole of one file becomes a clone of another


def copy_file(source: bytes, target: bytes) -> bool:
    """Copy a file with its mode and times, a link as a link; say whether the copy shares its blocks."""
    if not _cloned(source, target):
        shutil.copy2(source, target, follow_symlinks=False)
        return False
    shutil.copystat(source, target)
    return True


def _cloned(source: bytes, target: bytes) -> bool:
    if sys.platform != "linux" or not stat.S_ISREG(os.lstat(source).st_mode):
        return False
    with open(source, "rb") as whole, open(target, "wb") as clone:  # noqa: PTH123 - bytes, which pathlib does not take
        try:
            fcntl.ioctl(clone.fileno(), _FICLONE, whole.fileno())
        except OSError:  # another file system, or one that cannot
            return False
    return True
