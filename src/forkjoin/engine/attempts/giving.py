"""What a task gets: commits and answers of those it waited for, and what it goes on with of its earlier attempts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.sessions import Sessions
from forkjoin.model import Completed, Edge, Ended, Event, Planned, RetryAsked, TaskId, Text
from forkjoin.prompts import Answer

_ANSWER_CHARS = 8_000  # of each predecessor's answer, quoted in Context
_NOTHING = Given()


class Giving:
    """Remembers the records of tasks that others wait for, and what sessions are left; fed with all events."""

    def __init__(self, planned: Planned, content: Callable[[Text], str]) -> None:
        self._content = content
        self._sessions = Sessions(content)
        self._behind: dict[TaskId, list[Edge]] = defaultdict(list)
        for edge in planned.edges:
            self._behind[edge.then].append(edge)
        self._wanted = {edge.first for edge in planned.edges}
        self._ended: dict[TaskId, Ended] = {}
        self._allowed = planned.options.budget.usd if planned.options.budget else None
        self._spent = 0.0  # dollars of what has ended
        self._commits: dict[TaskId, dict[str, TaskId]] = {}  # what those behind a task start from, and whose it is

    def note(self, event: Event) -> None:
        """Remember a record that somebody waits for, or that its own task may go on from."""
        self._sessions.note(event)
        if type(event) is RetryAsked and event.budget is not None:
            self._allowed = event.budget.usd
        if type(event) is Ended:
            self._spent += event.usage.usd or 0.0
        if type(event) is not Ended or event.task not in self._wanted:
            return
        self._ended[event.task] = event
        # A task that changed nothing hands on what it was given: those behind it are behind the others too.
        own = event.changes.commit
        self._commits[event.task] = {own: event.task} if own else self._commits_before(event.task)

    def to(self, task: TaskId) -> Given:
        """Return what *task* gets: of its own earlier attempts, and of completed predecessors."""
        own, budget = self._sessions.to(task), self._sessions.budget(task)
        left = None if self._allowed is None else self._allowed - self._spent
        if task not in self._behind:
            alone = own is None and budget is None and left is None
            return _NOTHING if alone else Given(goes_on=own, budget=budget, left=left)
        commits = self._commits_before(task)
        return Given(
            goes_on=own,
            budget=budget,
            left=left,
            commits=tuple(commits),
            by=tuple(dict.fromkeys(commits.values())),
            answers=tuple(self._answers(self._done(task))),
        )

    def _commits_before(self, task: TaskId) -> dict[str, TaskId]:
        commits: dict[str, TaskId] = {}
        for _, ended in self._done(task):
            commits.update(self._commits[ended.task])
        return commits

    def _done(self, task: TaskId) -> list[tuple[Edge, Ended]]:
        before = ((edge, self._ended.get(edge.first)) for edge in self._behind.get(task, ()))
        return [(edge, ended) for edge, ended in before if ended and isinstance(ended.outcome, Completed)]

    def _answers(self, done: Iterable[tuple[Edge, Ended]]) -> Iterable[Answer]:
        for edge, ended in done:
            if edge.kind == "after":
                text = self._content(ended.answer)
                yield Answer(task=ended.task, text=text[:_ANSWER_CHARS], cut=max(0, len(text) - _ANSWER_CHARS))
