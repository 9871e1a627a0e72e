"""The tasks of one run, and the order the policy gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from forkjoin.model.base import TaskId, Value
from forkjoin.model.each import Each
from forkjoin.model.limit import Limits
from forkjoin.model.task import Budget, Strings, Task

Policy = Literal["isolate", "strict", "trust"]
if TYPE_CHECKING:
    Tasks: TypeAlias = Sequence[Task]
    Eaches: TypeAlias = Sequence[Each]
else:
    Tasks = tuple[Task, ...]
    Eaches = tuple[Each, ...]
EdgeKind = Literal["after", "output", "write-write", "write-read", "resource", "unknown"]


class Plan(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What a caller hands over in one call. `agent` is the default of tasks that name none.

    Tasks, `each` and `perspectives` add up; a prepared plan has tasks alone. A name in `perspectives` is at once a task
    with that `perspective`, at the end of `tasks`.
    `gate` is the shell line that the combination of all changes must pass when it is landed. `budget` is what all tasks
    together may spend.
    """

    name: str = ""
    goal: str = ""
    agent: str | None = None
    policy: Policy = "isolate"
    max_parallel: int | None = None
    fail_fast: bool = False
    gate: str = ""
    limits: Limits | None = None
    budget: Budget | None = None
    tasks: Tasks = ()
    each: Eaches = ()
    perspectives: Strings = ()

    def __post_init__(self) -> None:
        """Take lists where a Python caller writes them; make tasks of perspectives."""
        put = msgspec.structs.force_setattr
        for name in ("tasks", "each"):
            if isinstance(given := getattr(self, name), list):
                put(self, name, tuple(given))
        if self.perspectives:
            put(self, "tasks", (*self.tasks, *(Task(perspective=name) for name in self.perspectives)))
            put(self, "perspectives", ())


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
