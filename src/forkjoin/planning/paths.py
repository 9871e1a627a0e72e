"""Whether a path of a plan stays inside the tree."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from forkjoin.errors import PlanError
from forkjoin.planning.braces import expanded

# Code points that HFS+ leaves out when it compares names: `.g<ZWNJ>it` is `.git` there.
_IGNORED: Final = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF], None
)  # fmt: skip
_GIT_NAMES: Final = frozenset((".git", "git~1"))


def inside(path: str, *, where: str) -> str:
    """Return the path without `./`, doubled slashes and a slash at its end; the tree itself is `**`.

    Raises PlanError for a path that is absolute, leaves the tree, goes into `.git`, or cannot be a path.
    """
    try:
        return _inside(path)
    except PlanError as error:
        raise PlanError(error.why, where=where, next_step=error.next_step) from None


@lru_cache(maxsize=65536)
def _inside(path: str) -> str:
    if not path.strip():
        raise PlanError("a path is empty", next_step="name a file, a folder or a glob")
    if "\0" in path:
        raise PlanError(f"the path {path[:60]!r} has a NUL character", next_step="take it out")
    for alternative in expanded(path):
        _check(alternative, path[:200])
    kept = [part for part in path.split("/") if part not in ("", ".")]
    return "/".join(kept) or "**"


def _check(path: str, written: str) -> None:
    if path.startswith(("/", "~/")) or path == "~" or path[1:3] in (":/", ":\\"):
        raise PlanError(f"the path {written!r} is absolute", next_step="write it relative to the tree (-C DIR)")
    for part in path.split("/"):
        plain = part.replace("\\", "")
        if plain == "..":
            raise PlanError(f"the path {written!r} leaves the tree", next_step="write it without '..'")
        if plain.translate(_IGNORED).rstrip(". ").casefold() in _GIT_NAMES:
            raise PlanError(
                f"the path {written!r} goes into git's own folder",
                next_step="no task reads or writes .git; name files of the tree",
            )
