"""What follows where a provider takes no more requests: one pause for all its tasks, and fewer at once behind it.

What providers say of the time is kept to; where they say none, the pause doubles with each in a row. Half as many run
at once behind a pause, and one more each time that as many have completed: additive increase, multiplicative decrease.
"""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.model import Ended, Limit
from forkjoin.scheduling.commands import Pause
from forkjoin.scheduling.lanes import Group
from forkjoin.scheduling.slots import Slot, Store

MOST_LIMITED = 10  # attempts of one task that a provider may send away before that is its end
_FIRST_S, _MOST_S = 1.0, 120.0  # of a pause of which nobody said how long
_SPREAD_S, _SPREAD = 1.0, 0.1  # what is added to a time that was said, so that not all come back at once


def until(pause: Pause, *, now: float, luck: float) -> float:
    """Return when a pause that begins *now* (Unix time) is over; *luck* from 0 to 1 spreads those of several runs."""
    said = max((_said(limit, now) for limit in pause.limits), default=now)
    if said > now:
        return said + luck * min(_SPREAD_S, _SPREAD * (said - now))
    return now + min(_MOST_S, _FIRST_S * 2.0 ** min(30, pause.streak - 1)) * (0.5 + luck / 2)


def tell(store: Store, slot: Slot, limit: Limit, *, ended: bool) -> None:
    """Take note, for this turn's `pauses`, that a task was sent away by its provider."""
    group = store.providers.get(slot.lane.provider)
    if group is not None:
        group.told.append((limit, slot.paused_before == group.number))
        group.gone += ended
        store.told.add(slot.lane.provider)


def pauses(store: Store) -> Iterator[Pause]:
    """Yield the pauses that follow from this turn, and begin them.

    What an attempt says that was started before the last pause is the same news again, unless it names a time.
    """
    for provider in sorted(store.told):
        group = store.providers[provider]
        told, gone, group.told, group.gone = group.told, group.gone, [], 0
        fresh = any(new for _, new in told)
        if fresh or any(limit.timed for limit, _ in told):
            yield _begun(provider, group, [limit for limit, _ in told], fresh=fresh, gone=gone)
    store.told.clear()


def sent_away(slot: Slot, ended: Ended) -> bool:
    """Whether an attempt ended by its provider's limit alone, and costs its task no retry."""
    return ended.limit is not None and slot.sent_away < MOST_LIMITED


def _begun(provider: str, group: Group, limits: list[Limit], *, fresh: bool, gone: int) -> Pause:
    at_once = group.learnt
    if fresh:
        there = group.live + gone
        at_once = max(1, (there if at_once is None else min(there, at_once)) // 2)
    group.pause(group.number + fresh, at_once)
    return Pause(
        provider=provider, number=group.number, streak=max(1, group.streak), at_once=at_once, limits=tuple(limits)
    )


def _said(limit: Limit, now: float) -> float:
    return max(limit.until or 0.0, now + (limit.after_s or 0.0))
