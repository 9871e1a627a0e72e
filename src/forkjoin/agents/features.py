"""Which program has which feature, and which forkjoin makes up for it from outside: one visible table."""

from __future__ import annotations

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
_AT_ITS_END = "it says its tokens at its end alone: nothing stops it before"
# Of each agent: what its program has, by flags and words of its own, and what nobody can make up for.
_TABLE: dict[str, dict[str, tuple[By, str]]] = {
    "claude": {
        "turns": ("program", "--max-turns"),
        "budget in dollars": ("program", "--max-budget-usd"),
        "budget in tokens": ("end", _AT_ITS_END),
        "JSON by schema": ("program", "--json-schema"),
        "resume": ("program", "--resume"),
        "read-only": ("program", "its permissions: tools that read"),
        "workspace-write": ("program", "its permissions: edits and the shell"),
        "sandbox": ("none", "a clone of its own keeps it apart, and nothing stops it from writing elsewhere"),
        "effort": ("program", "--effort"),
        "cost": ("program", "in its result, unless its model has no price"),
    },
    "codex": {
        "budget in dollars": ("none", "it says no dollars"),
        "budget in tokens": ("end", _AT_ITS_END),
        "JSON by schema": ("program", "--output-schema, where the schema can be made strict"),
        "resume": ("program", "exec resume"),
        "read-only": ("program", "its sandbox"),
        "workspace-write": ("program", "its sandbox"),
        "sandbox": ("program", "the workspace and the folder for temporary files"),
        "effort": ("program", "model_reasoning_effort"),
        "cost": ("none", "it says no dollars"),
    },
    "opencode": {
        "resume": ("program", "--session"),
        "read-only": ("program", "its permissions: edits and the shell denied"),
        "workspace-write": ("program", "its permissions: folders outside denied"),
        "sandbox": ("none", "a clone of its own keeps it apart, and nothing stops its shell from writing elsewhere"),
        "effort": ("program", "--variant"),
        "cost": ("program", "with each step"),
    },
    "pi": {
        "resume": ("program", "--session"),
        "read-only": ("program", "--tools: those that read"),
        "workspace-write": ("none", "it has no permissions: it may do all that you may"),
        "sandbox": ("none", "a clone of its own keeps it apart, and nothing stops it from writing elsewhere"),
        "effort": ("program", "--thinking"),
        "cost": ("program", "with each message"),
    },
}
_ORDER = ("turns", "budget in dollars", "budget in tokens", "JSON by schema", "resume", "read-only", "workspace-write",
          "sandbox", "effort", "cost", "deadline")  # fmt: skip


def features(agent: str) -> tuple[Feature, ...]:
    """Return the features of a coding agent, all of them in one order; none of an agent that is no coding agent."""
    own = _TABLE.get(agent)
    if own is None:
        return ()
    made: dict[str, tuple[By, str]] = {name: ("forkjoin", how) for name, how in _OUTSIDE.items()}
    made |= own
    return tuple(Feature(name=name, by=made[name][0], how=made[name][1]) for name in _ORDER)
