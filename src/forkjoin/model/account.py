"""Where the time went."""

from __future__ import annotations

from forkjoin.model.base import TaskId, Value


class Span(Value, frozen=True, kw_only=True):
    """When one task could run, ran and ended (Unix time, seconds), and behind whom it waited. None = it never did.

    `launched` = it left the queue: what lies between it and `started` is set-up, not waiting.
    """

    task: TaskId
    ready: float
    started: float | None
    ended: float | None
    after: tuple[TaskId, ...] = ()
    launched: float | None = None


class LostTime(Value, frozen=True, kw_only=True):
    """Seconds of wall time with one cause."""

    cause: str
    seconds: float
    tasks: tuple[TaskId, ...] = ()


class Account(Value, frozen=True, kw_only=True):
    """Wall seconds of the run, the sum of its tasks' seconds, their ratio, and the chain that made the wall time."""

    wall_s: float
    sum_s: float
    speedup: float
    critical_path: tuple[TaskId, ...]
    lost: tuple[LostTime, ...] = ()
