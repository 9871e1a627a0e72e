"""What was found in a tree, taken into an index: bounded, and what cannot be taken is counted."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from forkjoin.errors import NoRoom
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.listing import Listing

MOST_BYTES: Final = 2 * 1024**3
MOST_FILES: Final = 200_000


def take_in(git: Git, top: Path, found: Listing) -> None:
    """Put what was found into the index of *git*; raise NoRoom where that is too much."""
    refuse_too_much(found.present.values(), f"uncommitted files in {top}")
    readable = [path for path, state in found.present.items() if _readable(os.fsencode(top) + b"/" + path, state)]
    found.odd += sorted(set(found.present).difference(readable))
    if found.gone:
        git.out("update-index", "-z", "--force-remove", "--stdin", stdin=_joined(found.gone))
    if readable:
        git.out("update-index", "-z", "--add", "--replace", "--stdin", stdin=_joined(readable))


def refuse_too_much(states: Iterable[os.stat_result], what: str) -> None:
    """Raise NoRoom where files are too many or too big to be kept in the run's repository."""
    sizes = [state.st_size for state in states if stat.S_ISREG(state.st_mode)]
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise NoRoom(
            f"{what}: {len(sizes):,} files with {sum(sizes) / 1024**3:.1f} GiB; at most {MOST_FILES:,} with "
            f"{MOST_BYTES / 1024**3:g} GiB can be kept; add them to .gitignore, or start from a commit (--from HEAD)"
        )


def left_out(found: Listing) -> str:
    """Return the words for what is not part of the base."""
    counts = (
        (len(found.nested), "nested repository", "nested repositories"),
        (len(found.odd), "unreadable file", "unreadable files"),
        (len(found.modules), "changed submodule", "changed submodules"),
    )
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    return f"; left out: {', '.join(parts)}" if parts else ""


def _readable(path: bytes, state: os.stat_result) -> bool:
    return stat.S_ISLNK(state.st_mode) or os.access(path, os.R_OK)


def _joined(paths: Iterable[bytes]) -> bytes:
    return b"".join(path + b"\0" for path in sorted(paths))
