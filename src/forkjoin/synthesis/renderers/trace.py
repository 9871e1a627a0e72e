"""A run as a Chrome trace (JSON), which Perfetto opens: a track for each task, waits with their cause, a counter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from forkjoin.model import TaskId, TaskSummary, Timeline, to_json
from forkjoin.model.text import one_line
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.renderers.phases import Phase, phases

_PID = 1
_FIRST = 2  # the track that has the number of its process is the process's own; 0 is nobody's
_COLOURS = {"waiting": "thread_state_runnable", "set-up": "thread_state_iowait", "recording": "grey"}
_ENDS = {"completed": "good", "failed": "terrible", "timed_out": "bad", "lost": "terrible", "stopped": "bad"}


def render_trace(given: Given) -> str:
    """Return the trace events of the run; times are microseconds since its start, in the order of tracks and time."""
    timeline = given.timeline
    events = [_meta("process_name", name=one_line(given.report.name or given.report.run))]
    if timeline is not None:
        events += _events(given, timeline)
    other = {"run": given.report.run, "tool": f"forkjoin {given.version}".strip()}
    return to_json({"displayTimeUnit": "ms", "otherData": other, "traceEvents": events}).decode() + "\n"


def _events(given: Given, timeline: Timeline) -> Iterator[dict[str, Any]]:
    summaries = {task.id: task for task in given.report.tasks}
    of_task = phases(timeline, now=given.now)
    tracks = {span.task: number for number, span in enumerate(timeline.spans, start=_FIRST)}
    for span in timeline.spans:
        tid = tracks[span.task]
        yield _meta("thread_name", tid=tid, name=one_line(span.task))
        yield _meta("thread_sort_index", tid=tid, sort_index=tid)
        for phase in of_task[span.task]:
            yield _slice(phase, tid, timeline, summaries.get(span.task))
    yield from _arrows(timeline, tracks, of_task)
    yield from _running(of_task, timeline)


def _meta(kind: str, *, tid: int = _PID, **args: Any) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": _PID, "tid": tid, "args": args}


def _slice(phase: Phase, tid: int, timeline: Timeline, task: TaskSummary | None) -> dict[str, Any]:
    at = _micros(phase.started, timeline)
    name, colour = f"waiting: {phase.cause}", _COLOURS.get(phase.kind, "")
    if phase.kind == "running":
        again = f" (attempt {phase.attempt})" if phase.attempt > 1 else ""
        name = f"{one_line(task.description or task.id) if task else 'running'}{again}"
        colour = _ENDS.get(task.state, "") if task else ""
    elif phase.kind != "waiting":
        name = phase.kind
    said = {"cause": phase.cause, "detail": one_line(phase.detail), "attempt": phase.attempt}
    if phase.kind == "running" and task is not None:
        said |= {"agent": task.agent, "state": task.state, "reason": task.reason, "findings": task.findings}
    event: dict[str, Any] = {
        "ph": "X", "name": name, "cat": phase.cause or phase.kind, "pid": _PID, "tid": tid, "ts": at,
        "dur": max(0, _micros(phase.ended, timeline) - at), "args": {k: v for k, v in said.items() if v},
    }  # fmt: skip
    return event | ({"cname": colour} if colour else {})


def _arrows(
    timeline: Timeline, tracks: Mapping[TaskId, int], of_task: Mapping[TaskId, tuple[Phase, ...]]
) -> Iterator[dict[str, Any]]:
    """Yield a flow from the end of each task to the start of those that were behind it; none to what never ran."""
    ran = {task: [phase for phase in found if phase.kind == "running"] for task, found in of_task.items()}
    number = 0
    for span in timeline.spans:
        for edge in span.edges:
            first, then = ran.get(edge.first), ran[span.task]
            if not first or not then:
                continue
            # A flow must begin inside a slice: a microsecond before its end.
            left = max(_micros(first[-1].started, timeline), _micros(first[-1].ended, timeline) - 1)
            right = _micros(then[0].started, timeline)
            if right < left:  # the first was asked for again since
                continue
            number += 1
            flow = {"cat": "order", "name": edge.kind, "id": number, "pid": _PID}
            yield flow | {"ph": "s", "tid": tracks[edge.first], "ts": left}
            yield flow | {"ph": "f", "bp": "e", "tid": tracks[span.task], "ts": right}


def _running(of_task: Mapping[TaskId, tuple[Phase, ...]], timeline: Timeline) -> Iterator[dict[str, Any]]:
    """Yield how many tasks run, at each change."""
    steps: dict[int, int] = {0: 0}
    for found in of_task.values():
        for phase in found:
            if phase.kind == "running":
                for at, step in ((phase.started, 1), (phase.ended, -1)):
                    steps[_micros(at, timeline)] = steps.get(_micros(at, timeline), 0) + step
    count = 0
    for at in sorted(steps):
        count += steps[at]
        yield {"ph": "C", "name": "running", "pid": _PID, "tid": _PID, "ts": at, "args": {"tasks": count}}


def _micros(at: float, timeline: Timeline) -> int:
    return max(0, round((at - timeline.started) * 1_000_000))
