"""The budget of a run: what is spent, what those that run will spend, and what follows where it is used up.

Only tasks that ask a provider spend. What nobody said that it cost counts nothing here: a budget holds as far as
agents say what they use.
"""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.model import Budget, Usage
from forkjoin.scheduling.commands import Cap
from forkjoin.scheduling.lanes import Lane
from forkjoin.scheduling.purse import Sum
from forkjoin.scheduling.slots import Slot, Stop, Store


def spent(store: Store, slot: Slot, usage: Usage, *, ended: bool) -> None:
    """Take note of what an attempt has used so far, or in all where it has *ended*."""
    if not slot.lane.provider:
        return
    used = store.purse.take(slot.number, usage, ended=ended)
    if ended and (used.usd or used.tokens):
        slot.lane.priced, slot.lane.cost = slot.lane.priced + 1, slot.lane.cost.plus(used)


def afford(store: Store, budget: Budget) -> None:
    """Let the run spend *budget* in all, with what it has spent already."""
    store.purse.budget = budget


def promised(store: Store) -> Sum:
    """Return what is spent, and what those that run will spend, by the mean of those before them."""
    purse = store.purse
    expected = purse.spent
    for slot in _spending(store) if purse.bound else ():
        expected = expected.plus(slot.lane.mean.left(purse.live.get(slot.number, Sum())))
    return expected


def affordable(store: Store, lane: Lane, promised: Sum) -> bool:
    """Whether one more task of a lane may start: it and what is *promised* already are within the budget."""
    purse = store.purse
    return not purse.bound or not lane.provider or not promised.plus(lane.mean).above(purse.budget)


def overspent(store: Store) -> Iterator[Cap]:
    """Yield whom to end where the budget is used up; what waits and cannot be paid any more never starts."""
    purse = store.purse
    if not purse.bound:
        return
    over = purse.spent.above(purse.budget)
    for slot in _spending(store) if over else ():
        if not slot.capped and slot.stop is None:
            slot.capped = True
            yield Cap(task=slot.task, attempt=slot.attempt, reason=purse.said)
    if over or not any(store.slots[number].lane.provider for number in store.live):
        closed = [lane for lane in store.lanes if lane.provider and (over or not affordable(store, lane, purse.spent))]
        if closed:
            _leave_out(store, closed, purse.said)


def _spending(store: Store) -> list[Slot]:
    return [store.slots[number] for number in sorted(store.live) if store.slots[number].lane.provider]


def _leave_out(store: Store, lanes: list[Lane], reason: str) -> None:
    for number in sorted(store.queued):
        slot = store.slots[number]
        if slot.stop is None and any(slot.lane is lane for lane in lanes):
            slot.stop = Stop(how="term", reason=reason, everyone=True)
            store.touched.add(number)
