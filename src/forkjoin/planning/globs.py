"""Glob against glob, decided exactly: do two patterns have a path in common, on any tree there could ever be?

A pattern is a row of segments. `*`, `?`, `[...]` stand for characters of one name, `**` for any number of segments,
`{a,b}` for either, a backslash takes the next character as it is. A pattern without any of these is a literal: it names
the file, or the folder with everything below it. `a/**` is everything below `a`, and so the same claim as `a`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from forkjoin.planning.braces import expanded
from forkjoin.planning.characters import ANY, At, Items, common_name, literal_items, segment_items, walked

STARS: Final = None  # in a row of segments: zero or more segments
Segment: TypeAlias = str | Items | None
ANY_NAME: Final[Items] = (ANY, ())


class Pattern(msgspec.Struct, frozen=True):
    """One brace-free pattern: its text and its segments.

    `head` are the plain names it begins with, `last_name` the plain name all its paths end with, or None.
    """

    text: str
    segments: tuple[Segment, ...]
    literal: bool
    head: tuple[str, ...]
    last_name: str | None


def pattern_of(text: str, segments: Sequence[Segment], *, literal: bool) -> Pattern:
    """Return the pattern of a row of segments."""
    head: list[str] = []
    for segment in segments:
        if not isinstance(segment, str):
            break
        head.append(segment)
    last = segments[-1] if segments else None
    last_name = last if isinstance(last, str) else None
    return Pattern(text, tuple(segments), literal, tuple(head), last_name)


def overlap(a: str, b: str, *, folds_case: bool = False) -> str | None:
    """Return a path that both globs cover, None where there can be none. Raises PlanError for a glob too large."""
    for one in patterns(a, folds_case=folds_case):
        for other in patterns(b, folds_case=folds_case):
            if (path := common_path(one, other)) is not None:
                return path
    return None


@lru_cache(maxsize=65536)
def patterns(glob: str, *, folds_case: bool = False, exact: bool = False) -> tuple[Pattern, ...]:
    """Return the brace-free patterns of a glob. `exact`: the text is a file's name and holds no pattern."""
    text = folded(glob, folds_case=folds_case)
    if exact:
        return (pattern_of(text, tuple(filter(None, text.split("/"))), literal=True),)
    return tuple(_pattern(one, folds_case) for one in expanded(text))


def folded(text: str, *, folds_case: bool) -> str:
    """Return a path as file systems compare it: in NFC, and without case where the tree folds it."""
    if text.isascii():
        return text.lower() if folds_case else text
    text = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", text.casefold()) if folds_case else text


def common_path(a: Pattern, b: Pattern) -> str | None:
    """Return a path that both patterns cover, None where there can be none."""
    names = _common_names(a.segments, b.segments)
    return None if names is None else "/".join(names)


def sample(pattern: Pattern) -> str:
    """Return a path of the pattern, the shortest and plainest there is."""
    return common_path(pattern, pattern) or pattern.text


def residuals(pattern: Pattern, names: Sequence[str]) -> tuple[tuple[Segment, ...], ...]:
    """Return what is left of the pattern once *names* (a folder in it) has been gone through: a row for each way."""
    states = _closed(pattern.segments, {0})
    for name in names:
        states = _closed(pattern.segments, set(_gone_through(pattern.segments, states, name)))
    return tuple(pattern.segments[i:] for i in sorted(states))


def covering(globs: Iterable[str], *, folds_case: bool = False) -> Callable[[str], bool]:
    """Return a test whether a path is covered by any of the globs: for the changes of a task against its writes."""
    rows = [pattern for glob in globs for pattern in patterns(glob, folds_case=folds_case)]
    plain = {pattern.head for pattern in rows if pattern.literal}
    wild = [pattern for pattern in rows if not pattern.literal]

    def covered(path: str) -> bool:
        names = tuple(folded(path, folds_case=folds_case).split("/"))
        if any(names[:n] in plain for n in range(len(names) + 1)):
            return True
        return any(_common_names(pattern.segments, names) is not None for pattern in wild)

    return covered


def _pattern(text: str, folds_case: bool) -> Pattern:
    row: list[Segment] = []
    plain = True
    parts = [part for part in text.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts):
        if part != "**":
            items = segment_items(part, folds_case=folds_case)
            plain = plain and isinstance(items, str)
            row.append(items)
            continue
        plain = False
        if number == len(parts) - 1:
            # At the end `**` is at least one name below: `a/**` does not meet the file `a`.
            row += [ANY_NAME, STARS]
        elif parts[number + 1] != "**":
            row.append(STARS)
    if plain:
        row.append(STARS)
    return pattern_of(text, row, literal=plain)


def _common_names(a: Sequence[Segment], b: Sequence[Segment]) -> list[str] | None:
    return walked((len(a), len(b)), lambda at: _steps(a, b, at))


def _steps(a: Sequence[Segment], b: Sequence[Segment], at: At) -> list[tuple[At, str]]:
    """The last step is tried first: ending a `**` early gives the shortest path."""
    i, j = at
    star_a, star_b = i < len(a) and a[i] is STARS, j < len(b) and b[j] is STARS
    steps: list[tuple[At, str]] = []
    if i < len(a) and j < len(b):
        one, other = a[i], b[j]
        if one is not STARS and other is not STARS:
            name = _same_name(one, other)
            return [] if name is None else [((i + 1, j + 1), name)]
        if other is not STARS:
            steps.append(((i, j + 1), _name(other)))
        elif one is not STARS:
            steps.append(((i + 1, j), _name(one)))
    if star_a:
        steps.append(((i + 1, j), ""))
    if star_b:
        steps.append(((i, j + 1), ""))
    return steps


def _same_name(a: str | Items, b: str | Items) -> str | None:
    if isinstance(a, str) and isinstance(b, str):
        return a if a == b else None
    # two equal globs share many names: the one that reads best is as short as can be, but `x.py` rather than `.py`
    return common_name(_items(a), ANY_NAME if a == b else _items(b))


def _name(segment: str | Items) -> str:
    if isinstance(segment, str):
        return segment
    return common_name(segment, ANY_NAME) or "x"


def _items(segment: str | Items) -> Items:
    return literal_items(segment) if isinstance(segment, str) else segment


def _gone_through(segments: Sequence[Segment], states: set[int], name: str) -> Iterator[int]:
    for i in states:
        if i == len(segments):
            continue
        segment = segments[i]
        if segment is STARS:
            yield i
        elif _same_name(segment, name) is not None:
            yield i + 1


def _closed(segments: Sequence[Segment], states: set[int]) -> set[int]:
    closed = set(states)
    for i in sorted(states):
        at = i
        while at < len(segments) and segments[at] is STARS:
            at += 1
            closed.add(at)
    return closed
