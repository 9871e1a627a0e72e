"""Times in which a provider took no requests, as the journal has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from forkjoin.journal.seen import Seen
from forkjoin.model import Cap, Hold, Lifted, Limited, Limits, Pause, Paused, TaskView

_LIMITS = {"rate": "too many requests", "overload": "overloaded", "quota": "quota used up"}
_TODAY_S = 12 * 3600.0  # what is nearer needs no date


def with_pause(pauses: Sequence[Pause], event: Paused | Lifted, at: float) -> list[Pause]:
    """Return the pauses with one that began, lasts longer, or is over."""
    before = next((one for one in pauses if one.ended is None and one.provider == event.provider), None)
    others = [one for one in pauses if one is not before]
    if isinstance(event, Paused):
        began = at if before is None else before.started
        return [*others, Pause(
            provider=event.provider, started=began, until=event.until, reason=event.reason, at_once=event.at_once
        )]  # fmt: skip
    return [*others, replace(before, ended=at)] if before is not None else others


def spoken_pause(pause: Pause) -> str:
    """Return for whom is waited, and till when: `anthropic until 14:05:10 UTC`."""
    form = "%H:%M:%S" if pause.until - pause.started < _TODAY_S else "%Y-%m-%d %H:%M"
    try:
        return f"{pause.provider} until {datetime.fromtimestamp(pause.until, UTC):{form}} UTC"
    except (ValueError, OverflowError, OSError):  # a moment that no calendar has
        return f"{pause.provider}, and nobody knows how long"


def holds_at(pauses: Sequence[Pause], provider: str) -> tuple[Hold, ...]:
    """Return the times in which tasks of that provider were held by it."""
    return tuple(
        Hold(cause="provider limit", started=one.started, ended=one.ended, detail=f"for {one.provider}")
        for one in pauses
        if one.provider == provider and one.provider
    )


def caps_of(task: TaskView, limits: Limits | None, pauses: Sequence[Pause]) -> tuple[Cap, ...]:
    """Return how many of its likes may be live at once: as somebody set it, and as its provider was seen to take."""
    agent, model, provider = task.task.agent_name, task.task.model, task.provider
    limits = limits or Limits()
    found: list[Cap] = []
    if agent in limits.agents:
        found.append(Cap(kind="agent", name=agent, most=max(1, limits.agents[agent])))
    if model in limits.models:
        found.append(Cap(kind="model", name=model, most=max(1, limits.models[model])))
    if provider in limits.providers:
        found.append(Cap(kind="provider", name=provider, most=max(1, limits.providers[provider])))
    learnt = [one for one in pauses if one.provider == provider and provider and one.at_once is not None]
    found += [Cap(kind="provider", name=provider, most=one.at_once or 1, since=one.started) for one in learnt]
    return tuple(found)


def limited(seen: Seen, event: Limited, at: float) -> None:
    """Take note that the provider of a live attempt sent it away, and how long its agent waits by its own word.

    A next owner reads what the agent said from the beginning: what was counted before is not counted twice.
    """
    if event.attempt != seen.now.attempt or seen.ended or seen.queued:
        return
    limit = event.limit
    seen.put(replace(seen.now, action=f"{limit.kind}: {limit.reason}"))
    if event.waits and event.number > seen.limits:
        seen.limits = event.number
        about = f"for {seen.now.provider or seen.now.task.agent_name} ({_LIMITS[limit.kind]})"
        hold = Hold(cause="provider limit", started=at, ended=at + event.waits, detail=about)
        seen.put(replace(seen.now, limits=(*seen.now.limits, hold)))
