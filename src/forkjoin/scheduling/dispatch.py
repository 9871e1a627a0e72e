"""What follows from the board as it stands: who is ended, settled, started; whether all is over."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from forkjoin.model import Blocked, Outcome, Skipped, Stopped, TaskId, state_of
from forkjoin.scheduling.commands import Command, End, Finish, Reclaim, Settle, Start
from forkjoin.scheduling.pausing import pauses
from forkjoin.scheduling.purse import Sum
from forkjoin.scheduling.slots import Slot, Store
from forkjoin.scheduling.spending import affordable, overspent, promised


def dispatch(store: Store) -> Iterator[Command]:
    """Yield the commands of this turn in a fixed order: what ends, settlements, pauses, claims, starts, the finish."""
    yield from overspent(store)
    yield from _settlements(store)
    yield from pauses(store)
    yield from _claims(store)
    yield from _starts(store)
    if not store.queued and not store.live and not store.finished:
        store.finished = True
        yield Finish()


def _settlements(store: Store) -> Iterator[Command]:
    """Go through the touched tasks in plan order; a settled one touches those behind it."""
    work = sorted(store.touched)
    store.touched = set()
    while work:
        slot = store.slots[heapq.heappop(work)]
        if slot.live and slot.stop is not None and slot.asked not in ("kill", slot.stop.how):
            slot.asked = slot.stop.how
            yield End(task=slot.task, attempt=slot.attempt, how=slot.stop.how, reason=slot.stop.reason)
        elif slot.at == "queued" and (slot.stop is not None or slot.failed):
            outcome = _outcome(store, slot)
            store.end(slot, state_of(outcome))
            yield Settle(task=slot.task, outcome=outcome)
            for number in sorted(store.touched):
                heapq.heappush(work, number)
            store.touched.clear()
        elif slot.at == "queued" and not slot.waiting and not slot.elsewhere:
            store.push(slot)


def _outcome(store: Store, slot: Slot) -> Outcome:
    """Return how a task ends that will not start: a demand to stop goes before a missing predecessor."""
    if slot.stop is not None:
        if slot.stop.everyone:
            return Skipped(reason=slot.stop.reason or "the run was stopped")
        return Stopped(reason=slot.stop.reason or "stopped before it started")
    failed = sorted(slot.failed)
    first = store.slots[failed[0]]
    # Only the first cause is handed on: a chain of reasons would grow with every link.
    slot.root = first.root or f"{first.task} {first.word}"
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    why = (
        f"needs {first.task}, which is blocked: {slot.root}"
        if first.root
        else f"needs {first.task}, which {first.word}"
    )
    by: tuple[TaskId, ...] = tuple(store.slots[number].task for number in failed)
    return Blocked(by=by, reason=f"{why}{more}")


def _claims(store: Store) -> Iterator[Command]:
    again = sorted(number for number in store.unclaimed if store.slots[number].at == "queued")
    store.unclaimed.clear()
    if again:
        yield Reclaim(tasks=tuple(store.slots[number].task for number in again))


def _starts(store: Store) -> Iterator[Command]:
    if not _open(store) or not any(lane.heavy or lane.light for lane in store.lanes):
        return
    spent = promised(store)
    while (slot := _next(store, spent)) is not None:
        store.go_live(slot, slot.attempt + 1, "starting")
        if slot.lane.provider:
            spent = spent.plus(slot.lane.mean)
        yield Start(task=slot.task, attempt=slot.attempt)


def _next(store: Store, spent: Sum) -> Slot | None:
    """Return the task to start next and take it off its heap, None where nothing may start now.

    Among those that take cores the first one is waited for, so that a wide one is not overtaken for ever; those that
    take none go past it. Tasks whose agent, model or provider takes no more are passed over: others need not wait.
    *spent* is of the run's budget, with what those that run will spend.
    """
    if not _open(store):
        return None
    open_ = [lane for lane in store.lanes if lane.open and affordable(store, lane, spent)]
    light = _first(store, [lane.light for lane in open_])
    heavy = _first(store, [lane.heavy for lane in open_])
    if heavy is not None and store.cores_used + heavy.need > store.limits.cores:
        heavy = None
    slot = min((one for one in (light, heavy) if one is not None), key=lambda one: one.key, default=None)
    if slot is not None:
        heapq.heappop(slot.lane.heavy if slot.need else slot.lane.light)
    return slot


def _open(store: Store) -> bool:
    if "disk" in store.held or ("memory" in store.held and store.live):
        return False
    return store.limits.slots is None or len(store.live) < store.limits.slots


def _first(store: Store, heaps: list[list[tuple[float, int]]]) -> Slot | None:
    """Return the first ready task of all these heaps, without what is no longer ready."""
    first: Slot | None = None
    for heap in heaps:
        while heap and not store.ready(heap[0][1]):
            heapq.heappop(heap)
        if heap and (first is None or heap[0] < first.key):
            first = store.slots[heap[0][1]]
    return first
