"""A sparse workspace: of a large repository only the folders that a task declares are written out.

Its index and its history are whole, and its own git knows what is not there (`git sparse-checkout add`, or `disable`):
an agent that needs another file can have it. What was not written out is no deletion.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forkjoin.errors import ForkjoinError, listed
from forkjoin.model import Task, path_bytes
from forkjoin.workspaces.declared import alternatives
from forkjoin.workspaces.git import Git

SETTINGS: Final = {"core.sparseCheckout": "true", "core.sparseCheckoutCone": "true"}
_LARGEST: Final = 1024**3  # of an index that an agent left
_NAMED: Final = 5
Folder = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cone:
    """Folders with all below them, from the top of the repository; the files of the folders above come along."""

    folders: frozenset[Folder]

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return () in self.folders

    def patterns(self) -> bytes:
        """Return them as git's cone mode writes them into `info/sparse-checkout`."""
        lines = [b"/*", b"!/*/"]
        above = {folder[:n] for folder in self.folders for n in range(1, len(folder))}
        for folder in sorted(self.folders | above):
            name = b"/".join(map(_escaped, folder))
            lines += [b"/%s/" % name] if folder in self.folders else [b"/%s/" % name, b"!/%s/*/" % name]
        return b"\n".join(lines) + b"\n"

    def said(self) -> str:
        """Return the note for agents and people."""
        if self.everything:
            return "sparse: no folder is declared that everything stays in, so all is written out"
        names = sorted("/".join(folder) for folder in self.folders)
        shown = listed(names, _NAMED)
        return (
            f"sparse: only {shown} and the files beside and above are written out; git sparse-checkout add DIR "
            "(or disable) brings others"
        )


WHOLE: Final = Cone(folders=frozenset({()}))


def cone_of(task: Task, subdir: str) -> Cone:
    """Return what a task needs: the folders of its declared reads and writes, and the one that it starts in."""
    above = tuple(name for name in subdir.split("/") if name)
    cwd = tuple(name for name in task.cwd.split("/") if name not in ("", "."))
    found = {(*above, *cwd)} if cwd else set()
    for glob in (*(task.reads or ()), *(task.writes or ())):
        found |= {_nameable((*above, *_reach(one))) for one in alternatives(glob)}
    if not found:
        return WHOLE
    return Cone(folders=frozenset(one for one in found if not any(one[:n] in found for n in range(len(one)))))


def gone_by_its_index(git: Git, own: Path, scratch: Path, gone: set[bytes]) -> tuple[set[bytes], str]:
    """Return which files an agent deleted, where some are not there because git was told not to write them out.

    *git* has the index that was put aside, *own* is the workspace's git folder, *gone* what that index has and the tree
    has not. The agent's own index is read, as data: a file that it says is not written out is no deletion, and one that
    was not there at the start is one only where the agent brought it and removed it. The second part says what cannot
    be told.
    """
    # S: not written out and not there; those that are there by now count as any other file.
    hidden = {path for tag, path in _tagged(git.heeding_files()) if tag == b"S"}
    if not hidden and not gone:
        return gone, ""
    try:
        _copy_plain(own / "index", scratch / "theirs")
        seen = {path: tag for tag, path in _tagged(git.on_index(scratch / "theirs"))}
    except (ForkjoinError, OSError) as error:
        return gone, f"which files it removed that were not written out cannot be told ({error})" if hidden else ""
    taken_out = {path for path in gone if seen.get(path) == b"S"}
    note = f"{len(taken_out):,} files that git sparse-checkout took out are not taken for deleted" if taken_out else ""
    gone = gone - taken_out
    if len(hidden) > 1 and not hidden & seen.keys():  # another repository than the one it was given
        return gone, "its index names none of the files that were not written out: whether it removed any is not known"
    return gone | {path for path in hidden if seen.get(path) != b"S"}, note


def _tagged(git: Git) -> Iterable[tuple[bytes, bytes]]:
    said = git.out("ls-files", "-z", "-t", "--cached")
    return ((item[:1], item[2:]) for item in said.split(b"\0") if item)


def _copy_plain(source: Path, target: Path) -> None:
    """Copy a file that an agent may have exchanged for anything; raise OSError where it is no plain file of its own."""
    if source.parent.is_symlink():
        raise OSError(f"{source.parent} is a link")
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb") as file, target.open("wb") as copy:  # noqa: PTH123 - an open file, not a path
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
            raise OSError(f"{source} is no index")
        shutil.copyfileobj(file, copy)


def _reach(glob: str) -> Folder:
    """Return the folder (or file) that a glob without braces stays in; one of the top's own files stays in a name."""
    names = [name for name in glob.split("/") if name not in ("", ".")]
    plain: list[str] = []
    for name in names:
        if re.search(r"[*?\[]", re.sub(r"\\.", "", name)):
            break
        plain.append(re.sub(r"\\(.)", r"\1", name))
    # Files at the top are always there, so `*.md` needs no more; but it may name none of the top's folders.
    return tuple(plain) or (tuple(names) if len(names) == 1 and names != ["**"] else ())


def _nameable(folder: Folder) -> Folder:
    """Return the folder, or the one above that a line of a file can name."""
    for number, name in enumerate(folder):
        if "\n" in name:
            return folder[:number]
    return folder


def _escaped(name: str) -> bytes:
    return re.sub(rb"([\\*?\[\]])", rb"\\\1", path_bytes(name))
