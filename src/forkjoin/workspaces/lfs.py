"""Files of git-lfs: a workspace holds pointers, or (`lfs: true`) what the user's own store has of their content.

Nothing is downloaded and git-lfs is not run: an object of the store lies under the hash that its pointer names.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forkjoin.errors import listed
from forkjoin.model import path_text
from forkjoin.model.text import spelled
from forkjoin.workspaces.carrying import removed_from
from forkjoin.workspaces.copying import copy_file
from forkjoin.workspaces.git import Git, of_user, private
from forkjoin.workspaces.store import Store, make_repository

POINTER: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n"
)
LARGEST: Final = 1024  # bytes of a pointer
_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class Brought:
    """The files whose content was brought, each as a set-up would have left it; and what is to be said."""

    rows: dict[bytes, bytes]
    note: str = ""


def bring(store: Store, root: Path, *, index: Path, scratch: Path) -> Brought:
    """Put the content of LFS files in the place of their pointers, where the user's own store has it."""
    stores = (own_objects(store), users_objects(store))
    rows: dict[bytes, bytes] = {}
    missing: list[bytes] = []
    top = os.fsencode(root) + b"/"
    for path in marked(store, root, index=index, scratch=scratch):
        found = _pointer(top + path)
        if found is None:
            continue
        oid, size, mode = found
        places = [objects / oid[:2] / oid[2:4] / oid for objects in stores]
        source = next((place for place in places if place.exists()), places[-1])
        with suppress(OSError):
            state = source.lstat()
            if stat.S_ISREG(state.st_mode) and state.st_size == size and removed_from(top, path):
                copy_file(os.fsencode(source), top + path)
                os.chmod(top + path, mode)  # noqa: PTH101 - bytes, which pathlib does not take
                kind = b"program" if mode & stat.S_IXUSR else b"file"
                rows[path] = b"%s-%s" % (kind, oid.encode())
                continue
        missing.append(path)
    return Brought(rows=rows, note=_said(missing))


def hide_from_its_git(git: Git, paths: list[bytes]) -> None:
    """Have the workspace's own git take them for what its index says: what counts is found out without it."""
    if paths:
        git.out("update-index", "-z", "--assume-unchanged", "--stdin", stdin=b"".join(path + b"\0" for path in paths))


def own_objects(store: Store) -> Path:
    """Return where the run keeps the content of changed files that are pointers in its commits."""
    return store.path / "lfs" / "objects"


def users_objects(store: Store) -> Path:
    """Return the user's local store."""
    common = Path(store.tree.git.common_dir) if store.tree.git else store.top / ".git"
    said = of_user(store.top).run("config", "--get", "lfs.storage").out.decode("utf-8", "replace").strip()
    return common / (said or "lfs") / "objects"


def own_attributes(store: Store) -> str:
    """Return the user's attributes that are in no commit, of `info/attributes`."""
    with suppress(OSError):
        if store.tree.git:
            return Path(store.tree.git.common_dir, "info", "attributes").read_text("utf-8", "surrogateescape")
    return ""


def marked(
    store: Store, root: Path, *, index: Path | None, scratch: Path, paths: Sequence[bytes] = ()
) -> Iterator[bytes]:
    """Yield the files that attributes give to git-lfs: all of an index by its own, or *paths* by those in *root*.

    The user's own attributes count either way. *scratch* is a folder that is made, and removed.
    """
    own = own_attributes(store)
    settings = {"core.bare": "false", "core.attributesFile": os.devnull, **store.object_format()}
    make_repository(scratch, settings, attributes=own, alternates=(store.objects, *store.alternates()))
    try:
        git = private(scratch, tree=root, index=index)
        names = b"".join(path + b"\0" for path in paths) if index is None else git.out("ls-files", "-z")
        cached = () if index is None else ("--cached",)
        said = git.out("check-attr", "-z", *cached, "--stdin", "filter", stdin=names)
        fields = iter(said.split(b"\0")[:-1])
        yield from (path for path, _, value in zip(fields, fields, fields, strict=True) if value == b"lfs")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _pointer(path: bytes) -> tuple[str, int, int] | None:
    """Return the hash, the size and the mode that a pointer stands for, None where the file is none."""
    with suppress(OSError):
        state = os.lstat(path)
        if stat.S_ISREG(state.st_mode) and state.st_size <= LARGEST:
            with open(path, "rb") as file:  # noqa: PTH123 - bytes, which pathlib does not take
                if said := POINTER.fullmatch(file.read()):
                    return said[1].decode(), int(said[2]), stat.S_IMODE(state.st_mode)
    return None


def _said(missing: list[bytes]) -> str:
    if not missing:
        return ""
    names = listed([spelled(path_text(path)) for path in missing], _NAMED)
    return f"LFS files that the local store does not have stay pointers (git lfs fetch): {names}"
