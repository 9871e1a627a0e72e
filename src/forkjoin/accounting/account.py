"""Where the time went: wall, sum, speed-up, the chain that made the wall time, and the cause of each lost second."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from statistics import median

from forkjoin.accounting.stretches import Stretch, stretches, work
from forkjoin.model import Account, LostCause, LostTime, Span, TaskId, Timeline

# A start this close to what allowed it did not wait: that is the turn of a loop, not a queue.
_AT_ONCE_S = 0.05
_LONG = 1.5  # times what was expected: from there on a last task is a straggler
_NOTABLE_S = 0.2  # less than that of a straggler is chance
_NEGLIGIBLE_S = 0.0005


def account(timeline: Timeline, *, now: float) -> Account:
    """Return the account of a run; *now* (Unix time, seconds) stands for ends that are still to come.

    A task that never started counts nothing. `speedup` is sum over wall, 1.0 where no time passed.
    """
    ended = now if timeline.ended is None else timeline.ended
    wall = max(0.0, ended - timeline.started)
    ran = [span for span in timeline.spans if span.started is not None]
    total = sum(_seconds(span, ended) for span in ran)
    return Account(
        wall_s=wall,
        sum_s=total,
        speedup=total / wall if wall > 0 else 1.0,
        critical_path=_critical_path(ran, ended),
        lost=_lost(timeline, stretches(timeline, now=ended), ended),
        ideal_s=_ideal(ran, ended),
    )


def _lost(timeline: Timeline, found: Sequence[Stretch], now: float) -> tuple[LostTime, ...]:
    """Return the lost seconds by cause and detail, most first."""
    seconds: dict[tuple[LostCause, str], float] = {}
    tasks: dict[tuple[LostCause, str], dict[TaskId, None]] = {}
    for one in reversed(_with_straggler(timeline.spans, found, now)):
        if one.cause is not None:
            key = (one.cause, one.detail)
            seconds[key] = seconds.get(key, 0.0) + one.ended - one.started
            tasks.setdefault(key, {}).update(dict.fromkeys(one.tasks))
    worst = sorted(seconds, key=lambda key: (-seconds[key], key))
    return tuple(
        LostTime(cause=key[0], seconds=seconds[key], tasks=tuple(tasks[key]), detail=key[1])
        for key in worst
        if seconds[key] >= _NEGLIGIBLE_S
    )


def _with_straggler(spans: Sequence[Span], found: Sequence[Stretch], now: float) -> list[Stretch]:
    """Cut from the last task's work what it took beyond what was expected of it, while nothing else ran any more."""
    at = next((number for number, one in enumerate(found) if one.cause is None), None)
    if at is None:
        return list(found)
    own = found[at]
    others = [span for span in spans if span.task not in own.tasks and span.started is not None]
    link = next(span for span in spans if span.task in own.tasks)
    took = own.ended - own.started
    expected = link.estimate or (median(work(span, now) for span in others) if others else took)
    alone = own.ended - max((_end(span, now) for span in others), default=own.started)
    excess = min(took - expected, alone)
    if took <= _LONG * expected or excess < _NOTABLE_S:
        return list(found)
    cut = own.ended - excess
    late = Stretch(
        started=cut, ended=own.ended, cause="straggler", tasks=own.tasks,
        detail=f"{took:.1f} s where {expected:.1f} s were expected",
    )  # fmt: skip
    rest = Stretch(started=own.started, ended=cut, cause=None, tasks=own.tasks)
    return [*found[:at], late, rest, *found[at + 1 :]]


def _ideal(ran: Sequence[Span], now: float) -> float:
    """Return the seconds of the longest chain of needed work, as if there were no cap, conflict or overhead."""
    by_id = {span.task: span for span in ran}
    needed = {span.task: [task for task in _needed(span) if task in by_id] for span in ran}
    behind: dict[TaskId, list[TaskId]] = {}
    for task, first in needed.items():
        for one in first:
            behind.setdefault(one, []).append(task)
    left = {task: len(first) for task, first in needed.items()}
    order = [task for task, count in left.items() if not count]
    chain = dict.fromkeys(needed, 0.0)
    longest = 0.0
    for task in order:  # grows while it is read; what lies in a circle never gets there
        chain[task] += work(by_id[task], now)
        longest = max(longest, chain[task])
        for then in behind.get(task, ()):
            chain[then] = max(chain[then], chain[task])
            left[then] -= 1
            if not left[then]:
                order.append(then)
    return longest


def _needed(span: Span) -> list[TaskId]:
    if span.edges:
        return list(dict.fromkeys(edge.first for edge in span.edges if edge.needs_success))
    return list(dict.fromkeys(span.after))


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
