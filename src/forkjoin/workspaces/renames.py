"""Files with another name than before: told with both names, for a list of what was added and deleted hides them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from forkjoin.workspaces.git import Git

_PLAIN: Final = ("-r", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--diff-filter=R")
_MOST: Final = 1000  # files on each side that are compared by content; of more only the same bytes are found


@dataclass(frozen=True, kw_only=True)
class Rename:
    """The name that a file had, from the top, and the lines that were changed on the way."""

    old: bytes
    insertions: int
    deletions: int


def renames(git: Git, base: str, commit: str, *, exact: bool) -> Mapping[bytes, Rename]:
    """Return the files that have another name, by the new one. *exact*: only those whose bytes are the same.

    Contents are compared in memory, so where some are big the caller asks for exact ones. Empty files are all alike,
    and so never renamed.
    """
    alike = "-M100%" if exact else "-M"
    words = ("diff-tree", "-z", "--numstat", *_PLAIN, alike, f"-l{_MOST}", "--no-rename-empty", base, commit)
    found = {}
    fields = iter(git.out(*words).split(b"\0")[:-1])
    for field in fields:
        added, removed, _ = field.split(b"\t", 2)
        old, new = next(fields), next(fields)
        found[new] = Rename(old=old, insertions=_count(added), deletions=_count(removed))
    return found


def _count(number: bytes) -> int:
    return 0 if number == b"-" else int(number)
