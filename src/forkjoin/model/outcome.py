"""How a task can end: one class a case."""

from __future__ import annotations

from typing import Literal, TypeAlias

from forkjoin.model.base import TaskId, Value, snake

FailureKind = Literal[
    "permission",
    "setup",
    "workspace",
    "contract",
    "violation",
    "agent",
    "exit",
    "parse",
    "limit",
    "login",
    "quota",
    "rate",
]


class _Outcome(Value, frozen=True, kw_only=True, tag_field="state", tag=snake):
    """Base of the cases; `state` in JSON is the word people see."""


class Completed(_Outcome, frozen=True, kw_only=True):
    """A clean end, no agent-level error, an answer, and its output contract met."""

    note: str = ""


class NeedsInput(_Outcome, frozen=True, kw_only=True):
    """It rests until the caller answers: it changed nothing where it should have, or asks for a decision."""

    reason: str


class Failed(_Outcome, frozen=True, kw_only=True):
    """It ended, and not as asked."""

    kind: FailureKind
    reason: str


class TimedOut(_Outcome, frozen=True, kw_only=True):
    """Its deadline (or its idle limit) passed."""

    after_s: float
    reason: str = ""


class Stopped(_Outcome, frozen=True, kw_only=True):
    """Somebody stopped it, and said why."""

    reason: str


class Lost(_Outcome, frozen=True, kw_only=True):
    """Its process went without a record."""

    reason: str


class Blocked(_Outcome, frozen=True, kw_only=True):
    """Never started: what it needs did not come."""

    by: tuple[TaskId, ...]
    reason: str


class Skipped(_Outcome, frozen=True, kw_only=True):
    """Never started: a stop, a budget, `fail_fast`."""

    reason: str


Outcome: TypeAlias = Completed | NeedsInput | Failed | TimedOut | Stopped | Lost | Blocked | Skipped


def state_of(outcome: Outcome) -> str:
    """Return the state's word: `completed`, `timed_out`, ..."""
    return snake(type(outcome).__name__)


def reason_of(outcome: Outcome) -> str:
    """Return the reason in words, "" for a plain completion."""
    return outcome.note if isinstance(outcome, Completed) else outcome.reason
