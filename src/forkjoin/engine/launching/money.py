"""What a plan may cost, said before anything of it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from forkjoin.agents import provider_of
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.errors import ForkjoinError
from forkjoin.model import Budget, Task, Value, waits_at

_Number = TypeVar("_Number", int, float)


class Asking(Value, frozen=True, kw_only=True):
    """So many tasks of one agent with one permission."""

    agent: str
    permission: str
    tasks: int


class Money(Value, frozen=True, kw_only=True):
    """The tasks that ask a provider, and what they cost by past runs: None where of one of them that is not known."""

    agents: tuple[Asking, ...]
    usd: float | None
    tokens: int | None
    budget: Budget | None

    @property
    def tasks(self) -> int:
        """How many tasks ask a provider."""
        return sum(one.tasks for one in self.agents)


def money(ready: Prepared) -> Money | None:
    """Return what a plan with its estimates may cost; None where none of its tasks asks a provider."""
    asking = _asking(ready)
    if not asking:
        return None
    kinds = Counter((task.agent_name, task.may) for task in asking)
    known = {one.task: one for one in ready.check.estimates}
    dollars = [known[task.id].usd if task.id in known else None for task in asking]
    tokens = [known[task.id].tokens if task.id in known else None for task in asking]
    return Money(
        agents=tuple(Asking(agent=agent, permission=may, tasks=count) for (agent, may), count in kinds.items()),
        usd=_sum_of(dollars),
        tokens=_sum_of(tokens),
        budget=ready.options.budget,
    )


def _asking(ready: Prepared) -> list[Task]:
    if ready.recording is not None:
        return []
    kinds = {waits_at(task.agent_name, task.model): task for task in ready.plan.tasks}
    asks = {key for key, task in kinds.items() if _asks(task)}
    return [task for task in ready.plan.tasks if waits_at(task.agent_name, task.model) in asks] if asks else []


def _sum_of(known: Sequence[_Number | None]) -> _Number | None:
    """Return the sum, None where one of them is not known."""
    there = [one for one in known if one is not None]
    return sum(there[1:], start=there[0]) if there and len(there) == len(known) else None


def _asks(task: Task) -> bool:
    try:
        return bool(provider_of(speaker(task), task))
    except ForkjoinError:  # no such agent here: a launch says so
        return False
