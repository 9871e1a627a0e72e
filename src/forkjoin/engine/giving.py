"""What a task gets from those it waited for: their commits as its base, their answers under `after`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from forkjoin.engine.attempts import Given
from forkjoin.model import Completed, Edge, Ended, Event, Planned, TaskId, Text
from forkjoin.prompts import Answer

_ANSWER_CHARS = 8_000  # of each predecessor's answer, quoted in Context
_NOTHING = Given()


class Giving:
    """Remembers the records of tasks that others wait for, and of no others."""

    def __init__(self, planned: Planned, content: Callable[[Text], str]) -> None:
        self._content = content
        self._behind: dict[TaskId, list[Edge]] = defaultdict(list)
        for edge in planned.edges:
            self._behind[edge.then].append(edge)
        self._wanted = {edge.first for edge in planned.edges}
        self._ended: dict[TaskId, Ended] = {}

    def note(self, event: Event) -> None:
        """Remember a record that somebody waits for."""
        if isinstance(event, Ended) and event.task in self._wanted:
            self._ended[event.task] = event

    def to(self, task: TaskId) -> Given:
        """Return what *task* gets; only completed predecessors give anything."""
        edges = self._behind.get(task)
        if not edges:
            return _NOTHING
        given = [(edge, self._ended[edge.first]) for edge in edges if edge.first in self._ended]
        done = [(edge, ended) for edge, ended in given if isinstance(ended.outcome, Completed)]
        changed = {ended.task: ended.changes.commit for _, ended in done if ended.changes.commit}
        return Given(
            commits=tuple(changed.values()),
            by=tuple(changed),
            answers=tuple(self._answers(done)),
        )

    def _answers(self, done: Iterable[tuple[Edge, Ended]]) -> Iterable[Answer]:
        for edge, ended in done:
            if edge.kind == "after":
                text = self._content(ended.answer)
                yield Answer(task=ended.task, text=text[:_ANSWER_CHARS], cut=max(0, len(text) - _ANSWER_CHARS))
