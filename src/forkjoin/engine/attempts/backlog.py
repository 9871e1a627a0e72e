"""Long answers: read in a thread, and few of them held at a time until they are in the journal."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from forkjoin.engine.attempts.workers import Job, Workers

T = TypeVar("T")


class Backlog(Generic[T]):
    """Hands jobs on to *workers* so that at most *most* are begun and not yet done with. For one thread only."""

    def __init__(self, workers: Workers, most: int) -> None:
        self._workers, self._most = workers, most
        self._begun: set[T] = set()
        self._waiting: deque[tuple[T, Job]] = deque()

    def submit(self, key: T, job: Job) -> None:
        """Begin *job* when there is room for it; it holds its room until `done` is said of *key*."""
        self._waiting.append((key, job))
        self._begin()

    def done(self, key: T) -> None:
        """Make room for the next one, if *key* held any."""
        self._begun.discard(key)
        self._begin()

    def _begin(self) -> None:
        while self._waiting and len(self._begun) < self._most:
            key, job = self._waiting.popleft()
            self._begun.add(key)
            self._workers.submit(job)
