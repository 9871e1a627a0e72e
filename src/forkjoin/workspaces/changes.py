"""Two commits compared: which files differ, how, by how much, and the patch between them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from forkjoin.model import Change, HowChanged, Task, Tree, path_text
from forkjoin.private import make_folder, opener
from forkjoin.workspaces.contents import LARGEST, sizes
from forkjoin.workspaces.declared import covered, runs_by_itself
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.renames import Rename, renames

IN_PATCHES: Final = 8 * 1024 * 1024  # bytes of a file, before or after
# Nothing that a repository can set decides how a difference is shown.
_PLAIN: Final = ("-r", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
_HOW: Final[dict[bytes, HowChanged]] = {b"A": "added", b"D": "deleted", b"M": "modified", b"T": "type"}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The files that differ, relative to the tree, sorted; and of them, from the top, those too big to be merged.

    `unpatched` are those too big for a patch: `git diff` would hold a binary one six times in memory, and compress it
    twice over.
    """

    files: tuple[Change, ...]
    too_big: tuple[bytes, ...]
    unpatched: tuple[bytes, ...]


def compared(git: Git, tree: Tree, task: Task, *, base: str, commit: str) -> Compared:
    """Return what differs between two commits."""
    out = git.out("diff-tree", "-z", "--raw", "--numstat", *_PLAIN, base, commit)
    hows: dict[bytes, HowChanged] = {}
    objects: list[tuple[bytes, bytes]] = []  # an id, before or after, and whose it is
    lines: dict[bytes, tuple[int, int]] = {}
    fields = iter(out.split(b"\0")[:-1])
    for field in fields:
        if field.startswith(b":"):
            path = next(fields)
            hows[path] = _how(field)
            objects += [(id_, path) for id_ in field.split(b" ")[2:4] if id_.strip(b"0")]
        else:
            added, removed, path = field.split(b"\t", 2)
            lines[path] = (_count(added), _count(removed))
    allowed = _allowed(task, tree)
    rows = [_change(tree_path(path, tree), how, lines.get(path, (0, 0)), allowed) for path, how in hows.items()]
    measured = list(zip(objects, sizes(git, [id_ for id_, _ in objects]), strict=True))
    too_big, unpatched = (
        tuple(dict.fromkeys(path for (_, path), (_, size) in measured if size > most)) for most in (LARGEST, IN_PATCHES)
    )
    if {"added", "deleted"} <= set(hows.values()):
        rows = _with_renames(rows, renames(git, base, commit, exact=bool(too_big)), tree)
    return Compared(files=tuple(sorted(rows, key=lambda change: change.path)), too_big=too_big, unpatched=unpatched)


def _with_renames(rows: Iterable[Change], found: Mapping[bytes, Rename], tree: Tree) -> list[Change]:
    """Return the rows with renames told: the new name's has the lines that were changed, the old one's has none."""
    news = {tree_path(new, tree): one for new, one in found.items()}
    olds = {tree_path(one.old, tree): new for new, one in news.items()}
    told = []
    for row in rows:
        if one := news.get(row.path):
            lines = {"insertions": one.insertions, "deletions": one.deletions}
            told.append(replace(row, how="renamed", was=tree_path(one.old, tree), **lines))
        elif new := olds.get(row.path):
            told.append(replace(row, became=new, insertions=0, deletions=0))
        else:
            told.append(row)
    return told


def write_patch(git: Git, path: Path, *, base: str, commit: str, without: Sequence[bytes] = ()) -> None:
    """Write the difference as a patch that `git apply` takes at the top of the repository; binary files are in it.

    *without* are files that are left out.
    """
    others = tuple(f":(exclude,literal){os.fsdecode(one)}" for one in without)
    make_folder(path.parent)
    new = path.with_name(f"{path.name}.new")
    with open(new, "wb", opener=opener) as into:
        git.out(
            "diff-tree", "-p", "--binary", "--full-index", "--no-color", *_PLAIN, base, commit, "--", *others, into=into
        )
    flush([new])
    new.replace(path)


def tree_path(raw: bytes, tree: Tree) -> str:
    """Return a path of the repository relative to the tree, which may be a folder of it (then `../x` is above it)."""
    text = path_text(raw)
    if tree.git is None or not tree.git.subdir:
        return text
    below = f"{tree.git.subdir}/"
    if raw.startswith(below.encode()):
        return path_text(raw.removeprefix(below.encode()))
    return posixpath.relpath(text, tree.git.subdir)


def _how(raw: bytes) -> HowChanged:
    old_mode, new_mode, old, new, letter = raw[1:].split(b" ")
    if letter[:1] == b"M" and old == new and old_mode != new_mode:
        return "mode"
    return _HOW[letter[:1]]


def _count(number: bytes) -> int:
    return 0 if number == b"-" else int(number)


def _allowed(task: Task, tree: Tree) -> Callable[[str], bool]:
    if task.writes is None:
        return lambda _: True
    return covered(task.writes, folds_case=tree.folds_case)


def _change(path: str, how: HowChanged, lines: tuple[int, int], allowed: Callable[[str], bool]) -> Change:
    return Change(
        path=path,
        how=how,
        insertions=lines[0],
        deletions=lines[1],
        violation=path.startswith("../") or not allowed(path),
        runs=runs_by_itself(path.removeprefix("../")),
    )
