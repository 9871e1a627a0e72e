"""What one task did when: waiting and for what, set-up, its attempts, and what lay between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from forkjoin.errors import listed
from forkjoin.model import EdgeKind, Hold, LostCause, Span, TaskId, Timeline, Try
from forkjoin.model.text import spelled

PhaseKind = Literal["waiting", "set-up", "running", "recording"]
_CAUSES: dict[EdgeKind, LostCause] = {
    "after": "dependency", "output": "dependency", "write-write": "conflict", "write-read": "conflict",
    "unknown": "conflict", "resource": "resource",
}  # fmt: skip
_PATHS = 3


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a task's time (Unix seconds); `cause` says what it waits for, `attempt` which one runs."""

    kind: PhaseKind
    started: float
    ended: float
    cause: LostCause | None = None
    detail: str = ""
    attempt: int = 0


def phases(timeline: Timeline, *, now: float) -> dict[TaskId, tuple[Phase, ...]]:
    """Return the phases of each task in their order; those of a task that has not ended go on to *now*.

    One that never left the queue of a run that is over waited no longer than for whom it was behind. Phases of no
    length are left out.
    """
    end = now if timeline.ended is None else timeline.ended
    ends = {span.task: span.ended for span in timeline.spans}
    return {
        span.task: tuple(phase for phase in _phases(span, timeline, ends, end) if phase.ended > phase.started)
        for span in timeline.spans
    }


def _phases(span: Span, timeline: Timeline, ends: Mapping[TaskId, float | None], end: float) -> Iterator[Phase]:
    tries = span.tries or _one_try(span)
    launched = tries[0].launched if tries else end
    ready = min(span.ready, launched) if tries or not span.edges else _let_go(span, ends, end)
    if span.edges:
        cause, detail = _behind(span, ends)
        yield Phase(kind="waiting", started=timeline.started, ended=ready, cause=cause, detail=detail)
    if tries or timeline.ended is None:
        yield from _held(ready, launched, (*timeline.holds, *span.waits), _left_over(span, timeline), end)
    for number, attempt in enumerate(tries, start=1):
        following = tries[number].launched if number < len(tries) else None
        yield from _attempt(attempt, number, following, end, stood=(*span.limits, *span.halts))


def _let_go(span: Span, ends: Mapping[TaskId, float | None], end: float) -> float:
    """Return when the last of those it was behind had ended; who has not ended counts until the end."""
    ended = (ends.get(edge.first) for edge in span.edges)
    return min(end, max(end if at is None else at for at in ended))


def _one_try(span: Span) -> tuple[Try, ...]:
    if span.started is None:
        return ()
    launched = span.started if span.launched is None else span.launched
    return (Try(launched=launched, started=span.started, ended=span.ended),)


def _attempt(
    attempt: Try, number: int, following: float | None, end: float, *, stood: Sequence[Hold]
) -> Iterator[Phase]:
    over = end if following is None else following
    started = over if attempt.started is None else attempt.started
    ended = over if attempt.ended is None else attempt.ended
    recorded = ended if attempt.recorded is None else attempt.recorded
    yield Phase(kind="set-up", started=attempt.launched, ended=started, cause="set-up", attempt=number)
    yield from _at_work(started, ended, stood, number, end)
    yield Phase(kind="recording", started=ended, ended=recorded, cause="overhead", attempt=number)
    if following is not None:
        yield Phase(kind="waiting", started=recorded, ended=following, cause="retry", attempt=number + 1)


def _at_work(since: float, until: float, stood: Sequence[Hold], number: int, end: float) -> Iterator[Phase]:
    """Yield when it ran, and between when its agent waited for a provider or was made to stand still."""
    at = since
    for hold in sorted(stood, key=lambda hold: hold.started):
        started, ended = max(at, hold.started), min(until, end if hold.ended is None else hold.ended)
        if started < ended:
            yield Phase(kind="running", started=at, ended=started, attempt=number)
            yield Phase(
                kind="waiting", started=started, ended=ended, cause=hold.cause, detail=hold.detail, attempt=number
            )
            at = ended
    yield Phase(kind="running", started=at, ended=until, attempt=number)


def _behind(span: Span, ends: Mapping[TaskId, float | None]) -> tuple[LostCause, str]:
    """Return the cause and words of the edge that held it longest: that of whom it waited for last."""
    last = max(span.edges, key=lambda edge: (_never_before(ends.get(edge.first)), edge.first))
    paths = listed(last.paths, _PATHS, say=spelled)
    return _CAUSES[last.kind], f"waited for {last.first}" + (f" ({paths})" if paths else "")


def _never_before(ended: float | None) -> float:
    return float("inf") if ended is None else ended


def _left_over(span: Span, timeline: Timeline) -> LostCause:
    """Return what may have held a task where nothing else did."""
    if timeline.slots is not None or timeline.cores is not None or any(cap.since is None for cap in span.caps):
        return "cap"
    return "provider limit" if span.caps else "overhead"


def _held(since: float, until: float, holds: Sequence[Hold], cap: LostCause, end: float) -> Iterator[Phase]:
    """Yield what held a task that was ready: first the named holds, between them the *cap* or ourselves."""
    rest: LostCause = cap if until - since > _NOTICED_S else "overhead"
    at = since
    for hold in sorted(holds, key=lambda hold: (hold.started, hold.cause)):
        started = max(at, hold.started)
        ended = min(until, end if hold.ended is None else hold.ended)
        if ended <= started:
            continue
        yield Phase(kind="waiting", started=at, ended=started, cause=rest)
        yield Phase(kind="waiting", started=started, ended=ended, cause=hold.cause, detail=hold.detail)
        at = ended
    yield Phase(kind="waiting", started=at, ended=until, cause=rest)


_NOTICED_S = 0.1  # it takes us that long at most to see that a task is ready; what is longer was a cap
