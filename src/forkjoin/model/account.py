"""Where the time went."""

from __future__ import annotations

from typing import Literal

from forkjoin.errors import listed
from forkjoin.model.base import TaskId, Value
from forkjoin.model.plan import Edge

LostCause = Literal[
    "dependency",  # it needed what another made
    "conflict",  # it and another write the same, or what one of them writes is not known
    "resource",  # another held a named resource
    "cap",  # max_parallel, or the cores
    "memory",
    "disk",
    "other run",  # a task of another run held what it writes
    "limit",  # of a provider
    "set-up",
    "retry",
    "straggler",
    "overhead",  # our own: deciding, noticing, joining; an owner that was away
]


_BEHIND = ("dependency", "conflict", "resource")  # causes with one that is waited for, and one that waits
_NAMED = 3


class Try(Value, frozen=True, kw_only=True):
    """One attempt (Unix time, seconds): it left the queue, its process was there, that ended, we wrote that down."""

    launched: float
    started: float | None = None
    ended: float | None = None
    recorded: float | None = None


class Hold(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of time in which something kept launches back. `ended` None = it still does."""

    cause: LostCause
    started: float
    ended: float | None = None
    detail: str = ""


class Span(Value, frozen=True, kw_only=True):
    """When one task could run, ran and ended (Unix time, seconds), and behind whom it waited. None = it never did.

    `launched` = it left the queue: what lies between it and `started` is set-up, not waiting. `edges` say why it is
    behind each of `after`; `tries` are its attempts, `waits` what held it alone; `cpu` are the cores it takes.
    """

    task: TaskId
    ready: float
    started: float | None
    ended: float | None
    after: tuple[TaskId, ...] = ()
    launched: float | None = None
    edges: tuple[Edge, ...] = ()
    tries: tuple[Try, ...] = ()
    waits: tuple[Hold, ...] = ()
    estimate: float | None = None
    cpu: float = 0.0


class Timeline(Value, frozen=True, kw_only=True):
    """A run in time: its spans in plan order, what held all launches, and its caps. `ended` None = it still runs."""

    started: float
    ended: float | None
    spans: tuple[Span, ...]
    holds: tuple[Hold, ...] = ()
    slots: int | None = None
    cores: float | None = None


class LostTime(Value, frozen=True, kw_only=True):
    """Seconds of wall time with one cause. `detail` names files, cap or limit; `tasks` who waited for whom."""

    cause: LostCause
    seconds: float
    tasks: tuple[TaskId, ...] = ()
    detail: str = ""

    @property
    def said(self) -> str:
        """The cause as a sentence's end: `conflict: b waited for a (src/app.py)`."""
        who = listed(self.tasks, _NAMED)
        if self.cause in _BEHIND:
            first, then = self.tasks[0], self.tasks[-1]
            about = f" ({self.detail})" if self.detail else ""
            chain = f" (of {len(self.tasks)} in a row)" if len(self.tasks) > 2 else ""
            return f"{self.cause}: {then} waited for {first}{chain}{about}"
        return ": ".join(filter(None, (self.cause, "; ".join(filter(None, (self.detail, who))))))


class Account(Value, frozen=True, kw_only=True):
    """Wall seconds of the run, the sum of its tasks' seconds, their ratio, and the chain that made the wall time.

    `ideal_s` is what the same work takes where only needed order holds it: the longest chain of dependencies.
    The seconds of `lost` and those of the last task's own work add up to the wall.
    """

    wall_s: float
    sum_s: float
    speedup: float
    critical_path: tuple[TaskId, ...]
    lost: tuple[LostTime, ...] = ()
    ideal_s: float = 0.0
