"""Where the time went: wall, sum, speed-up, and the chain of tasks that made the wall time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from forkjoin.model import Account, Span, TaskId

# A start this close to what allowed it did not wait: that is the turn of a loop, not a queue.
_AT_ONCE_S = 0.05


def account(spans: Sequence[Span], *, started: float, ended: float) -> Account:
    """Return the account of a run from *started* to *ended* (Unix time, seconds).

    A task that never started counts nothing; one that still runs counts up to *ended*. `speedup` is sum over wall,
    1.0 where no time passed. `lost` is empty.
    """
    wall = max(0.0, ended - started)
    total = sum(_seconds(span, ended) for span in spans)
    return Account(
        wall_s=wall,
        sum_s=total,
        speedup=total / wall if wall > 0 else 1.0,
        critical_path=_critical_path([span for span in spans if span.started is not None], ended),
    )


def _seconds(span: Span, now: float) -> float:
    return 0.0 if span.started is None else max(0.0, _end(span, now) - span.started)


def _critical_path(ran: Sequence[Span], now: float) -> tuple[TaskId, ...]:
    """Walk back from the last end; return the chain in the order it ran."""
    by_id = {span.task: span for span in ran}
    by_end = sorted(ran, key=lambda span: _end(span, now))
    ends = [_end(span, now) for span in by_end]
    chain: dict[TaskId, None] = {}
    link = by_end[-1] if by_end else None
    while link is not None and link.task not in chain:  # a clock put back could lead in a circle
        chain[link.task] = None
        link = _released_by(link, by_id, by_end, ends)
    return tuple(reversed(chain))


def _released_by(span: Span, by_id: dict[TaskId, Span], by_end: Sequence[Span], ends: Sequence[float]) -> Span | None:
    """Return the task whose end let *span* start: the slot it waited for, else the last of its predecessors."""
    launch = _launch(span)
    if launch - span.ready > _AT_ONCE_S:
        last = bisect_right(ends, launch) - 1
        if last >= 0 and by_end[last] is not span and ends[last] > span.ready:
            return by_end[last]
    first = [by_id[task] for task in span.after if task in by_id and task != span.task]
    return max(first, key=lambda one: _end(one, launch), default=None)


def _launch(span: Span) -> float:
    return span.launched if span.launched is not None else span.started or 0.0


def _end(span: Span, now: float) -> float:
    return now if span.ended is None else span.ended
