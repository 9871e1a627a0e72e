"""What providers allow: a request they would not take, and how many tasks may be at them at once."""

from __future__ import annotations

from typing import Literal

from forkjoin.model.base import Value

LimitKind = Literal["rate", "overload", "quota"]


class Limit(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A provider took no more requests, and what it said about that: for how many seconds, or until when (Unix time).

    `rate` is too many requests, `overload` is too many of everybody's, `quota` is what was bought and is used up.
    """

    kind: LimitKind
    after_s: float | None = None
    until: float | None = None
    reason: str = ""

    @property
    def timed(self) -> bool:
        """Whether it was said when it is over."""
        return self.after_s is not None or self.until is not None


class Limits(Value, frozen=True, kw_only=True, omit_defaults=True):
    """How many tasks may run at once, by the names of their agents, models and providers."""

    agents: dict[str, int] = {}  # noqa: RUF012 - msgspec copies an empty default
    models: dict[str, int] = {}  # noqa: RUF012 - as above
    providers: dict[str, int] = {}  # noqa: RUF012 - as above


class Pause(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of time (Unix time) in which nothing was started at one provider. `ended` None = it still lasts.

    `until` is when it will be over, as far as that is known; *at_once* how many tasks it is given at a time after it.
    """

    provider: str
    started: float
    until: float
    reason: str = ""
    ended: float | None = None
    at_once: int | None = None


def waits_at(agent: str, model: str) -> str:
    """Return the key under which `Planned.providers` has the provider of that agent with that model."""
    return f"{agent} {model}".rstrip()
