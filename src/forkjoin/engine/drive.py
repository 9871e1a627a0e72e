"""The owner's loop: journal first, then `step`, then act."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import msgspec

from forkjoin.backends import Exited, InProcessBackend, LocalBackend, Output, Signal, Spawned, identity
from forkjoin.engine.attempts import Attempts, Key, Result
from forkjoin.engine.folder import RunFolder
from forkjoin.engine.gate import Gate
from forkjoin.engine.giving import Giving
from forkjoin.engine.inbox import Inbox
from forkjoin.engine.joining import joined
from forkjoin.engine.progress import Actions
from forkjoin.errors import NoRoom
from forkjoin.journal import SqliteJournal
from forkjoin.model import (
    BaseTaken,
    Closed,
    Ended,
    Event,
    Failed,
    Lost,
    Owned,
    Plan,
    Planned,
    Recorded,
    RetryAsked,
    Running,
    Starting,
    StopAsked,
    TaskId,
)
from forkjoin.scheduling import Command, End, Finish, Settle, Start, new_board, rebuild, retries_left, step

_LOOK_S = 0.2  # how often other processes' wishes are looked for
_GATE_S = 1.0  # how often memory and disk are looked at, and a full disk is tried again


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A wish that another process has journaled."""

    event: StopAsked | RetryAsked


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """This process stops driving; another goes on."""


Item: TypeAlias = BaseTaken | Ended | Signal | Result | Foreign | HandOver | Event


class Driver:
    """Drives one run in the running event loop until it is over or handed over; only its owner makes one."""

    def __init__(self, folder: RunFolder, *, attached: bool, plan: Plan | None = None) -> None:
        self._folder, self._attached = folder, attached
        self._journal = SqliteJournal.open(folder.journal)
        past = list(self._journal.read())
        self._planned = _planned(past, plan)
        self._inbox: Inbox[Item] = Inbox()
        self._attempts = self._new_attempts(past)
        self._giving = Giving(self._planned, self._journal.content)
        self._actions = Actions(self._attempts.speaker)
        self._gate = Gate(folder=folder.path, options=self._planned.options)
        self._seen = past[-1].seq
        self._unwritten: list[Event | Result] = []
        self._effects: list[Callable[[], None]] = []
        self._board = new_board(self._planned.plan, self._planned.edges, self._planned.options)
        self._over = False
        self.handed_over = False
        self._past = past

    async def drive(self) -> None:
        """Fold what happens into the board and do what it says, until everything has ended."""
        await self._attempts.open(self._inbox.put)
        self._take_over()
        outside = asyncio.create_task(self._look_outside())
        try:
            while not self._over:
                self._turn(await self._inbox.take())
        finally:
            outside.cancel()
            await self._attempts.close()
            self._journal.close()

    def hand_over(self) -> None:
        """Ask, from any thread, to stop driving without ending anything."""
        self._inbox.put_from_thread(HandOver())

    def stop_all(self, reason: str) -> None:
        """Ask, in the loop's thread, to end every task."""
        self._inbox.put(StopAsked(task=TaskId(""), reason=reason))

    # -- one turn

    def _turn(self, items: Sequence[Item]) -> None:
        now = time.time()
        events: list[Event] = []
        for item in items:
            events.extend(self._understood(item, now))
        self._board, commands = step(self._board, events)
        for command in commands:
            self._decide(command)
        self._release()

    def _understood(self, item: Item, now: float) -> list[Event]:
        """Return the events an item means, noted for the journal unless they are in it already."""
        match item:
            case HandOver():
                self._over = self.handed_over = True
                return []
            case Foreign(event=event):
                return [event]
            case Output() | Spawned() | Exited():
                return self._heard(item, now)
            case Result():
                return self._settled(item)
            case _:
                return self._noted(item)

    def _heard(self, signal: Signal, now: float) -> list[Event]:
        match signal:
            case Output():
                return self._noted(*self._actions.heard(signal, now))
            case Spawned(task=task, attempt=attempt, pid=pid, start=start):
                place = self._attempts.places.get((task, attempt))
                return self._noted(Running(task=task, attempt=attempt, place=place, pid=pid, start=start))
            case Exited():
                result = self._attempts.ended(signal)
                return [] if result is None else self._settled(result)
            case _:
                assert_never(signal)

    def _noted(self, *events: Event) -> list[Event]:
        self._unwritten.extend(events)
        return list(events)

    def _settled(self, result: Result) -> list[Event]:
        """Say whether another attempt follows; its texts go into the journal with the record."""
        ended = result.ended
        again = retries_left(self._attempts.tasks[ended.task], ended.attempt, ended.outcome)
        ended = msgspec.structs.replace(ended, again=again)
        self._actions.forget((ended.task, ended.attempt))
        self._unwritten.append(dataclasses.replace(result, ended=ended))
        return [ended]

    def _decide(self, command: Command) -> None:
        """Note what the board decided; its effect is released after the commit that holds it."""
        match command:
            case Start(task=task, attempt=attempt):
                trouble = self._attempts.reserve(task, attempt)
                self._noted(Starting(task=task, attempt=attempt))
                self._effects.append(lambda: self._start(task, attempt, trouble))
            case End(task=task, attempt=attempt, how=how, reason=reason):
                self._effects.append(lambda: self._attempts.stop(task, attempt, how=how, reason=reason))
            case Settle(task=task, outcome=outcome):
                self._noted(Ended(task=task, attempt=0, outcome=outcome))
            case Finish():
                self._effects.append(self._finish)

    def _start(self, task: TaskId, attempt: int, trouble: Failed | None) -> None:
        if trouble is not None:
            self._inbox.put(Result(ended=Ended(task=task, attempt=attempt, outcome=trouble)))
            return
        self._attempts.start(task, attempt, self._giving.to(task))

    def _release(self) -> None:
        """Commit what is noted, then let the effects happen; on a full disk all of it waits for the next try."""
        noted, self._unwritten = self._unwritten, []
        events = [self._with_texts(one) if isinstance(one, Result) else one for one in noted]
        for event in events:
            self._giving.note(event)
        try:
            self._journal.append(events, at=time.time())
            self._journal.commit()
        except NoRoom:
            return  # the journal keeps what was appended for the next commit
        effects, self._effects = self._effects, []
        for effect in effects:
            effect()

    def _with_texts(self, result: Result) -> Ended:
        """Put a result's answer and value among the journal's texts, in the open transaction."""
        if not result.answer and not result.value:
            return result.ended
        return msgspec.structs.replace(
            result.ended,
            answer=self._journal.text(result.answer),
            value=self._journal.text(result.value.decode("utf-8", "replace")),
        )

    def _finish(self) -> None:
        """Join, and close: the last two events of a run."""
        findings, state = joined(self._folder, self._journal, self._planned)
        self._noted(findings)
        self._noted(Closed(state=state))
        self._effects.append(self._end_loop)
        self._release()

    def _end_loop(self) -> None:
        self._over = True

    # -- beginnings

    def _new_attempts(self, past: Sequence[Recorded]) -> Attempts:
        base = next((r.event.base for r in past if isinstance(r.event, BaseTaken)), None)
        return Attempts(
            folder=self._folder,
            planned=self._planned,
            local=LocalBackend(run_folder=self._folder.path, detached=not self._attached),
            inprocess=InProcessBackend(),
            tell=self._inbox.put_from_thread,
            post=asyncio.get_running_loop().call_soon_threadsafe,
            environ=dict(os.environ),
            base=base,
        )

    def _take_over(self) -> None:
        """Say whose the run is now, make the board from what was journaled, and adopt what still lives."""
        events = [recorded.event for recorded in self._past[1:]]
        self._past = []
        for event in events:
            self._giving.note(event)
        me = identity()
        self._noted(Owned(pid=me.pid, start=me.start, boot=me.boot, attached=self._attached))
        planned = self._planned
        if events:
            self._board = rebuild(planned.plan, planned.edges, planned.options, events)
        self._board, commands = step(self._board, ())
        for command in commands:
            self._decide(command)
        for event in _alive(events):
            self._adopt(event)
        self._release()

    def _adopt(self, event: Starting | Running) -> None:
        key: Key = (event.task, event.attempt)
        if self._attempts.tasks[event.task].function:
            lost = Lost(reason="it ran inside a process that is gone")
            self._inbox.put(Result(ended=Ended(task=event.task, attempt=event.attempt, outcome=lost)))
            return
        if isinstance(event, Running) and event.place is not None:
            self._attempts.places[key] = event.place
        self._attempts.adopt(event.task, event.attempt)

    async def _look_outside(self) -> None:
        """Look for other processes' wishes, and at memory and disk, and try a full disk again."""
        next_gate = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._journal.changed():
                for recorded in self._journal.read(self._seen):
                    self._seen = recorded.seq
                    if isinstance(recorded.event, StopAsked | RetryAsked):
                        self._inbox.put(Foreign(event=recorded.event))
            if time.monotonic() >= next_gate:
                next_gate = time.monotonic() + _GATE_S
                for event in self._gate.look():
                    self._inbox.put(event)
                if self._effects:
                    self._release()


