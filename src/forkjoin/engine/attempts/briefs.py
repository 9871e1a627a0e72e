"""What the brief of a task is made from: its neighbours, its inferred claims, and what it was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from forkjoin.engine.attempts.sessions import GoesOn, Why
from forkjoin.model import Base, Budget, Edge, Place, Planned, Task, TaskId
from forkjoin.prompts import (
    Answer,
    BriefSite,
    Sibling,
    after_limit,
    brief,
    broken_answer,
    follow_up,
    go_on,
    repair,
)

_MOST_SIBLINGS = 20  # named in a brief
_TELL: dict[Why, Callable[[Task, str], str]] = {
    "followup": follow_up, "retry": go_on, "limit": after_limit, "repair": repair,
}  # fmt: skip


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a task gets from those it waited for: their commits, and under `after` their answers.

    `goes_on` is what it goes on with of an earlier attempt, `budget` what takes the place of its own, `left` what
    is left of the run's dollars.
    """

    commits: tuple[str, ...] = ()
    by: tuple[TaskId, ...] = ()
    answers: tuple[Answer, ...] = ()
    goes_on: GoesOn | None = None
    budget: Budget | None = None
    left: float | None = None


class Briefs:
    """Writes the briefs of one run."""

    def __init__(self, planned: Planned) -> None:
        tasks = planned.plan.tasks
        self._siblings = [Sibling(task=task.id, description=task.description) for task in tasks]
        self._numbers = {task.id: number for number, task in enumerate(tasks)}
        self._ordered = _ordered(planned.edges)
        self._claims = {claims.id: claims for claims in planned.claims}

    def of(self, task: Task, place: Place, given: Given, *, base: Base | None) -> str:
        """Return what the agent of *task* is told for an attempt that works in *place*."""
        on = given.goes_on
        if on is not None and on.session:
            return _TELL[on.why](task, on.said)
        whole = self._whole(task, place, given, base=base)
        return whole if on is None else broken_answer(task, whole, answer=on.answer, complaint=on.said)

    def _whole(self, task: Task, place: Place, given: Given, *, base: Base | None) -> str:
        claims = self._claims.get(task.id)
        site = BriefSite(
            root=place.root,
            kind=place.kind,
            base="\n".join((base.note, *place.notes)) if base and place.kind != "shared" else "",
            siblings=self._beside(task),
            answers=given.answers,
            writes=claims.writes if claims and task.writes is None else (),
            reads=claims.reads if claims and task.reads is None else (),
        )
        return brief(task, site=site)

    def _beside(self, task: Task) -> tuple[Sibling, ...]:
        """The nearest tasks of the plan: a brief names a few, and 10,000 tasks must not each look at all others."""
        first = max(0, self._numbers[task.id] - _MOST_SIBLINGS // 2)
        near = self._siblings[first : first + _MOST_SIBLINGS + 1]
        ordered = self._ordered.get(task.id, set())
        return tuple(sibling for sibling in near if sibling.task != task.id and sibling.task not in ordered)


def _ordered(edges: Sequence[Edge]) -> dict[TaskId, set[TaskId]]:
    """Return for each task those that go before or after it, and so never run beside it."""
    ordered: dict[TaskId, set[TaskId]] = {}
    for edge in edges:
        ordered.setdefault(edge.then, set()).add(edge.first)
        ordered.setdefault(edge.first, set()).add(edge.then)
    return ordered
