"""What the permissions of a plan's tasks are for the agents that do them, said before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.errors import ForkjoinError
from forkjoin.model import Permission, Task, Value


class Permitted(Value, frozen=True, kw_only=True):
    """What one agent is told for a permission: words of its command line, or of its environment."""

    agent: str
    permission: Permission
    told: str


def permitted(ready: Prepared) -> tuple[Permitted, ...]:
    """Return what each coding agent of the plan is told for each permission that its tasks have, once each."""
    kinds = dict.fromkeys((task.agent_name, task.may) for task in ready.plan.tasks)
    first = {(task.agent_name, task.may): task for task in reversed(ready.plan.tasks)}
    return tuple(made for kind in kinds for made in _permitted(first[kind]))


def _permitted(task: Task) -> Iterator[Permitted]:
    try:
        permits = getattr(speaker(task), "permits", None)
    except ForkjoinError:  # no such agent here: a launch says so
        return
    if permits is not None:
        yield Permitted(agent=task.agent_name, permission=task.may, told=permits[task.may])
