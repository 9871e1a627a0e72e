"""The wall time of a run cut into stretches, each with the one reason it has.

Walk back from the end: the last task's own work, what it was set up by, what it waited for; then the task that it
waited for, and so on to the start. No second is counted twice, and none is left out. A run that was over and was asked
for more is walked through from each of its ends; the rests between are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from forkjoin.accounting.crowd import Crowd
from forkjoin.accounting.working import Piece, Workings, by_task, end_of, recorded_of, tries_of
from forkjoin.errors import listed
from forkjoin.model import Edge, EdgeKind, Hold, LostCause, Span, TaskId, Timeline, Try
from forkjoin.model.text import spelled

_NAMED = 3  # paths named in a detail; the rest is counted
_AT_ONCE_S = 0.05  # who ended that shortly after a launch may still have allowed it: two owners' clocks
_CAUSES: dict[EdgeKind, LostCause] = {
    "after": "dependency",
    "output": "dependency",
    "write-write": "conflict",
    "write-read": "conflict",
    "unknown": "conflict",
    "resource": "resource",
}
Window: TypeAlias = tuple[float, float]
_Tried: TypeAlias = dict[TaskId, list[Try]]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time from *started* to *ended*; `cause` None = the last task at work. `work` = whose work it was."""

    started: float
    ended: float
    cause: LostCause | None
    tasks: tuple[TaskId, ...] = ()
    detail: str = ""
    work: TaskId | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task's work kept the run waiting; `cause` None = it did not: it was the last."""

    cause: LostCause | None
    tasks: tuple[TaskId, ...] = ()
    detail: str = ""


def windows(timeline: Timeline, *, now: float) -> list[Window]:
    """Return the times in which the run was not over, in their order; *now* stands for an end that is still to come."""
    found, at = [], timeline.started
    end = max(at, now if timeline.ended is None else timeline.ended)
    for rest in sorted(timeline.rests, key=lambda rest: rest.started):
        over, again = min(end, max(at, rest.started)), min(end, end if rest.ended is None else rest.ended)
        if again > over:
            found.append((at, over))
            at = again
    return [*found, (at, end)]


def stretches(timeline: Timeline, workings: Workings, *, now: float) -> list[Stretch]:
    """Return the stretches of a run, the latest first; *now* stands for ends that are still to come."""
    walk = _Walk(timeline, workings, now)
    asked_again: tuple[TaskId, ...] = ()
    for window, tried in reversed(list(_by_window(timeline, now))):
        walk.along(window, tried, asked_again)
        asked_again = tuple(dict.fromkeys((*tried, *asked_again)))
    return walk.found


def _by_window(timeline: Timeline, now: float) -> Iterator[tuple[Window, _Tried]]:
    found = windows(timeline, now=now)
    starts = [started for started, _ in found]
    tried: list[_Tried] = [{} for _ in found]
    for span in timeline.spans:
        for one in (*span.earlier, *tries_of(span)):
            tried[max(0, bisect_right(starts, one.launched) - 1)].setdefault(span.task, []).append(one)
    yield from zip(found, tried, strict=True)


