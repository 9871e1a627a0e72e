"""The tasks of one run, and the order the policy gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from forkjoin.model.base import TaskId, Value
from forkjoin.model.task import Task

Policy = Literal["isolate", "strict", "trust"]
if TYPE_CHECKING:
    Tasks: TypeAlias = Sequence[Task]
else:
    Tasks = tuple[Task, ...]
EdgeKind = Literal["after", "output", "write-write", "write-read", "resource", "unknown"]


class Plan(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What a caller hands over in one call. `agent` is the default of tasks that name none."""

    name: str = ""
    goal: str = ""
    agent: str | None = None
    policy: Policy = "isolate"
    max_parallel: int | None = None
    fail_fast: bool = False
    tasks: Tasks = ()

    def __post_init__(self) -> None:
        """Take a list of tasks where a Python caller writes one."""
        if isinstance(self.tasks, list):
            msgspec.structs.force_setattr(self, "tasks", tuple(self.tasks))


class Edge(Value, frozen=True, kw_only=True, omit_defaults=True):
    """*then* starts only after *first* has ended, and why."""

    first: TaskId
    then: TaskId
    kind: EdgeKind
    paths: tuple[str, ...] = ()
    reason: str = ""

    @property
    def needs_success(self) -> bool:
        """Whether *then* is blocked when *first* does not complete: it needs what *first* makes."""
        return self.kind in ("after", "output")
