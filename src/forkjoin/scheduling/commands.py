"""What `step` asks its caller to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from forkjoin.model import Outcome, TaskId

StopHow: TypeAlias = Literal["term", "kill"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """Start this attempt: journal `Starting`, then open, brief, spawn."""

    task: TaskId
    attempt: int


@dataclass(frozen=True, kw_only=True)
class End:
    """Stop a live attempt; its `Ended` comes when it is gone. `kill` may follow `term`. Idempotent."""

    task: TaskId
    attempt: int
    how: StopHow
    reason: str


@dataclass(frozen=True, kw_only=True)
class Settle:
    """The task will not start (again): journal `Ended(attempt=0, outcome=...)`. The board counts it as ended."""

    task: TaskId
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Finish:
    """Every task has ended. Comes last in its turn, after the `Settle`s, and once (again after a `RetryAsked`)."""


@dataclass(frozen=True, kw_only=True)
class Reclaim:
    """These tasks are queued again; they start once `Awaited` and `Freed` said how they stand to other runs."""

    tasks: tuple[TaskId, ...]


Command: TypeAlias = Start | End | Settle | Reclaim | Finish
