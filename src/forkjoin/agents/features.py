"""Which features a coding agent has by its program, and which forkjoin makes up from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

# `program`: it has it; `forkjoin`: made up outside; `end`: counted when it has ended, too late to stop it; `none`: not
# to be had.
By: TypeAlias = Literal["program", "forkjoin", "end", "none"]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature of one agent: who provides it, and how in a few words."""

    name: str
    by: By
    how: str


_OUTSIDE = {
    "turns": "counted while it runs, and ended above max_turns",
    "budget in dollars": "watched while it runs, and ended above budget: {usd}",
    "budget in tokens": "watched while it runs, and ended above budget: {tokens}",
    "JSON by schema": "asked for in the brief; the answer is checked, and asked for once more",
    "deadline": "timeout: an hour unless the task says otherwise",
}
AT_ITS_END: tuple[By, str] = ("end", "it says its tokens at its end alone: nothing stops it before")
UNWALLED: tuple[By, str] = ("none", "a clone of its own keeps it apart, and nothing stops it from writing elsewhere")
_ORDER = ("turns", "budget in dollars", "budget in tokens", "JSON by schema", "resume", "read-only", "workspace-write",
          "sandbox", "effort", "cost", "deadline")  # fmt: skip


def features(own: Mapping[str, tuple[By, str]]) -> tuple[Feature, ...]:
    """Return all features in one order; *own* are those a program has itself, and what nobody can make up for."""
    made: dict[str, tuple[By, str]] = {name: ("forkjoin", how) for name, how in _OUTSIDE.items()}
    made |= own
    return tuple(Feature(name=name, by=made[name][0], how=made[name][1]) for name in _ORDER)