Ready: TypeAlias = Callable[[Driver], None]


def drive(folder: RunFolder, *, attached: bool, plan: Plan | None = None, ready: Ready | None = None) -> bool:
    """Drive the run to its end in an event loop of its own; return whether it was handed over instead.

    *plan* is the plan with its callables, where it has some; *ready* is given the driver before the first turn.
    """

    async def main() -> bool:
        driver = Driver(folder, attached=attached, plan=plan)
        if ready:
            ready(driver)
        await driver.drive()
        return driver.handed_over

    return asyncio.run(main())


async def drive_here(folder: RunFolder, *, plan: Plan | None = None, ready: Ready | None = None) -> None:
    """Drive the run in the running event loop; when cancelled, stop every task and wait for their ends first."""
    driver = Driver(folder, attached=True, plan=plan)
    if ready:
        ready(driver)
    loop = asyncio.create_task(driver.drive())
    try:
        await asyncio.shield(loop)
    except asyncio.CancelledError:
        driver.stop_all("cancelled")
        await loop
        raise


def _planned(past: Sequence[Recorded], plan: Plan | None) -> Planned:
    first = past[0].event
    assert isinstance(first, Planned)  # noqa: S101 - launch writes it before anything else
    return first if plan is None else msgspec.structs.replace(first, plan=plan)


def _alive(events: Sequence[Event]) -> list[Starting | Running]:
    """Return the attempts that have started and not ended, by their last sign."""
    alive: dict[Key, Starting | Running] = {}
    for event in events:
        if isinstance(event, Starting | Running):
            alive[event.task, event.attempt] = event
        elif isinstance(event, Ended):
            alive.pop((event.task, event.attempt), None)
    return list(alive.values())
