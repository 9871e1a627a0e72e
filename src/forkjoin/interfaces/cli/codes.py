"""Exit codes: the first that applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WORDS = {
    0: "ok",
    1: "findings",
    2: "usage",
    3: "some-failed",
    4: "none-succeeded",
    5: "limit",
    6: "not-independent",
    7: "machine",
    70: "bug",
    130: "interrupted",
    143: "terminated",
}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """All that an exit code depends on once a run was started; what refuses a start carries its own code (2, 7, 6).

    `states` are those of the tasks that were asked for; `limited`: a budget, the time or the disk stopped it, or it was
    not ready in time; `findings` counts those at or above what the caller fails on.
    """

    states: Sequence[str] = ()
    interrupted: Literal["", "int", "term"] = ""
    limited: bool = False
    findings: int = 0


def exit_code(ending: Ending) -> int:
    """Return the first that applies of 130, 143, 5, 4, 3, 1, 0."""
    if ending.interrupted:
        return 130 if ending.interrupted == "int" else 143
    if ending.limited:
        return 5
    completed = sum(state == "completed" for state in ending.states)
    if ending.states and not completed:
        return 4
    if completed < len(ending.states):
        return 3
    return 1 if ending.findings else 0
