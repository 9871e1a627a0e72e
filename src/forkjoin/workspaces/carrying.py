"""Untracked and ignored files that a task asks for, copied into its workspace."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from forkjoin.model import Task, path_bytes
from forkjoin.workspaces.copying import copy_file
from forkjoin.workspaces.declared import alternatives
from forkjoin.workspaces.store import INCLUDE, Store
from forkjoin.workspaces.taking import refuse_too_much


def carry(store: Store, task: Task, root: Path, *, folder: Path, index: Path) -> list[bytes]:
    """Copy what the task asks for; return the names. *folder* and *index* are those of its record."""
    top = store.top
    wanted = _wanted(store, task)
    if not wanted:
        return []
    patterns = folder / "carry"
    patterns.write_bytes(wanted)
    git = store.git(tree=top, index=index)
    out = git.out("ls-files", "-z", "--others", "--ignored", f"--exclude-from={patterns}")
    names = [name for name in out.split(b"\0") if name and not name.endswith(b"/")]
    source, target = os.fsencode(top) + b"/", os.fsencode(root) + b"/"
    states = {name: os.lstat(source + name) for name in names}
    refuse_too_much(states.values(), "carried files")
    carried = []
    for name, state in states.items():
        plain = stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)
        if plain and copied_into(source + name, target, name):
            carried.append(name)
    return carried


def copied_into(source: bytes, top: bytes, name: bytes) -> bool:
    """Copy a file, or a link as a link, over what is there; False where a link of the base stands in its way."""
    folder, _, _ = (top + name).rpartition(b"/")
    if _is_inside(top, folder):
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - bytes, which pathlib does not take
    if not removed_from(top, name):
        return False
    copy_file(source, top + name)
    return True


def removed_from(top: bytes, name: bytes) -> bool:
    """Remove a file or a link, where one is there; False where a link of the base stands in its way, or a folder."""
    folder, _, _ = (top + name).rpartition(b"/")
    try:
        if not _is_inside(top, folder):
            return False
        os.unlink(top + name)  # noqa: PTH108 - bytes, which pathlib does not take
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _is_inside(top: bytes, folder: bytes) -> bool:
    real = os.path.realpath(top) + b"/"
    return (os.path.realpath(folder) + b"/").startswith(real)


def _wanted(store: Store, task: Task) -> bytes:
    """Return the globs as lines of an exclude file, from the top of the repository."""
    if not task.carry:
        with suppress(OSError):
            return (store.top / INCLUDE).read_bytes()
        return b""
    subdir = store.tree.git.subdir if store.tree.git else ""
    above = "".join(f"\\{c}" if c in "\\*?[" else c for c in subdir)
    lines = (f"/{above}/{one}" if above else f"/{one}" for glob in task.carry for one in alternatives(glob))
    return b"".join(path_bytes(line).replace(b"\n", b"?") + b"\n" for line in lines)
