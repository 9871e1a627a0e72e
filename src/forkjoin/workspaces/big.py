"""Files that are too big to be merged by content: git would hold all three versions of one in memory, to no avail.

Which files of a harvested commit are so big is written down beside it, so that asking costs no process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from forkjoin.private import make_folder
from forkjoin.workspaces.contents import LARGEST
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.store import Store

HOW: Final = f"over {LARGEST // 1024**2} MiB, changed on both sides"


def note_big(store: Store, commit: str, paths: Sequence[bytes]) -> None:
    """Write down which files that a commit changes are too big, before or after; from the top of the repository."""
    if paths:
        file = store.path / "big" / commit
        make_folder(file.parent)
        file.write_bytes(b"\0".join(paths))
        flush([file, file.parent, store.path])


def big_in(store: Store, commit: str) -> tuple[bytes, ...]:
    """Return what was written down of a commit."""
    try:
        return tuple((store.path / "big" / commit).read_bytes().split(b"\0"))
    except FileNotFoundError:
        return ()


def changed_twice(git: Git, base: str, ours: str, theirs: str, paths: Sequence[bytes]) -> Mapping[bytes, bytes]:
    """Return which of the files both *ours* and *theirs* changed, to different content; each with ours' mode and id.

    The three are trees or commits.
    """
    before, one, other = (_entries(git, tree, paths) for tree in (base, ours, theirs))
    here = (path for path in paths if path in one and path in other)
    return {path: one[path] for path in here if one[path] not in (before.get(path), other[path])}


def _entries(git: Git, tree: str, paths: Sequence[bytes]) -> dict[bytes, bytes]:
    named = [path.decode("utf-8", "surrogateescape") for path in paths]
    rows = git.out("--literal-pathspecs", "ls-tree", "-z", "--full-tree", "-r", tree, "--", *named).split(b"\0")
    found = (row.partition(b"\t") for row in rows if row)
    return {path: b"%s %s" % (said.split(b" ")[0], said.split(b" ")[2]) for said, _, path in found}
