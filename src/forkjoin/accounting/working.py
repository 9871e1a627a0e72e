"""What of each task's time at work was needed, and what of it was a wait, or longer than expected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from forkjoin.model import Hold, LostCause, Span, TaskId, Timeline, Try

_LONG = 1.5  # times what was expected: from there on a task is a straggler
_NOTABLE_S = 0.5  # less than that beyond it is chance
_HEARD_S = 1.0  # an agent may be heard that late: a wait that seems to outlast it began as much earlier
_SIBLINGS = 2  # others of its kin that have completed: fewer say nothing of what is usual


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an attempt's time at work."""

    started: float
    ended: float
    kind: Literal["needed", "held", "straggler"]
    cause: LostCause | None = None  # of what is not needed
    detail: str = ""


class Workings:
    """The work of a run's tasks, each against what was expected of it.

    What is expected is its estimate, else what the middle one of its kin took. Of a task that has neither nobody knows
    how long it should take, so it is never called a straggler.
    """

    def __init__(self, timeline: Timeline, now: float) -> None:
        self._now = now
        self._net = {span.task: self._worked(span, tries[-1]) for span in timeline.spans if (tries := tries_of(span))}
        kin: dict[str, list[float]] = {}
        for span in timeline.spans:
            if span.kin and span.completed and span.task in self._net:
                kin.setdefault(span.kin, []).append(self._net[span.task])
        self._kin = {name: sorted(took) for name, took in kin.items()}

    def of(self, span: Span) -> list[Piece]:
        """Return the work of the task's last attempt in pieces, in their order; nothing where it never began."""
        tries = tries_of(span)
        if not tries:
            return []
        pieces, expected, took = self._parts(span, tries[-1]), self._expected(span), self._net[span.task]
        if expected is None or took <= _LONG * expected or took - expected < _NOTABLE_S:
            return pieces
        return _cut(pieces, took - expected, f"{took:.1f} s where {expected:.1f} s were expected")

    def most(self, span: Span) -> float:
        """Return the seconds that the last attempt's needed work has at most; 0 where it never began."""
        return self._net.get(span.task, 0.0)

    def in_vain(self, span: Span, one: Try) -> list[Piece]:
        """Return the pieces of an attempt that another followed."""
        return self._parts(span, one)

    def _expected(self, span: Span) -> float | None:
        if span.estimate is not None:
            return span.estimate
        took = self._kin.get(span.kin, ())
        own = bisect_left(took, self._net[span.task]) if span.completed else len(took)
        others = len(took) - (own < len(took))
        if others < _SIBLINGS:
            return None

        def other(place: int) -> float:
            return took[place + (place >= own)]

        return (other((others - 1) // 2) + other(others // 2)) / 2

    def _worked(self, span: Span, one: Try) -> float:
        if not (span.limits or span.halts):  # nearly all of a long run: nothing cuts their work
            return max(0.0, end_of(one, self._now) - start_of(one))
        return sum(piece.ended - piece.started for piece in self._parts(span, one) if piece.kind != "held")

    def _parts(self, span: Span, one: Try) -> list[Piece]:
        """Return the attempt's work, cut where its agent waited for a provider, or was made to stand still."""
        pieces: list[Piece] = []
        at, ended = start_of(one), end_of(one, self._now)
        for hold in sorted((*span.limits, *span.halts), key=lambda hold: hold.started):
            over = self._now if hold.ended is None else hold.ended
            until = min(ended, over)
            began = max(at, _heard(hold, over - until))
            if began < until:
                pieces += [Piece(started=at, ended=began, kind="needed")] if at < began else []
                pieces.append(Piece(started=began, ended=until, kind="held", cause=hold.cause, detail=hold.detail))
                at = until
        return [*pieces, Piece(started=at, ended=ended, kind="needed")] if at < ended else pieces


def _heard(hold: Hold, outlasts: float) -> float:
    """Return when it began: what an agent says of its provider is heard late, what we did ourselves is not."""
    return hold.started - (min(outlasts, _HEARD_S) if hold.cause == "provider limit" else 0.0)


def _cut(pieces: Sequence[Piece], excess: float, detail: str) -> list[Piece]:
    """Return the pieces with the last *excess* seconds of needed work being those of a straggler."""
    found: list[Piece] = []
    for piece in reversed(pieces):
        if piece.kind == "held" or excess <= 0:
            found.append(piece)
            continue
        cut = max(piece.started, piece.ended - excess)
        found.append(Piece(started=cut, ended=piece.ended, kind="straggler", cause="straggler", detail=detail))
        if piece.started < cut:
            found.append(Piece(started=piece.started, ended=cut, kind="needed"))
        excess -= piece.ended - cut
    return found[::-1]


def tries_of(span: Span) -> tuple[Try, ...]:
    """Return the attempts since the task was last asked for; one where only its start is known."""
    if span.tries or span.started is None:
        return span.tries
    launched = span.started if span.launched is None else span.launched
    return (Try(launched=launched, started=span.started, ended=span.ended, recorded=span.ended),)


def start_of(one: Try) -> float:
    """Return when its process was there, else when it was launched."""
    return one.launched if one.started is None else one.started


def end_of(one: Try, now: float) -> float:
    """Return when it ended, as far as that is known."""
    known = one.recorded if one.ended is None else one.ended
    return now if known is None else known


def recorded_of(one: Try, now: float) -> float:
    """Return when its end was written down."""
    return now if one.recorded is None else one.recorded


def seconds_of(spans: Sequence[Span], now: float) -> float:
    """Return the seconds of all attempts together, without those in which they were made to stand still."""
    return sum(_seconds(spans, now))


def _seconds(spans: Sequence[Span], now: float) -> Iterator[float]:
    for span in spans:
        for one in (*span.earlier, *tries_of(span)):
            if one.started is not None:
                yield max(0.0, end_of(one, now) - one.started - _halted(span, one.started, end_of(one, now), now))


def _halted(span: Span, started: float, ended: float, now: float) -> float:
    if not span.halts:
        return 0.0
    ends = ((hold, now if hold.ended is None else hold.ended) for hold in span.halts)
    return sum(max(0.0, min(ended, until) - max(started, hold.started)) for hold, until in ends)


def by_task(spans: Sequence[Span]) -> dict[TaskId, Span]:
    """Return the tasks that were tried."""
    return {span.task: span for span in spans if span.earlier or tries_of(span)}
