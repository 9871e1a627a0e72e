"""How many tasks, and how many cores of them, were live at each moment: why one that could have run did not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Literal, TypeAlias

from forkjoin.accounting.working import end_of, tries_of
from forkjoin.model import Hold, LostCause, Span, Timeline

_Reason: TypeAlias = tuple[LostCause, str]
_Group: TypeAlias = tuple[Literal["agent", "model", "provider"], str]
_OURS: _Reason = ("overhead", "launching")


class Crowd:
    """A step function of time, made once; a question costs the steps it spans."""

    def __init__(self, timeline: Timeline, now: float) -> None:
        self._slots, self._cores = timeline.slots, timeline.cores
        self._likes = {(cap.kind, cap.name): _Steps() for span in timeline.spans for cap in span.caps}
        self._all = _Steps()
        for at, tasks, cores, groups in sorted(_changes(timeline, now)):
            self._all.add(at, tasks, cores)
            for group in groups:
                self._likes[group].add(at, tasks, cores)

    def reasons(self, span: Span, started: float, ended: float) -> Iterator[Hold]:
        """Yield, the latest first, why *span* was not launched from *started* to *ended*: a cap, else our overhead."""
        if ended <= started:
            return
        cuts = [started, *self._cuts(span, started, ended), ended]
        until, reason = ended, _OURS
        for number in range(len(cuts) - 1, 0, -1):
            found = self._cap(span, cuts[number - 1])
            if number < len(cuts) - 1 and found != reason:
                yield _held(reason, cuts[number], until)
                until = cuts[number]
            reason = found
        yield _held(reason, started, until)

    def _cuts(self, span: Span, started: float, ended: float) -> list[float]:
        steps = [self._all.times] + [self._likes[group].times for group in _groups(span)]
        found = {at for times in steps for at in times[bisect_right(times, started) : bisect_left(times, ended)]}
        return sorted(found | {cap.since for cap in span.caps if cap.since is not None and started < cap.since < ended})

    def _cap(self, span: Span, at: float) -> _Reason:
        live, cpu = self._all.live(at)
        if self._slots is not None and live >= self._slots:
            return "cap", f"for a free place (max_parallel {self._slots})"
        if self._cores is not None and span.cpu > 0 and cpu + min(span.cpu, self._cores) > self._cores + 1e-6:
            return "cap", f"for free cores (of {self._cores:g})"
        full: _Reason = _OURS
        for cap in span.caps:
            if self._likes[cap.kind, cap.name].live(at)[0] < cap.most or at < (cap.since or 0.0):
                continue
            if cap.since is None:
                return "cap", f"for a free place ({cap.kind} {cap.name}: at most {cap.most} at once)"
            # It may have been given more again since: that nothing else held the task says that it was not enough.
            full = "provider limit", f"for {cap.name}, which takes fewer at once since it sent tasks away"
        return full


class _Steps:
    """How many tasks were live, and the sum of their cores, from each of `times` on."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._live: list[tuple[int, float]] = []

    def add(self, at: float, tasks: int, cores: float) -> None:
        live, cpu = self._live[-1] if self._live else (0, 0.0)
        if self.times and self.times[-1] == at:
            self._live[-1] = (live + tasks, cpu + cores)
        else:
            self.times.append(at)
            self._live.append((live + tasks, cpu + cores))

    def live(self, at: float) -> tuple[int, float]:
        step = bisect_right(self.times, at) - 1
        return self._live[step] if step >= 0 else (0, 0.0)


def _held(reason: _Reason, started: float, ended: float) -> Hold:
    cause, detail = reason
    return Hold(cause=cause, started=started, ended=ended, detail=detail)


def _groups(span: Span) -> tuple[_Group, ...]:
    return tuple({(cap.kind, cap.name): None for cap in span.caps}) if span.caps else ()


def _changes(timeline: Timeline, now: float) -> Iterator[tuple[float, int, float, tuple[_Group, ...]]]:
    """Yield who came and went. Who has ended holds no place, seen by us or not: what passes until then is our own."""
    for span in timeline.spans:
        groups = _groups(span)
        for one in (*span.earlier, *tries_of(span)):
            yield one.launched, 1, span.cpu, groups
            yield max(one.launched, end_of(one, now)), -1, -span.cpu, groups
