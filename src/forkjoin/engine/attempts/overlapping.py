"""Whether living siblings change the same files: seen while they run, not only when their changes are put together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Final

from forkjoin.engine.attempts.underway import Key
from forkjoin.engine.attempts.workers import Workers
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.errors import listed
from forkjoin.model import Continued, Event, Halted, OnOverlap, Overlapped, Place, StopAsked, Task, TaskId
from forkjoin.model.text import spelled

Living = tuple[Task, int, Place]
_EVERY_S: Final = 2.0
_SHARE: Final = 20.0  # a look that took long is made more seldom: this many times what it took lies between two
_NAMED, _KEPT = 3, 100  # files that are told in words, that are kept of a pair in one look


def apart(tasks: Mapping[TaskId, Task], places: Mapping[Key, Place], *, least: int) -> list[Living]:
    """Return those of the attempts that work in trees of their own, in the order of *tasks*; none of too few."""
    own = {key: place for key, place in places.items() if place.kind != "shared"}
    if len(own) < least:
        return []
    order = {task: number for number, task in enumerate(tasks)}
    ordered = sorted(own, key=lambda key: order[key[0]])
    return [(tasks[task], attempt, own[task, attempt]) for task, attempt in ordered]


class Overlaps:
    """Looks at the workspaces of what runs, in a thread; tells each pair of tasks once for each file.

    *living* gives the attempts that run in trees of their own, in the plan's order; none if fewer than asked for.
    """

    def __init__(
        self,
        workers: Workers,
        workshop: Workshop,
        living: Callable[[int], list[Living]],
        *,
        then: OnOverlap,
    ) -> None:
        self._workers, self._workshop, self._living, self._then = workers, workshop, living, then
        self._busy = False
        self._due = time.monotonic() + _EVERY_S
        self._told: set[tuple[TaskId, TaskId, str]] = set()
        self._found: deque[tuple[Key, Key, tuple[str, ...]]] = deque()  # the thread puts in while we take out
        self._standing: dict[Key, set[Key]] = {}  # who stands still, and until the end of whom

    def look(self) -> Iterator[Event]:
        """Yield what was found since the last look, and begin another where it is time; never blocks."""
        found = [self._found.popleft() for _ in range(len(self._found))]
        alive = {(task.id, attempt) for task, attempt, _ in self._living(1)} if found or self._standing else set()
        yield from self._over(alive)
        for first, then, paths in found:
            if first in alive and then in alive:
                yield from self._said(first, then, paths)
        if not self._busy and time.monotonic() >= self._due and len(living := self._living(2)) > 1:
            self._busy = True
            self._workers.submit(lambda: self._look(living))

    def _said(self, first: Key, then: Key, paths: tuple[str, ...]) -> Iterator[Event]:
        files = listed(paths, _NAMED, say=spelled)
        yield Overlapped(task=then[0], attempt=then[1], first=first[0], paths=paths[:_KEPT])
        if self._then == "stop":
            yield StopAsked(task=then[0], reason=f"it changed what {first[0]} had changed: {files}")
        elif self._then == "pause":
            self._standing.setdefault(then, set()).add(first)
            why = f"paused until {first[0]} has ended: both changed {files}"
            yield Halted(task=then[0], attempt=then[1], reason=why)

    def _over(self, alive: set[Key]) -> Iterator[Event]:
        """Let go on who stands still and has nobody left to wait for; the first in the plan's order never stands."""
        for key, waits in list(self._standing.items()):
            if key in alive and waits & alive:
                continue
            del self._standing[key]
            if key in alive:
                yield Continued(task=key[0], attempt=key[1], reason="goes on: what it waited for has ended")

    def _look(self, living: list[Living]) -> None:
        """In a thread; whatever goes wrong there, the next look comes."""
        began = time.monotonic()
        try:
            self._compare(living)
        finally:
            now = time.monotonic()
            self._due = now + max(_EVERY_S, _SHARE * (now - began))
            self._busy = False

    def _compare(self, living: list[Living]) -> None:
        changes: list[tuple[Key, frozenset[str]]] = []
        tasks = {task.id: task for task, _, _ in living}
        for task, attempt, place in living:
            with suppress(Exception):  # it may have ended meanwhile, or left what nobody can read: no look, no note
                changes.append(((task.id, attempt), self._workshop.changed(task, place)))
        for (first, one), (then, other) in combinations(changes, 2):
            if tasks[first[0]].apart_from(tasks[then[0]]):
                continue
            new = tuple(path for path in sorted(one & other) if (first[0], then[0], path) not in self._told)
            if new:
                self._told.update((first[0], then[0], path) for path in new)
                self._found.append((first, then, new))
