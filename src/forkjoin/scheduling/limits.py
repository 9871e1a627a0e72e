"""How much may run at once, and how often a task may be tried."""

from __future__ import annotations

from typing import assert_never

import msgspec

from forkjoin.model import (
    Blocked,
    Completed,
    Failed,
    Lost,
    NeedsInput,
    Options,
    Outcome,
    Plan,
    Skipped,
    Stopped,
    Task,
    TimedOut,
)

# Cores are counted in whole millionths, so that a sum of fractions that came and went is zero again.
_CORE = 1_000_000
_MOST_CORES = 1e6


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The caps of one run. `slots` None = no cap; `cores` in millionths of a core."""

    slots: int | None
    cores: int
    fail_fast: bool

    def need(self, task: Task) -> int:
        """Return the millionths of a core that *task* takes; one that wants more than there are takes them all."""
        if not task.cpu > 0:
            return 0
        return max(1, min(_millionths(task.cpu), self.cores))


def limits(plan: Plan, options: Options) -> Limits:
    """Return the caps: the options' where they say something, else the plan's. A cap below 1 counts as 1."""
    slots = plan.max_parallel if options.max_parallel is None else options.max_parallel
    return Limits(
        slots=None if slots is None else max(1, slots),
        cores=max(1, _millionths(options.cores)),
        fail_fast=options.fail_fast or plan.fail_fast,
    )


def retries_left(task: Task, attempt: int, outcome: Outcome) -> bool:
    """Return whether attempt *attempt* (from 1), ended with *outcome*, is followed by another.

    Only what may go better next time is tried again: not what was refused (`permission`), nor what wrote where it
    must not (`violation`), nor what somebody stopped.
    """
    if attempt < 1 or attempt > task.retries:
        return False
    match outcome:
        case Failed(kind=kind):
            return kind not in ("permission", "violation")
        case TimedOut() | Lost():
            return True
        case Completed() | NeedsInput() | Stopped() | Blocked() | Skipped():
            return False
        case _:
            assert_never(outcome)


def _millionths(cores: float) -> int:
    return round(min(cores, _MOST_CORES) * _CORE)
