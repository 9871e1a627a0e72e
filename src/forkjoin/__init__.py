"""forkjoin runs coding agents side by side and joins what they bring back.

`from forkjoin import Plan, Task, run` is the quick start; names are loaded when first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forkjoin.engine.api import attach, check, launch, review, review_async, run, run_async
    from forkjoin.engine.run import Run, TaskOutput
    from forkjoin.errors import (
        CannotHere,
        ForkjoinError,
        JournalDamaged,
        NoRoom,
        NotIndependent,
        PlanError,
        RunOwned,
        UnknownId,
    )
    from forkjoin.model import Check, Each, Finding, Plan, Report, RunResult, RunView, Task, TaskResult

_API = "forkjoin.engine.api"
_HOME = {
    **dict.fromkeys(("attach", "check", "launch", "review", "review_async", "run", "run_async"), _API),
    **dict.fromkeys(("Run", "TaskOutput"), "forkjoin.engine.run"),
    **dict.fromkeys(
        (
            "CannotHere",
            "ForkjoinError",
            "JournalDamaged",
            "NoRoom",
            "NotIndependent",
            "PlanError",
            "RunOwned",
            "UnknownId",
        ),
        "forkjoin.errors",
    ),
    **dict.fromkeys(
        ("Check", "Each", "Finding", "Plan", "Report", "RunResult", "RunView", "Task", "TaskResult"), "forkjoin.model"
    ),
}

__all__ = [
    "CannotHere",
    "Check",
    "Each",
    "Finding",
    "ForkjoinError",
    "JournalDamaged",
    "NoRoom",
    "NotIndependent",
    "Plan",
    "PlanError",
    "Report",
    "Run",
    "RunOwned",
    "RunResult",
    "RunView",
    "Task",
    "TaskOutput",
    "TaskResult",
    "UnknownId",
    "attach",
    "check",
    "launch",
    "review",
    "review_async",
    "run",
    "run_async",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
