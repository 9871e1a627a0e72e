"""The recording of a replay in place of its agents; it lies in the run's own folder, so that any owner finds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from forkjoin.agents import Dialect, EndedAttempt, Played, ReplayDialect, dialect
from forkjoin.engine.folder import RunFolder
from forkjoin.engine.records.reader import RunReader
from forkjoin.errors import ForkjoinError
from forkjoin.model import (
    Blocked,
    Changes,
    Ended,
    Lost,
    Place,
    Planned,
    Progress,
    Recorded,
    Ref,
    RetryAsked,
    Running,
    Task,
)
from forkjoin.scheduling import retries_left

SHELF = "recording"


def played(planned: Planned, folder: RunFolder) -> Planned:
    """Return the plan with the recording in place of the agents, where the run is a replay; else as it is.

    A replay claims nothing and holds nothing: it writes nothing.
    """
    replay = planned.options.replay
    if replay is None:
        return planned
    place = RunFolder(home=folder.path, run=replay.run, shelf=SHELF)
    with RunReader(place) as recorded:
        events, was = recorded.events(), recorded.planned
        tapes = {task.id: _attempts(task, events, recorded, folder.path) for task in was.plan.tasks}
    tasks = tuple(_played(task, tapes[task.id], replay.speed) for task in was.plan.tasks)
    return replace(planned, plan=replace(planned.plan, tasks=tasks), claims=())


def played_lines(planned: Planned, folder: RunFolder) -> str | None:
    """Return the lines that findings of a replay were known by when it was recorded; None where it is no replay."""
    replay = planned.options.replay
    if replay is None:
        return None
    with RunReader(RunFolder(home=folder.path, run=replay.run, shelf=SHELF)) as recorded:
        lines = recorded.view().lines
        return "{}" if lines is None else recorded.content(lines)


def _played(task: Task, attempts: Sequence[Played], speed: float) -> Task:
    name = task.agent_name or "replay"
    speaker = ReplayDialect(name=name, attempts=attempts, task=task, speed=speed, recorded=_recorded_dialect(task))
    return replace(
        task, agent=Ref(name, speaker), function="", resources=(), carry=(), env={}, cwd="", memory=None, disk=None
    )


def _recorded_dialect(task: Task) -> Dialect | None:
    """Return who judges the recorded output; None for a function, and for an agent that is not known here."""
    if task.function:
        return None
    try:
        return dialect(task.agent_name)
    except ForkjoinError:
        return None


def _attempts(task: Task, events: Sequence[Recorded], recorded: RunReader, run: Path) -> list[Played]:
    """Return what is played for a task: its attempts since it was last asked for, but for those that never began."""
    ends: list[Ended] = []
    for one in events:
        event = one.event
        if isinstance(event, RetryAsked) and event.task == task.id:
            ends = []
        elif isinstance(event, Ended) and event.task == task.id:
            ends.append(event)
    tried = [one for one in ends if one.attempt and (not one.again or retries_left(task, one.attempt, one.outcome))]
    if not tried:  # never started: skipped, stopped in the queue, or the recording ends before it
        tried = [one for one in ends if not isinstance(one.outcome, Blocked)][-1:] or [
            Ended(task=task.id, attempt=0, outcome=Lost(reason="the recording ends before this task does"))
        ]
    return [_tape(task, one, events, recorded, run) for one in tried]


def _tape(task: Task, end: Ended, events: Iterable[Recorded], recorded: RunReader, run: Path) -> Played:
    began, marks = 0.0, list[tuple[float, int]]()
    for one in events:
        event = one.event
        if isinstance(event, Running | Progress) and (event.task, event.attempt) == (task.id, end.attempt):
            if isinstance(event, Running):
                began = one.at
            elif event.bytes:
                marks.append((one.at - began, event.bytes))
    exit_, tree = end.exit, recorded.planned.tree
    place = end.place or Place(kind="shared", root=tree, cwd=tree, level="none")
    return Played(
        folder=str(recorded.folder / "tasks" / task.id / str(end.attempt)),
        seconds=exit_.wall_s if exit_ else 0.0,
        marks=tuple(marks),
        outcome=end.outcome,
        answer=recorded.content(end.answer),
        value=recorded.content(end.value).encode(),
        usage=end.usage,
        session=end.session,
        changes=_changes(end.changes, recorded.folder, run),
        ended=EndedAttempt(exit=exit_, place=place, attempt=end.attempt) if exit_ else None,
    )


def _changes(changes: Changes, recorded: Path, run: Path) -> Changes:
    """Return recorded changes as they can be read in the replay: the patch where it lies now, and no commit."""
    patch = (recorded / changes.patch).relative_to(run).as_posix() if changes.patch else ""
    return replace(changes, patch=patch, commit="", base="")
