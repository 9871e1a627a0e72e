"""Who waits for the same places: tasks of one agent, one model, one provider, and what is known of each of these."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from forkjoin.model import Limit, Limits, Plan, waits_at
from forkjoin.scheduling.purse import Sum


class Group(msgspec.Struct, kw_only=True):
    """Tasks that share a cap. `cap` is what somebody set, `learnt` what a provider was seen to take; None: no cap."""

    cap: int | None = None
    learnt: int | None = None
    live: int = 0
    well: int = 0  # tasks that completed since `learnt` last grew
    paused: bool = False
    number: int = 0  # of its pauses so far
    streak: int = 0  # pauses since a task last completed
    told: list[tuple[Limit, bool]] = msgspec.field(
        default_factory=list
    )  # this turn; whether an attempt started since the last
    gone: int = 0  # attempts that ended by that, this turn

    @property
    def open(self) -> bool:
        """Whether one more of them may start."""
        most = min((most for most in (self.cap, self.learnt) if most is not None), default=None)
        return not self.paused and (most is None or self.live < most)

    def went_well(self) -> None:
        """One completed: after as many as may run at once, one more may."""
        self.streak, self.well = 0, self.well + 1
        if self.learnt is not None and self.well >= self.learnt:
            self.learnt, self.well = self.learnt + 1, 0

    def pause(self, number: int, at_once: int | None) -> None:
        """Let none start; *number* is the pause's. Told again, it changes nothing."""
        self.paused = True
        if number > self.number:
            self.number, self.streak, self.well = number, self.streak + 1, 0
            self.learnt = at_once


class Lane(msgspec.Struct, kw_only=True):
    """Tasks with the same groups. A heap may hold stale entries: they are known by their task being no longer ready."""

    groups: tuple[Group, ...] = ()
    provider: str = ""
    light: list[tuple[float, int]] = []  # ready, takes no core
    heavy: list[tuple[float, int]] = []  # ready, takes cores
    priced: int = 0  # attempts that have ended and said what they cost
    cost: Sum = msgspec.field(default_factory=Sum)  # of these

    @property
    def mean(self) -> Sum:
        """What one of its attempts costs, nothing where that is not known yet."""
        return Sum(usd=self.cost.usd / self.priced, tokens=self.cost.tokens / self.priced) if self.priced else Sum()

    @property
    def open(self) -> bool:
        """Whether one more of its tasks may start, as far as its groups go."""
        return all(group.open for group in self.groups)


def lanes_of(
    plan: Plan, limits: Limits, providers: Mapping[str, str]
) -> tuple[list[Lane], list[Lane], dict[str, Group]]:
    """Return the lanes, the lane of each task in plan order, and the groups of the providers."""
    groups: dict[tuple[str, str], Group] = {}
    lanes: dict[tuple[tuple[str, str], ...], Lane] = {}
    alike: dict[tuple[str, str], Lane] = {}  # of an agent and a model
    mine: list[Lane] = []
    for task in plan.tasks:
        kind = task.agent_name, task.model
        if kind not in alike:
            provider = providers.get(waits_at(*kind), "")
            key = _groups_of(*kind, provider, limits)
            if key not in lanes:
                own = tuple(groups.setdefault(one, Group(cap=_cap(one, limits))) for one in key)
                lanes[key] = Lane(groups=own, provider=provider)
            alike[kind] = lanes[key]
        mine.append(alike[kind])
    known = {name: group for (kind, name), group in groups.items() if kind == "provider"}
    return list(lanes.values()), mine, known


def _groups_of(agent: str, model: str, provider: str, limits: Limits) -> tuple[tuple[str, str], ...]:
    named = (
        ("agent", agent, agent in limits.agents),
        ("model", model, model in limits.models),
        ("provider", provider, bool(provider)),
    )
    return tuple((kind, name) for kind, name, counts in named if counts)


def _cap(group: tuple[str, str], limits: Limits) -> int | None:
    kind, name = group
    caps = {"agent": limits.agents, "model": limits.models, "provider": limits.providers}[kind]
    return max(1, caps[name]) if name in caps else None
