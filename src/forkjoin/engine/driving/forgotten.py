"""Attempts that began and of which the journal knows nothing: its end was lost, say with a WAL that was not copied.

A start is durable before its program is there. So what shows that a program ran, and has no start, had one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from forkjoin.engine.folder import RunFolder
from forkjoin.engine.records.left import found_begun
from forkjoin.errors import ForkjoinError
from forkjoin.journal import Journal
from forkjoin.model import Ended, Event, Plan, Recorded, RetryAsked, Running, Starting, TaskId


def remembered(journal: Journal, past: Sequence[Recorded], plan: Plan, folder: RunFolder) -> list[Recorded]:
    """Journal the starts that were forgotten, and return them: these attempts are adopted or collected, not run again.

    Raises NoRoom where the journal takes no more.
    """
    found = list(forgotten([recorded.event for recorded in past], plan, folder))
    if not found:
        return []
    try:
        for start in found:
            at = folder.attempt(start.task, start.attempt).stat().st_mtime
            journal.append([start], at=max(at, past[0].at))
        journal.commit()
        return list(journal.read(past[-1].seq))
    except ForkjoinError:
        journal.close()
        raise


def forgotten(events: Sequence[Event], plan: Plan, folder: RunFolder) -> Iterator[Starting]:
    """Yield the starts of attempts that began, of tasks that by the journal are still to be started."""
    if not (folder.path / "tasks").is_dir():  # nothing has begun yet: thousands of tasks are not looked for
        return
    tried, settled = _known(events)
    for task in plan.tasks:
        if task.function or task.id in settled:
            continue
        for number in itertools.count(tried.get(task.id, 0) + 1):
            if not found_begun(folder.attempt(task.id, number)):
                break
            yield Starting(task=task.id, attempt=number)


def _known(events: Sequence[Event]) -> tuple[dict[TaskId, int], set[TaskId]]:
    """Return the last attempt of each task, and the tasks that have ended or of which an attempt is known to live."""
    tried: dict[TaskId, int] = {}
    settled: set[TaskId] = set()
    for event in events:
        if type(event) is Starting or type(event) is Running:
            tried[event.task] = max(event.attempt, tried.get(event.task, 0))
            settled.add(event.task)
        elif type(event) is RetryAsked:
            settled.discard(event.task)
        elif type(event) is Ended:
            settled.add(event.task)
            if event.again:
                settled.discard(event.task)
    return tried, settled
