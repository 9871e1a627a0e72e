"""What bounds a run beside `max_parallel`: how many at once of an agent, a model, a provider, and what may be spent."""

from __future__ import annotations

import math
from typing import Literal

from forkjoin.agents import Coded, dialect, provider_of
from forkjoin.engine.settings import Settings
from forkjoin.errors import ForkjoinError, PlanError
from forkjoin.model import Budget, Limits, Plan, Task

_Kind = Literal["agents", "models", "providers"]


def caps(plan: Plan, settings: Settings) -> Limits:
    """Return the caps that concern the plan's tasks: its own before those of the settings, the environment's before it.

    Raises PlanError for one below 1.
    """
    agents = {task.agent_name for task in plan.tasks}
    models = {task.model for task in plan.tasks}
    usual = {name: most for name in agents if (most := _usual(name)) is not None}
    found = {kind: _of_kind(kind, plan, settings) for kind in ("agents", "models", "providers")}
    asked = {_provider(task) for task in plan.tasks} if found["providers"] else set()
    return Limits(
        agents=_only(usual | found["agents"], agents), models=_only(found["models"], models),
        providers=_only(found["providers"], asked),
    )  # fmt: skip


def budget(plan: Plan, asked: Budget | None) -> Budget | None:
    """Return what may be spent: what was *asked* for by a flag, else the plan's; PlanError where it is nothing."""
    own, flag = plan.budget or Budget(), asked or Budget()
    both = Budget(
        usd=own.usd if flag.usd is None else flag.usd, tokens=own.tokens if flag.tokens is None else flag.tokens
    )
    for name in ("usd", "tokens"):
        most = getattr(both, name)
        if most is not None and not 0 < most < math.inf:
            raise PlanError(f"{name} is {most:g}", where="budget", next_step="give more than 0, or leave it out")
    return both if both != Budget() else None


def _of_kind(kind: _Kind, plan: Plan, settings: Settings) -> dict[str, int]:
    set_: dict[str, int] = getattr(settings.limits, kind) if settings.limits is not None else {}
    layers = [set_, getattr(plan.limits, kind) if plan.limits is not None else {}]
    if settings.origins.get("limits") == "environment":
        layers.reverse()
    merged = {name: most for layer in layers for name, most in layer.items()}
    low = next((name for name, most in merged.items() if most < 1), None)
    if low is not None:
        raise PlanError(f"{low} is {merged[low]}", where=f"limits.{kind}", next_step="give 1 or more, or leave it out")
    return merged


def _usual(agent: str) -> int | None:
    """Return how many of an agent run at once where nobody says it, None: no cap."""
    try:
        spoken = dialect(agent)
    except ForkjoinError:
        return None  # who it is, is looked at later
    return spoken.coding.at_once if isinstance(spoken, Coded) else None


def _only(caps: dict[str, int], used: set[str]) -> dict[str, int]:
    return {name: most for name, most in caps.items() if name in used}


def _provider(task: Task) -> str:
    try:
        return provider_of(getattr(task.agent, "target", None) or dialect(task.agent_name), task)
    except ForkjoinError:  # no such agent here: a launch says so, a check need not
        return ""
