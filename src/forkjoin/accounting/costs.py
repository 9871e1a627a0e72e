"""What of the wall time was lost: all of it but the work of the longest task, which had to be done anyway.

A stretch says for what the run waited then. What that cost is another thing: while the longest task ran, the run waited
for nothing that could have been spared. So its seconds are taken out, and what ran behind it is charged to the reason
why it was behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from forkjoin.accounting.stretches import Stretch, Window
from forkjoin.accounting.working import Piece, Workings
from forkjoin.model import Span, TaskId

_SAME_S = 1e-6


def without_the_longest(
    found: Sequence[Stretch], spans: Sequence[Span], workings: Workings, windows: Sequence[Window]
) -> tuple[float, list[Stretch]]:
    """Return the seconds that the longest task needs, and the stretches (the latest first) without them.

    Together they are as long as *found*. A stretch may become shorter, or nothing.
    """
    longest, needed, pieces = _longest(spans, workings, windows)
    walked = sum(_seconds(one) for one in found if longest is not None and one.work == longest)
    if walked > needed - _SAME_S:
        return walked, _charged_to_what_came_before(found, longest)
    last = sum(_seconds(one) for one in found if one.cause is None)
    lost = [one for one in found if one.cause is not None]
    spared = _spared(lost, pieces, needed - last)
    return last + sum(spared), [
        replace(one, started=one.started + less) for one, less in zip(lost, spared, strict=True)
    ]


def _charged_to_what_came_before(found: Sequence[Stretch], longest: TaskId | None) -> list[Stretch]:
    """Leave out the longest task, which the walk came through; charge each later one with why it was behind."""
    lost: list[Stretch] = []
    behind: Stretch | None = None  # a stretch of the task before the one at work: why that one was behind it
    current: Stretch | None = None  # of the task at work, from the longest on
    for one in reversed(found):
        if one.work is None or (current is None and one.work != longest):
            lost.append(one)
        elif one.work == longest:
            current = one
        else:
            if current is not None and current.work != one.work:
                behind, current = current, one
            assert behind is not None  # noqa: S101 - the longest came before
            lost.append(replace(one, cause=behind.cause, tasks=behind.tasks, detail=behind.detail))
    return lost[::-1]


def _longest(
    spans: Sequence[Span], workings: Workings, windows: Sequence[Window]
) -> tuple[TaskId | None, float, list[Piece]]:
    """Return the task with the most needed work, its seconds, and when it was at it; a rest holds no work."""
    longest: tuple[TaskId | None, float, list[Piece]] = (None, 0.0, [])
    for span in spans:
        if workings.most(span) <= longest[1]:
            continue
        pieces = [piece for piece in workings.of(span) if piece.kind == "needed"]
        if _sum_of(pieces) <= longest[1]:
            continue  # what of it lies within the windows is no more
        pieces = [part for piece in pieces for part in _within(piece, windows)]
        needed = _sum_of(pieces)
        if needed > longest[1]:
            longest = (span.task, needed, pieces)
    return longest


def _sum_of(pieces: Iterable[Piece]) -> float:
    return sum(map(_seconds, pieces))


def _within(piece: Piece, windows: Sequence[Window]) -> list[Piece]:
    parts = [(max(piece.started, started), min(piece.ended, ended)) for started, ended in windows]
    return [replace(piece, started=started, ended=ended) for started, ended in parts if started < ended]


def _spared(lost: Sequence[Stretch], pieces: Sequence[Piece], seconds: float) -> list[float]:
    """Return how much of each stretch is no loss: *seconds* in all, of what lies beside *pieces*, the most first."""
    beside = [
        sum(max(0.0, min(one.ended, piece.ended) - max(one.started, piece.started)) for piece in pieces) for one in lost
    ]
    spared = [0.0] * len(lost)
    for number in sorted(range(len(lost)), key=lambda number: -beside[number]):
        spared[number] = max(0.0, min(beside[number], seconds))
        seconds -= spared[number]
    return spared


def _seconds(one: Stretch | Piece) -> float:
    return one.ended - one.started