class _Walk:
    """A cursor that goes back in time and leaves a stretch behind each step."""

    def __init__(self, timeline: Timeline, workings: Workings, now: float) -> None:
        self.found: list[Stretch] = []
        self._workings, self._now = workings, now
        self._at = self._start = now
        self._crowd = Crowd(timeline, now)
        self._spans = by_task(timeline.spans)
        self._away = sorted((h for h in timeline.holds if h.cause == "owner"), key=lambda h: h.started, reverse=True)
        self._holds = [hold for hold in timeline.holds if hold.cause != "owner"]

    def along(self, window: Window, tried: _Tried, asked_again: tuple[TaskId, ...]) -> None:
        """Go through one window; *asked_again* are the tasks of those behind it."""
        self._start, self._at = window
        link = max(tried, key=lambda task: recorded_of(tried[task][-1], self._now), default=None)
        why = Why(cause="retry", tasks=asked_again, detail="asked for again")
        if link is not None:
            why = why if asked_again else Why(cause=None, tasks=(link,))
            self._idle(recorded_of(tried[link][-1], self._now), "joining the results")
        seen: set[TaskId] = set()
        while link is not None and link not in seen:  # a clock put back could lead in a circle
            seen.add(link)
            held = self._holder(link, tried)
            ready = _ready(self._spans[link], held, tried, window, self._now)
            self._through(self._spans[link], tried[link], why, ready)
            if held is not None:
                paths = listed(held.paths, _NAMED, say=spelled)
                why = Why(cause=_CAUSES[held.kind], tasks=(held.first, held.then), detail=paths)
            link = None if held is None else held.first
        self._idle(self._start, "before the first start")

    def _through(self, link: Span, tries: Sequence[Try], why: Why, ready: float) -> None:
        """Go back through one task, to the moment it could have run; *why* says why somebody waited for its work."""
        own, last = (link.task,), tries[-1]
        needed = last in tries_of(link)[-1:]
        if not needed and why.cause is None:  # it is to be done again, which has not begun yet
            why = Why(cause="retry", tasks=own, detail="asked for again")
        pieces = self._workings.of(link) if needed else self._workings.in_vain(link, last)
        self._idle(end_of(last, self._now), "taking in its result", own)
        self._work(link, pieces, why, work=link.task if needed else None)
        self._back(last.launched, "set-up", own)
        for number in range(len(tries) - 1, 0, -1):
            before = tries[number - 1]
            self._waited(link, end_of(before, self._now), tries[number].launched, ours="retry")
            self._work(link, self._workings.in_vain(link, before), Why(cause="retry", tasks=own), work=None)
            self._back(before.launched, "retry", own)
        self._waited(link, ready, tries[0].launched)

    def _waited(self, link: Span, ready: float, launched: float, *, ours: LostCause = "overhead") -> None:
        for one in self._waiting(link, ready, launched):
            if one.cause != "overhead":
                self._back(one.started, one.cause, (link.task,), detail=one.detail)
            else:
                self._idle(one.started, one.detail if ours == "overhead" else "", (link.task,), cause=ours)

    def _work(self, link: Span, pieces: Sequence[Piece], why: Why, *, work: TaskId | None) -> None:
        for piece in reversed(pieces):
            if piece.kind == "needed":
                self._back(piece.started, why.cause, why.tasks, detail=why.detail, work=work)
            else:
                self._back(piece.started, piece.cause, (link.task,), detail=piece.detail)

    def _idle(self, to: float, detail: str, tasks: tuple[TaskId, ...] = (), *, cause: LostCause = "overhead") -> None:
        """Go back through a time in which nothing ran on this chain: nobody's fault but ours, or the owner was away."""
        for away in self._away:
            ended = self._now if away.ended is None else away.ended
            if min(ended, self._at) > max(to, away.started, self._start):
                self._back(ended, cause, tasks, detail=detail)
                self._back(max(to, away.started), "owner", detail=away.detail)
        self._back(to, cause, tasks, detail=detail)

    def _back(
        self, to: float, cause: LostCause | None, tasks: tuple[TaskId, ...] = (), *, detail: str = "",
        work: TaskId | None = None,
    ) -> None:  # fmt: skip
        to = max(to, self._start)
        if to < self._at:
            self.found.append(Stretch(started=to, ended=self._at, cause=cause, tasks=tasks, detail=detail, work=work))
            self._at = to

    def _waiting(self, link: Span, ready: float, launched: float) -> Iterator[Hold]:
        """Yield why it was not launched when it could have been, the latest reason first."""
        holds = [hold for hold in (*self._holds, *link.waits) if hold.started < launched]
        at = launched
        for hold in sorted(holds, key=lambda hold: -(self._now if hold.ended is None else hold.ended)):
            ended, started = self._now if hold.ended is None else hold.ended, max(hold.started, ready)
            if started >= min(ended, at):
                continue
            yield from self._crowd.reasons(link, max(ready, min(ended, at)), at)
            yield Hold(cause=hold.cause, started=started, ended=at, detail=hold.detail)
            at = started
        if at > ready:
            yield from self._crowd.reasons(link, ready, at)

    def _holder(self, task: TaskId, tried: _Tried) -> Edge | None:
        """Return the edge to the predecessor that ended last before the task was launched."""
        link, launched = self._spans[task], tried[task][0].launched
        edges = link.edges or tuple(Edge(first=first, then=task, kind="after") for first in link.after)
        ran = {
            edge: recorded
            for edge in edges
            if edge.first in tried and edge.first != task
            and (recorded := recorded_of(tried[edge.first][-1], self._now)) <= launched + _AT_ONCE_S
        }  # fmt: skip
        return max(ran, key=lambda edge: ran[edge], default=None)


def _ready(span: Span, held: Edge | None, tried: Mapping[TaskId, Sequence[Try]], window: Window, now: float) -> float:
    """Return when it could have run: as it is known, else (asked for again since) when whom it was behind had ended."""
    if window[0] <= span.ready <= tried[span.task][0].launched:
        return span.ready
    return window[0] if held is None else max(window[0], recorded_of(tried[held.first][-1], now))
