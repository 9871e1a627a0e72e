"""How many tasks, and how many cores of them, were live at each moment: why one that could have run did not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from forkjoin.accounting.working import end_of, tries_of
from forkjoin.model import Hold, Span, Timeline


class Crowd:
    """A step function of time, made once; a question costs the steps it spans."""

    def __init__(self, timeline: Timeline, now: float) -> None:
        self._slots, self._cores = timeline.slots, timeline.cores
        changes = sorted(_changes(timeline, now))
        self._times: list[float] = []
        self._live: list[tuple[int, float]] = []
        live, cpu = 0, 0.0
        for at, tasks, cores in changes:
            live, cpu = live + tasks, cpu + cores
            if self._times and self._times[-1] == at:
                self._live[-1] = (live, cpu)
            else:
                self._times.append(at)
                self._live.append((live, cpu))

    def reasons(self, span: Span, started: float, ended: float) -> Iterator[Hold]:
        """Yield, the latest first, why *span* was not launched from *started* to *ended*: a cap, else our overhead."""
        if ended <= started:
            return
        first, last = bisect_right(self._times, started), bisect_left(self._times, ended)
        cuts = [started, *self._times[first:last], ended]
        until, reason = ended, ""
        for number in range(len(cuts) - 1, 0, -1):
            found = self._cap(span, first + number - 2)
            if number < len(cuts) - 1 and found != reason:
                yield _held(reason, cuts[number], until)
                until = cuts[number]
            reason = found
        yield _held(reason, started, until)

    def _cap(self, span: Span, step: int) -> str:
        live, cpu = self._live[step] if step >= 0 else (0, 0.0)
        if self._slots is not None and live >= self._slots:
            return f"for a free place (max_parallel {self._slots})"
        if self._cores is not None and span.cpu > 0 and cpu + min(span.cpu, self._cores) > self._cores + 1e-6:
            return f"for free cores (of {self._cores:g})"
        return ""


def _held(reason: str, started: float, ended: float) -> Hold:
    detail = reason or "launching"
    return Hold(cause="cap" if reason else "overhead", started=started, ended=ended, detail=detail)


def _changes(timeline: Timeline, now: float) -> Iterator[tuple[float, int, float]]:
    """Yield who came and went. Who has ended holds no place, seen by us or not: what passes until then is our own."""
    for span in timeline.spans:
        for one in (*span.earlier, *tries_of(span)):
            yield one.launched, 1, span.cpu
            yield max(one.launched, end_of(one, now)), -1, -span.cpu
