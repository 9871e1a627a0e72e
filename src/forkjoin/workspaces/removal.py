"""Workspaces removed: only below our own folder, and never through a link."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from forkjoin.errors import CannotHere


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours with all that is in it; raise CannotHere where something withstands."""
    if folder.is_symlink():
        folder.unlink()
        return
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    _unlock(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise CannotHere(f"{folder} cannot be removed; look at its owner and permissions, then delete it")


def _unlock(folder: Path) -> None:
    """Make every real folder below writable again: an agent may have left some that are not."""
    todo = [folder]
    while todo:
        inner = todo.pop()
        inner.chmod(stat.S_IRWXU)
        with os.scandir(inner) as entries:
            todo += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
