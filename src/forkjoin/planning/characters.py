"""What one name in a glob may be: a row of character sets, in which the empty set stands for `*`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

from forkjoin.errors import PlanError

Chars: TypeAlias = tuple[tuple[int, int], ...]  # sorted code point ranges, both ends in; () = "*", any number of any
Items: TypeAlias = tuple[Chars, ...]
At: TypeAlias = tuple[int, int]  # a place in each of two rows
T = TypeVar("T")

LAST: Final = 0x10FFFF
ANY: Final[Chars] = ((1, 0x2E), (0x30, LAST))  # no NUL and no "/"
STAR: Final[Chars] = ()
NOTHING: Final[Chars] = ((1, 0),)  # a class such as `[z-a]`, which no character is in
MAX_WILD_NAME: Final = 255
_META = frozenset("*?[\\")
_PLAIN = "xabcdefghijklmnopqrstuvwyz0123456789_-."


def segment_items(part: str, *, folds_case: bool) -> str | Items:
    """Return a segment as a plain name where it is one, else as items. Raises PlanError for one too long."""
    if _META.isdisjoint(part):
        return part
    items = items_of(part, folds_case=folds_case)
    if all(len(chars) == 1 and chars[0][0] == chars[0][1] for chars in items):
        return "".join(chr(chars[0][0]) for chars in items)
    if len(part) > MAX_WILD_NAME:
        raise PlanError(
            f"the glob segment {part[:40]!r}... has {len(part)} characters",
            next_step=f"a name with wildcards has at most {MAX_WILD_NAME}",
        )
    return items


def items_of(part: str, *, folds_case: bool) -> Items:
    """Return the items of one segment; a `[` that is never closed stands for itself."""
    items: list[Chars] = []
    at = 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            if items[-1:] != [STAR]:
                items.append(STAR)
        elif char == "?":
            items.append(ANY)
        elif char == "[" and (end := _class_end(part, at)):
            items.append(_class(part[at:end], folds_case))
            at = end + 1
        else:
            if char == "\\" and at < len(part):
                char = part[at]
                at += 1
            items.append(((ord(char), ord(char)),))
    # A name has at least one character, so a lone `*` is one character and then any.
    return (ANY, STAR) if items == [STAR] else tuple(items)


@lru_cache(maxsize=4096)
def literal_items(name: str) -> Items:
    """Return the items of a plain name."""
    return tuple(((ord(char), ord(char)),) for char in name)


@lru_cache(maxsize=16384)
def common_name(a: Items, b: Items) -> str | None:
    """Return a name that both rows of items match, None where there is none; costs at most their product."""
    chars = walked((len(a), len(b)), lambda at: _steps(a, b, at))
    return None if chars is None else "".join(map(chr, chars))


def walked(goal: At, steps: Callable[[At], list[tuple[At, T]]]) -> list[T] | None:
    """Go through two rows at once, from their beginnings to *goal*, both their ends; return what the steps gave.

    A step leads to another pair of places and gives a character or a name; what is empty or 0 is left out. Every pair
    of places is seen once, so the cost is the product of the lengths. None where no way leads to the goal.
    """
    came: dict[At, tuple[At, T] | None] = {(0, 0): None}
    stack = [(0, 0)]
    while stack:
        at = stack.pop()
        if at == goal:
            return _gone(came, at)
        for step, given in steps(at):
            if step not in came:
                came[step] = (at, given)
                stack.append(step)
    return None


def _gone(came: Mapping[At, tuple[At, T] | None], at: At) -> list[T]:
    row: list[T] = []
    while (step := came[at]) is not None:
        at, given = step
        if given:
            row.append(given)
    return row[::-1]


def _steps(a: Items, b: Items, at: At) -> list[tuple[At, int]]:
    i, j = at
    one = a[i] if i < len(a) else None
    other = b[j] if j < len(b) else None
    steps: list[tuple[At, int]] = []
    if one and other:
        char = _shared(one, other)
        return [((i + 1, j + 1), char)] if char else []
    if one == STAR:
        steps.append(((i + 1, j), 0))
    if other == STAR:
        steps.append(((i, j + 1), 0))
    if one == STAR and other and (char := _shown(other)):
        steps.append(((i, j + 1), char))
    if other == STAR and one and (char := _shown(one)):
        steps.append(((i + 1, j), char))
    return steps


def _shared(a: Chars, b: Chars) -> int:
    """Return a code point in both sets, 0 where there is none."""
    return _shown(_intersection(a, b))


def _intersection(a: Chars, b: Chars) -> Chars:
    both = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            both.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(both)


def _shown(chars: Chars) -> int:
    """Return the code point of the set that reads best, 0 where it is empty."""
    if not chars or chars == NOTHING:
        return 0
    if len(chars) == 1 and chars[0][0] == chars[0][1]:
        return chars[0][0]
    for char in _PLAIN:
        if any(low <= ord(char) <= high for low, high in chars):
            return ord(char)
    return chars[0][0]


def _class_end(part: str, start: int) -> int:
    """Return where the class that opens before *start* closes, 0 where it never does."""
    at = start
    if part[at : at + 1] in ("!", "^"):
        at += 1
    end = part.find("]", at + 1)  # a `]` that stands first is a member
    return max(end, 0)


def _class(inner: str, folds_case: bool) -> Chars:
    negated = inner[:1] in ("!", "^")
    inner = inner[1:] if negated else inner
    ranges: list[tuple[int, int]] = []
    at = 0
    while at < len(inner):
        low = high = ord(inner[at])
        if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
            high = ord(inner[at + 2])
            at += 2
        at += 1
        if low <= high:
            ranges.append((low, high))
    if folds_case:
        ranges += [(max(low, 65) + 32, min(high, 90) + 32) for low, high in ranges if low <= 90 and high >= 65]
    return _intersection(_complement(ranges) if negated else _merged(ranges), ANY) or NOTHING


def _merged(ranges: list[tuple[int, int]]) -> Chars:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: list[tuple[int, int]]) -> Chars:
    gaps, low = [], 0
    for start, end in _merged(ranges):
        if low < start:
            gaps.append((low, start - 1))
        low = end + 1
    if low <= LAST:
        gaps.append((low, LAST))
    return tuple(gaps)
