"""The wall time of a run cut into stretches, each with the one reason it has.

Walk back from the end: the last task's own work, what it was set up by, what it waited for; then the task that it
waited for, and so on to the start. No second is counted twice, and none is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from forkjoin.accounting.crowd import Crowd
from forkjoin.errors import listed
from forkjoin.model import Edge, EdgeKind, Hold, LostCause, Span, TaskId, Timeline, Try
from forkjoin.model.text import spelled

_NAMED = 3  # paths named in a detail; the rest is counted
_CAUSES: dict[EdgeKind, LostCause] = {
    "after": "dependency",
    "output": "dependency",
    "write-write": "conflict",
    "write-read": "conflict",
    "unknown": "conflict",
    "resource": "resource",
}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Wall time from *started* to *ended*; `cause` None = the last task at work."""

    started: float
    ended: float
    cause: LostCause | None
    tasks: tuple[TaskId, ...] = ()
    detail: str = ""


def stretches(timeline: Timeline, *, now: float) -> list[Stretch]:
    """Return the stretches of a run, the latest first; *now* stands for ends that are still to come."""
    walk = _Walk(timeline, now)
    by_id = {span.task: span for span in timeline.spans if _tries(span)}
    link = max(by_id.values(), key=lambda span: _recorded(span, now), default=None)
    held: Edge | None = None
    seen: set[TaskId] = set()
    if link is not None:
        walk.back(_recorded(link, now), "overhead", detail="joining and closing")
    while link is not None and link.task not in seen:  # a clock put back could lead in a circle
        seen.add(link.task)
        walk.through(link, held)
        held = _holder(link, by_id, now)
        link = by_id[held.first] if held else None
    walk.back(timeline.started, "overhead", detail="before the first start")
    return walk.found


@dataclass
class _Walk:
    """A cursor that goes back in time and leaves a stretch behind each step."""

    timeline: Timeline
    now: float
    found: list[Stretch] = field(default_factory=list)

    def __post_init__(self) -> None:
        ended = self.timeline.ended
        self.at = max(self.timeline.started, self.now if ended is None else ended)
        self.crowd = Crowd(self.timeline, self.now)

    def back(self, to: float, cause: LostCause | None, tasks: tuple[TaskId, ...] = (), *, detail: str = "") -> None:
        to = max(to, self.timeline.started)
        if to < self.at:
            self.found.append(Stretch(started=to, ended=self.at, cause=cause, tasks=tasks, detail=detail))
            self.at = to

    def through(self, link: Span, held: Edge | None) -> None:
        """Go back through one task, to the moment it could have run; *held* says who waited for it, and why."""
        tries, own = _tries(link), (link.task,)
        last = tries[-1]
        self.back(_end(last, self.now), "overhead", own, detail="between its end and its record")
        if held is None:
            self.back(_start(last), None, own)
        else:
            self.back(
                _start(last),
                _CAUSES[held.kind],
                (held.first, held.then),
                detail=listed(held.paths, _NAMED, say=spelled),
            )
        self.back(last.launched, "set-up", own)
        for before, then in reversed(list(pairwise(tries))):
            self._between(link, before, then)
            self.back(before.launched, "retry", own)
        for one in self._waiting(link, tries[0].launched):
            self.back(one.started, one.cause, own, detail=one.detail)

    def _between(self, link: Span, before: Try, then: Try) -> None:
        """Go back from a try to the end of the one before it; what its provider's limits held of that is theirs."""
        since = then.launched if before.recorded is None else before.recorded
        limits = [hold for hold in link.waits if hold.cause == "limit" and hold.started < then.launched]
        for hold in sorted(limits, key=lambda hold: -hold.started):
            ended = self.now if hold.ended is None else hold.ended
            if ended > since:
                self.back(ended, "retry", (link.task,))
                self.back(max(hold.started, since), "limit", (link.task,), detail=hold.detail)

    def _waiting(self, link: Span, launched: float) -> Iterator[Hold]:
        """Yield why it was not launched when it could have been, the latest reason first."""
        ready = max(link.ready, self.timeline.started)
        holds = [hold for hold in (*self.timeline.holds, *link.waits) if hold.started < launched]
        at = launched
        for hold in sorted(holds, key=lambda hold: -(self.now if hold.ended is None else hold.ended)):
            ended, started = self.now if hold.ended is None else hold.ended, max(hold.started, ready)
            if started >= min(ended, at):
                continue
            yield from self.crowd.reasons(link, max(ready, min(ended, at)), at)
            yield Hold(cause=hold.cause, started=started, ended=at, detail=hold.detail)
            at = started
        if at > ready:
            yield from self.crowd.reasons(link, ready, at)


def work(span: Span, now: float) -> float:
    """Return the seconds of the task's last attempt, 0 where it never began."""
    tries = _tries(span)
    return max(0.0, _end(tries[-1], now) - _start(tries[-1])) if tries else 0.0


def _holder(link: Span, by_id: dict[TaskId, Span], now: float) -> Edge | None:
    """Return the edge to the predecessor that ended last."""
    edges = link.edges or tuple(Edge(first=task, then=link.task, kind="after") for task in link.after)
    ran = [edge for edge in edges if edge.first in by_id and edge.first != link.task]
    return max(ran, key=lambda edge: _recorded(by_id[edge.first], now), default=None)


def _tries(span: Span) -> tuple[Try, ...]:
    if span.tries or span.started is None:
        return span.tries
    launched = span.started if span.launched is None else span.launched
    return (Try(launched=launched, started=span.started, ended=span.ended, recorded=span.ended),)


def _start(one: Try) -> float:
    return one.launched if one.started is None else one.started


def _end(one: Try, now: float) -> float:
    known = one.recorded if one.ended is None else one.ended
    return now if known is None else known


def _recorded(span: Span, now: float) -> float:
    recorded = _tries(span)[-1].recorded
    return now if recorded is None else recorded
