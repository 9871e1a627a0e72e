"""What each event changes on the board. Facts only: nothing is decided here, so the order within a turn is free."""

from __future__ import annotations

from typing import assert_never

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
from forkjoin.scheduling.slots import At, Slot, Stop, Store
from forkjoin.scheduling.spending import afford, spent

_FAILURES = ("failed", "timed_out", "lost", "needs_input")  # what `fail_fast` strikes at
_NEVER_RAN = ("blocked", "skipped")


def fold(store: Store, event: Event) -> None:
    """Change *store* as *event* says. Events about unknown tasks, and those that came before, change nothing."""
    match event:
        case Starting() | Running() | Progress():
            _live(store, event)
        case Ended():
            _ended(store, event)
        case Limited() | Paused() | Lifted():
            _provider(store, event)
        case StopAsked() | RetryAsked():
            _stop(store, event) if isinstance(event, StopAsked) else _retry(store, event)
        case Awaited() | Freed():
            _elsewhere(store, event)
        case Held() | Released():
            (store.held.add if isinstance(event, Held) else store.held.discard)(event.cause)
        case Closed():
            # A retry may have been asked just before it was written: then the run is not over.
            store.finished = not store.queued and not store.live
        case Owned():
            store.held.clear()  # a hold is what one owner saw: the next looks for itself
        case (
            Planned() | BaseTaken() | Overlapped() | Halted() | Continued() | StoodStill()
            | Joined() | LandBegun() | Landed() | Exported()
        ):  # fmt: skip
            pass
        case _:
            assert_never(event)


def _provider(store: Store, event: Limited | Paused | Lifted) -> None:
    if isinstance(event, Limited):
        slot = store.find(event.task)
        if slot is not None and slot.live and event.attempt == slot.attempt:
            tell(store, slot, event.limit, ended=False)
        return
    group = store.providers.get(event.provider)
    if group is None:
        return
    if isinstance(event, Paused):
        group.pause(event.number, event.at_once)
        group.told.clear()  # it is what came of that
        group.gone = 0
        store.told.discard(event.provider)
    else:
        group.paused = False


def _elsewhere(store: Store, event: Awaited | Freed) -> None:
    slot = store.find(event.task)
    if slot is not None and slot.at is At.QUEUED:
        slot.elsewhere = isinstance(event, Awaited)
        store.unclaimed.discard(slot.number)
        store.touched.add(slot.number)


def _live(store: Store, event: Starting | Running | Progress) -> None:
    slot = store.find(event.task)
    if slot is None:
        return
    if isinstance(event, Progress):
        if event.usage is not None and slot.live and slot.attempt == event.attempt:
            spent(store, slot, event.usage, ended=False)
        return
    at = At.RUNNING if isinstance(event, Running) else At.STARTING
    if event.attempt > slot.attempt:  # not ours to have asked for: a board is being rebuilt
        store.go_live(slot, event.attempt, at)
    elif event.attempt == slot.attempt and slot.live and at is At.RUNNING:
        slot.at = at


def _ended(store: Store, event: Ended) -> None:
    slot = store.find(event.task)
    if slot is None or slot.at is At.ENDED or 0 < event.attempt < slot.attempt:
        return
    if 0 < event.attempt == slot.attempt and slot.at is At.QUEUED:
        return  # the end of an attempt that is behind us already
    if event.attempt == 0 and isinstance(event.outcome, Blocked) and not _still_blocked(store, slot, event.outcome):
        return
    slot.attempt = max(slot.attempt, event.attempt)
    if event.attempt:
        spent(store, slot, event.usage, ended=True)
    if event.limit is not None:
        tell(store, slot, event.limit, ended=True)
    if event.again:
        away = sent_away(slot, event)
        slot.spared, slot.sent_away = slot.spared + (away or event.repair), slot.sent_away + away
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
    return any(other is not None and other.at is At.ENDED and other.state != "completed" for other in first)


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
    if slot.at is At.ENDED or (slot.stop is not None and (slot.stop.how == "kill" or stop.how == "term")):
        return
    # The first reason stands; a later demand only makes it harder.
    slot.stop = stop if slot.stop is None else Stop(how="kill", reason=slot.stop.reason, everyone=slot.stop.everyone)
    store.touched.add(slot.number)


def _retry(store: Store, event: RetryAsked) -> None:
    slot = store.find(event.task)
    if slot is None or slot.at is not At.ENDED or (slot.state == "completed" and not event.force):
        return
    store.tripped = False
    if event.budget is not None:
        afford(store, event.budget)
    again = [slot]
    for one in again:  # grows while it is read: the task, then what never ran behind it
        if one.at is not At.ENDED:
            continue
        behind = [store.slots[number] for number, _ in one.behind]
        one.sent_away = 0
        store.queue(one)
        again += [then for then in behind if then.at is At.ENDED and then.state in _NEVER_RAN]
