"""What a work tree holds that its index does not, found out by reading alone.

`git ls-files` compares by size, time, inode and, where these differ, by content; it starts nothing and takes nothing in
the tree for a repository but to stop at its door. What it cannot see (a folder that became a link, a file that became a
pipe) is looked at here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from forkjoin.workspaces.git import Git

_GITLINK: Final = b"160000 "


@dataclass
class Listing:
    """Paths as bytes, relative to the work tree."""

    gone: set[bytes] = field(default_factory=set)  # in the index, no file or link any more
    present: dict[bytes, os.stat_result] = field(default_factory=dict)  # changed or new: files and links
    new: set[bytes] = field(default_factory=set)  # those of `present` that the index does not have
    nested: list[bytes] = field(default_factory=list)  # folders that are repositories of their own
    modules: list[bytes] = field(default_factory=list)  # submodules that differ
    odd: list[bytes] = field(default_factory=list)  # pipes, sockets, what may not be read
    notes: list[str] = field(default_factory=list)  # what cannot be told of it
    pointers: dict[bytes, bytes] = field(default_factory=dict)  # what is kept in the place of LFS files

    def add(self, files: Mapping[bytes, os.stat_result]) -> None:
        """Count more files as new."""
        self.present.update(files)
        self.new.update(files)

    def leave_out(self, below: bytes) -> None:
        """Let go of what is new and lies below a folder; b"" for none."""
        if below:
            for path in [path for path in self.new if path.startswith(below)]:
                self.new.discard(path)
                self.present.pop(path, None)
            self.nested = [path for path in self.nested if not path.startswith(below)]
            self.odd = [path for path in self.odd if not path.startswith(below)]

    @property
    def empty(self) -> bool:
        """Whether the work tree is as its index says."""
        return not (self.gone or self.present)


def listing(git: Git, tree: Path, *, exclude: tuple[str, ...] = ("--exclude-standard",)) -> Listing:
    """Return what differs; what *exclude* says is ignored is left out."""
    said = git.heeding_files().out("ls-files", "-z", "-t", "--modified", "--deleted", "--others", *exclude)
    found = Listing()
    links = Links(tree)
    folders: list[bytes] = []
    tagged = [(item[:1], item[2:]) for item in said.split(b"\0") if item]
    for tag, path in tagged:
        if tag == b"?" and path.endswith(b"/"):
            found.nested.append(path.rstrip(b"/"))
        elif tag == b"R" or (tag != b"?" and links.above(path)):
            found.gone.add(path)
        elif path not in found.gone and _placed(found, tree, path, new=tag == b"?"):
            folders.append(path)
    found.modules = _modules(git, folders)
    found.gone.update(set(folders).difference(found.modules))
    return found


def _placed(found: Listing, tree: Path, path: bytes, *, new: bool) -> bool:
    """Put one path where it belongs; say whether it is a folder now, which only the index can explain."""
    try:
        state = os.lstat(os.fsencode(tree) + b"/" + path)
    except OSError:
        found.gone.update(() if new else (path,))
        return False
    if stat.S_ISDIR(state.st_mode):
        return True
    if stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode):
        found.present[path] = state
        if new:
            found.new.add(path)
    else:
        found.odd.append(path)
        found.gone.update(() if new else (path,))
    return False


def _modules(git: Git, folders: list[bytes]) -> list[bytes]:
    if not folders:
        return []
    staged = git.out("ls-files", "-z", "--stage")
    entries = (entry.partition(b"\t") for entry in staged.split(b"\0") if entry.startswith(_GITLINK))
    return sorted({path for _, _, path in entries}.intersection(folders))


class Links:
    """Remembers which folders of a tree are links (or no folders at all)."""

    def __init__(self, tree: Path) -> None:
        self._top = os.fsencode(tree)
        self._real: dict[bytes, bool] = {b"": True}

    def above(self, path: bytes) -> bool:
        """Say whether some folder above *path* is no real folder of the tree."""
        return not self._is_real(path.rpartition(b"/")[0])

    def _is_real(self, folder: bytes) -> bool:
        todo = []
        while folder not in self._real:
            todo.append(folder)
            folder = folder.rpartition(b"/")[0]
        for inner in reversed(todo):
            above = self._real[inner.rpartition(b"/")[0]]
            self._real[inner] = above and _is_folder(self._top + b"/" + inner)
        return self._real[todo[0] if todo else folder]


def _is_folder(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
