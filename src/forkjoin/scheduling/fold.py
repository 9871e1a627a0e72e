"""What each event changes on the board. Facts only: nothing is decided here, so the order within a turn is free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forkjoin.model import (
    Awaited,
    BaseTaken,
    Blocked,
    Closed,
    Continued,
    Ended,
    Event,
    Exported,
    Freed,
    Halted,
    Held,
    Joined,
    LandBegun,
    Landed,
    Lifted,
    Limited,
    Overlapped,
    Owned,
    Paused,
    Planned,
    Progress,
    Released,
    RetryAsked,
    Running,
    Starting,
    StoodStill,
    StopAsked,
    state_of,
)
from forkjoin.scheduling.pausing import sent_away, tell
from forkjoin.scheduling.slots import Slot, Stop, Store
from forkjoin.scheduling.spending import afford, spent

_FAILURES = ("failed", "timed_out", "lost", "needs_input")  # what `fail_fast` strikes at
_NEVER_RAN = ("blocked", "skipped")


def fold(store: Store, event: Event) -> None:
    """Change *store* as *event* says. Events about unknown tasks, and those that came before, change nothing."""
    FOLDS[type(event)](store, event)


def _limited(store: Store, event: Limited) -> None:
    slot = store.find(event.task)
    if slot is not None and slot.live and event.attempt == slot.attempt:
        tell(store, slot, event.limit, ended=False)


def _paused(store: Store, event: Paused) -> None:
    group = store.providers.get(event.provider)
    if group is not None:
        group.pause(event.number, event.at_once)
        group.told.clear()  # it is what came of that
        group.gone = 0
        store.told.discard(event.provider)


def _lifted(store: Store, event: Lifted) -> None:
    group = store.providers.get(event.provider)
    if group is not None:
        group.paused = False


def _elsewhere(store: Store, event: Awaited | Freed) -> None:
    slot = store.find(event.task)
    if slot is not None and slot.at == "queued":
        slot.elsewhere = type(event) is Awaited
        store.unclaimed.discard(slot.number)
        store.touched.add(slot.number)


def _starting(store: Store, event: Starting) -> None:
    slot = store.find(event.task)
    if slot is not None and event.attempt > slot.attempt:  # not ours to have asked for: a board is being rebuilt
        store.go_live(slot, event.attempt, "starting")


def _running(store: Store, event: Running) -> None:
    slot = store.find(event.task)
    if slot is None:
        return
    if event.attempt > slot.attempt:
        store.go_live(slot, event.attempt, "running")
    elif event.attempt == slot.attempt and slot.live:
        slot.at = "running"


def _progress(store: Store, event: Progress) -> None:
    slot = store.find(event.task)
    if slot is not None and event.usage is not None and slot.live and slot.attempt == event.attempt:
        spent(store, slot, event.usage, ended=False)


def _ended(store: Store, event: Ended) -> None:
    slot = store.find(event.task)
    if slot is None or slot.at == "ended" or 0 < event.attempt < slot.attempt:
        return
    if 0 < event.attempt == slot.attempt and slot.at == "queued":
        return  # the end of an attempt that is behind us already
    if event.attempt == 0 and type(event.outcome) is Blocked and not _still_blocked(store, slot, event.outcome):
        return
    slot.attempt = max(slot.attempt, event.attempt)
    if event.attempt:
        spent(store, slot, event.usage, ended=True)
    if event.limit is not None:
        tell(store, slot, event.limit, ended=True)
    if event.again:
        away = sent_away(slot, event)
        slot.spared, slot.sent_away = slot.spared + (away or event.repair or event.unbegun), slot.sent_away + away
        store.queue(slot)
        return
    state = state_of(event.outcome)
    if state == "completed" and (group := store.providers.get(slot.lane.provider)) is not None:
        group.went_well()
    store.end(slot, state)
    if store.limits.fail_fast and not store.tripped and state in _FAILURES:
        store.tripped = True
        reason = f"fail fast: {slot.task} {slot.word}"
        _stop_everyone(store, Stop(how="term", reason=reason, everyone=True))


def _still_blocked(store: Store, slot: Slot, outcome: Blocked) -> bool:
    """Whether the record still tells the truth: somebody may have asked for a retry just before it was written."""
    if slot.live:
        return False
    first = (store.find(task) for task in outcome.by)
    return any(other is not None and other.at == "ended" and other.state != "completed" for other in first)


def _stop(store: Store, event: StopAsked) -> None:
    stop = Stop(how=event.how, reason=event.reason, everyone=not event.task)
    if stop.everyone:
        _stop_everyone(store, stop)
    elif (slot := store.find(event.task)) is not None:
        _stop_one(store, slot, stop)


def _stop_everyone(store: Store, stop: Stop) -> None:
    for number in (*store.queued, *store.live):
        _stop_one(store, store.slots[number], stop)


def _stop_one(store: Store, slot: Slot, stop: Stop) -> None:
    if slot.at == "ended" or (slot.stop is not None and (slot.stop.how == "kill" or stop.how == "term")):
        return
    # The first reason stands; a later demand only makes it harder.
    slot.stop = stop if slot.stop is None else Stop(how="kill", reason=slot.stop.reason, everyone=slot.stop.everyone)
    store.touched.add(slot.number)


def _retry(store: Store, event: RetryAsked) -> None:
    slot = store.find(event.task)
    if slot is None or slot.at != "ended" or (slot.state == "completed" and not event.force):
        return
    store.tripped = False
    if event.budget is not None:
        afford(store, event.budget)
    again = [slot]
    for one in again:  # grows while it is read: the task, then what never ran behind it
        if one.at != "ended":
            continue
        behind = [store.slots[number] for number, _ in one.behind]
        one.sent_away = 0
        store.queue(one)
        again += [then for then in behind if then.at == "ended" and then.state in _NEVER_RAN]


def _held(store: Store, event: Held) -> None:
    store.held.add(event.cause)


def _released(store: Store, event: Released) -> None:
    store.held.discard(event.cause)


def _closed(store: Store, _: Closed) -> None:
    """A retry may have been asked just before it was written: then the run is not over."""
    store.finished = not store.queued and not store.live


def _owned(store: Store, _: Owned) -> None:
    """A hold is what one owner saw: the next looks for itself."""
    store.held.clear()


def _nothing(store: Store, event: Event) -> None:
    """What happened says nothing of when what runs."""


# By an event's own class: a long past goes through this, and to ask what a struct is not costs most of a microsecond.
FOLDS: dict[type[Event], Callable[[Store, Any], None]] = {
    Starting: _starting,
    Running: _running,
    Progress: _progress,
    Ended: _ended,
    Limited: _limited,
    Paused: _paused,
    Lifted: _lifted,
    StopAsked: _stop,
    RetryAsked: _retry,
    Awaited: _elsewhere,
    Freed: _elsewhere,
    Held: _held,
    Released: _released,
    Closed: _closed,
    Owned: _owned,
    **dict.fromkeys(
        (Planned, BaseTaken, Overlapped, Halted, Continued, StoodStill, Joined, LandBegun, Landed, Exported), _nothing
    ),
}
