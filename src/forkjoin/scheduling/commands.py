"""What `step` asks its caller to do."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from forkjoin.model import Limit, Outcome, TaskId

StopHow: TypeAlias = Literal["term", "kill"]


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Start this attempt: journal `Starting`, then open, brief, spawn."""

    task: TaskId
    attempt: int


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Stop a live attempt; its `Ended` comes when it is gone. `kill` may follow `term`. Idempotent."""

    task: TaskId
    attempt: int
    how: StopHow
    reason: str


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """The task will not start (again): journal `Ended(attempt=0, outcome=...)`. The board counts it as ended."""

    task: TaskId
    outcome: Outcome


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Every task has ended. Comes last in its turn, after the `Settle`s, and once (again after a `RetryAsked`)."""


class Reclaim(msgspec.Struct, frozen=True, kw_only=True):
    """These tasks are queued again; they start once `Awaited` and `Freed` said how they stand to other runs."""

    tasks: tuple[TaskId, ...]


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Start nothing at a provider for a while: journal `Paused` with the time of `until`, `Lifted` when it is over.

    `streak` counts the pauses in a row, `limits` are what it said; said again for the same *number* it may last longer.
    """

    provider: str
    number: int
    streak: int
    at_once: int | None
    limits: tuple[Limit, ...]


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """End a live attempt, for the run's budget is used up: that is a limit, and nobody's wish."""

    task: TaskId
    attempt: int
    reason: str


Command: TypeAlias = Start | End | Cap | Settle | Pause | Reclaim | Finish
