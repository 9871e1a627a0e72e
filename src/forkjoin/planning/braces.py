"""`{a,b}` in a glob, written out."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from forkjoin.errors import PlanError

MAX_ALTERNATIVES: Final = 1000
MAX_GLOB: Final = 1024
MAX_PATH: Final = 4096
_META: Final = frozenset("*?[{\\")


def expanded(glob: str) -> tuple[str, ...]:
    """Return the brace-free globs of a glob, in order. Raises PlanError where it is too long or they are too many."""
    limit = MAX_PATH if _is_plain(glob) else MAX_GLOB
    if len(glob) > limit:
        raise PlanError(
            f"the path {glob[:60]!r}... has {len(glob)} characters",
            next_step=f"a path has at most {MAX_PATH}, one with wildcards {MAX_GLOB}",
        )
    if "{" not in glob:
        return (glob,)
    done: list[str] = []
    open_ = [glob]
    while open_:
        text = open_.pop()
        split = _first_group(text)
        if split is None:
            done.append(text)
            continue
        head, choices, tail = split
        open_ += [head + choice + tail for choice in reversed(choices)]
        if len(open_) + len(done) > MAX_ALTERNATIVES:
            raise PlanError(
                f"the braces of {glob[:60]!r} stand for more than {MAX_ALTERNATIVES} paths",
                next_step="write a wider glob, or name the folder",
            )
    return tuple(dict.fromkeys(done))


def _is_plain(glob: str) -> bool:
    return _META.isdisjoint(glob)


def _first_group(text: str) -> tuple[str, list[str], str] | None:
    """Return what stands before the first group that has a comma, its choices, and what stands after it."""
    opened: list[int] = []
    commas: dict[int, list[int]] = {}
    best: tuple[int, int] | None = None
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "{":
            opened.append(at)
        elif char == "," and opened:
            commas.setdefault(opened[-1], []).append(at)
        elif char == "}" and opened:
            start = opened.pop()
            if start in commas and (best is None or start < best[0]):
                best = (start, at)
        at += 1
    if best is None:
        return None
    start, end = best
    cuts = [start, *commas[start], end]
    return text[:start], [text[a + 1 : b] for a, b in pairwise(cuts)], text[end + 1 :]
