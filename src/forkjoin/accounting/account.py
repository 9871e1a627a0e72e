"""Where the time went: wall, sum, speed-up, the chain that made the wall time, and the cause of each lost second."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from forkjoin.accounting.costs import without_the_longest
from forkjoin.accounting.stretches import Stretch, Window, stretches, windows
from forkjoin.accounting.working import Workings, seconds_of
from forkjoin.model import Account, Hold, LostCause, LostTime, Span, TaskId, Timeline

# A start this close to what allowed it did not wait: that is the turn of a loop, not a queue.
_AT_ONCE_S = 0.05
_Key = tuple[LostCause, str]


def account(timeline: Timeline, *, now: float) -> Account:
    """Return the account of a run; *now* (Unix time, seconds) stands for ends that are still to come.

    A task that never started counts nothing. `speedup` is sum over wall, 1.0 where no time passed.
    """
    ended = now if timeline.ended is None else timeline.ended
    at_it = windows(timeline, now=ended)
    wall = sum(until - since for since, until in at_it)
    ran = [span for span in timeline.spans if span.started is not None]
    total = seconds_of(timeline.spans, ended)
    workings = Workings(timeline, ended)
    found = stretches(timeline, workings, now=ended)
    ideal, lost = without_the_longest(found, timeline.spans, workings, at_it)
    return Account(
        wall_s=wall,
        sum_s=total,
        speedup=total / wall if wall > 0 else 1.0,
        critical_path=_critical_path(ran, ended),
        lost=_by_cause(lost, found),
        ideal_s=ideal,
        rests=_rests(at_it, timeline.rests),
    )


def _by_cause(lost: Sequence[Stretch], found: Sequence[Stretch]) -> tuple[LostTime, ...]:
    """Return the lost seconds by cause and detail, most first, each with how long *found* says that it was waited."""
    waited = _sums(found)
    seconds = _sums(lost)
    tasks: dict[_Key, dict[TaskId, None]] = {}
    for one in reversed(lost):
        if one.cause is not None and one.ended > one.started:
            tasks.setdefault((one.cause, one.detail), {}).update(dict.fromkeys(one.tasks))
    return tuple(
        LostTime(
            cause=key[0], seconds=seconds[key], tasks=tuple(tasks[key]), detail=key[1],
            waited=max(seconds[key], waited.get(key, 0.0)),
        )
        for key in sorted(tasks, key=lambda key: (-seconds[key], key))
    )  # fmt: skip


def _sums(found: Sequence[Stretch]) -> dict[_Key, float]:
    seconds: dict[_Key, float] = {}
    for one in found:
        if one.cause is not None:
            seconds[one.cause, one.detail] = seconds.get((one.cause, one.detail), 0.0) + one.ended - one.started
    return seconds


def _rests(at_it: Sequence[Window], rests: Sequence[Hold]) -> tuple[LostTime, ...]:
    """Return the times between the windows in which the run was not over."""
    between = [again - over for (_, over), (again, _) in pairwise(at_it)]
    detail = rests[0].detail if rests else ""
    return tuple(LostTime(cause="rest", seconds=s, detail=detail, waited=s) for s in between)


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
