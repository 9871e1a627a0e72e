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

from forkjoin.backends import Backend, Exited, InProcessBackend, LocalBackend, Output, Signal, Spawned, identity
from forkjoin.engine.attempts import Attempts, Key, Processes
from forkjoin.engine.folder import RunFolder
from forkjoin.engine.gate import Gate
from forkjoin.engine.giving import Giving
from forkjoin.engine.inbox import Inbox
from forkjoin.engine.joining import joined
from forkjoin.engine.progress import Actions
from forkjoin.engine.settling import Result
from forkjoin.engine.speaking import speaker
from forkjoin.errors import NoRoom
from forkjoin.journal import Journal, SqliteJournal
from forkjoin.model import (
    BaseTaken,
    Ended,
    Event,
    Failed,
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
from forkjoin.scheduling import Board, Command, End, Finish, Settle, Start, new_board, rebuild, retries_left, step

_LOOK_S = 0.2  # how often other processes' wishes are looked for
_GATE_S = 1.0  # how often memory and disk are looked at, and a full disk is tried again
_ROOM_S, _STOPPED_ROOM_S = 30.0, 5.0  # how long room is waited for when nothing runs any more; after a stop


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A wish that another process has journaled."""

    event: StopAsked | RetryAsked


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """This process stops driving as soon as nothing would get lost by it; another goes on."""


@dataclass(frozen=True, kw_only=True)
class TryAgain:
    """What could not be committed may find room now."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Looking outside failed; the loop cannot go on without it."""

    error: BaseException


Item: TypeAlias = BaseTaken | Ended | Signal | Result | Foreign | HandOver | TryAgain | Broken | Event


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What a driver works with: the journal, and where attempts run."""

    journal: Journal
    local: Processes
    inprocess: Backend


@dataclass(frozen=True, kw_only=True)
class Driven:
    """How driving came to its end. Wishes after the event *seen* were not looked at."""

    handed_over: bool
    seen: int


class Driver:
    """Drives one run in the running event loop until it is over or handed over; only its owner makes one."""

    def __init__(
        self, folder: RunFolder, *, attached: bool, plan: Plan | None = None, hands: Hands | None = None
    ) -> None:
        self._folder, self._attached = folder, attached
        self._hands = hands or real_hands(folder, attached=attached)
        self._journal = self._hands.journal
        self._past = _read(self._journal)
        self._planned = _planned(self._past, plan)
        self._inbox: Inbox[Item] = Inbox()
        self._attempts = self._new_attempts(self._past)
        self._giving = Giving(self._planned, self._journal.content)
        self._actions = Actions(lambda task: speaker(self._attempts.tasks[task]))
        self._gate = Gate(folder=folder.path, options=self._planned.options)
        self._seen = self._past[-1].seq
        self._unwritten: list[Event | Result] = []
        self._effects: list[Callable[[], None]] = []
        self._ends: list[Callable[[], None]] = []
        self._full: NoRoom | None = None  # why the last commit failed
        self._idle_since: float | None = None  # since when nothing runs, on a full disk
        self._board = self._board_so_far()
        self._over = self._board.finished
        self._asked_to_stop = self._stopping = self._leaving = self._handed_over = False

    async def drive(self) -> Driven:
        """Fold what happens into the board and do what it says, until everything has ended.

        Raises NoRoom where nothing runs any more and the journal takes no more: the next owner collects what is left.
        """
        outside: asyncio.Task[None] | None = None
        try:
            if not self._over:
                await self._attempts.open(self._inbox.put)
                self._take_over()
                outside = asyncio.create_task(self._look_outside())
                outside.add_done_callback(self._outside_ended)
            while not self._over:
                self._turn(await self._inbox.take())
        finally:
            if outside is not None:
                outside.cancel()
            await self._attempts.close(over=self._over)
            self._journal.close()
        return Driven(handed_over=self._handed_over, seen=self._seen)

    def hand_over(self) -> None:
        """Ask, from any thread, to stop driving without ending anything."""
        self._inbox.put_from_thread(HandOver())

    def wish(self, events: Sequence[StopAsked]) -> None:
        """Ask, from any thread, for what found no room in the journal."""
        for event in events:
            self._inbox.put_from_thread(event)

    def stop_all(self, reason: str) -> None:
        """Ask, in the loop's thread, to end every task; asked again, to end them at once."""
        self._inbox.put(StopAsked(task=TaskId(""), reason=reason, how="kill" if self._asked_to_stop else "term"))
        self._asked_to_stop = True

    # -- one turn

    def _turn(self, items: Sequence[Item]) -> None:
        now = time.time()
        events: list[Event] = []
        for item in items:
            events.extend(self._understood(item, now))
        self._stopping = self._stopping or any(isinstance(one, StopAsked) and not one.task for one in events)
        self._board, commands = step(self._board, events)
        for command in commands:
            self._decide(command)
        self._release()
        if self._leaving and not self._over:
            settled = self._inbox.empty and not self._attempts.between
            self._over = self._handed_over = settled and self._full is None

    def _understood(self, item: Item, now: float) -> list[Event]:
        """Return the events an item means, noted for the journal unless they are in it already."""
        match item:
            case HandOver():
                self._leaving = True
                return []
            case TryAgain():
                return []
            case Broken(error=error):
                raise error
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
                self._attempts.spawned((task, attempt))
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
        again = result.again or retries_left(self._attempts.tasks[ended.task], ended.attempt, ended.outcome)
        ended = msgspec.structs.replace(ended, again=again)
        self._actions.forget((ended.task, ended.attempt))
        self._attempts.recorded((ended.task, ended.attempt))
        self._unwritten.append(dataclasses.replace(result, ended=ended))
        place = ended.place
        if result.unneeded and place is not None:
            self._effects.append(lambda: self._attempts.discard(place))
        return [ended]

    def _decide(self, command: Command) -> None:
        """Note what the board decided; its effect is released after the commit that holds it."""
        match command:
            case Start(task=task, attempt=attempt):
                if not self._leaving:  # else the next owner's board says it again
                    self._decide_start(task, attempt)
            case End(task=task, attempt=attempt, how=how, reason=reason):
                self._ends.append(lambda: self._attempts.stop(task, attempt, how=how, reason=reason))
            case Settle(task=task, outcome=outcome):
                self._noted(Ended(task=task, attempt=0, outcome=outcome))
            case Finish():
                self._effects.append(self._finish)

    def _decide_start(self, task: TaskId, attempt: int) -> None:
        self._noted(Starting(task=task, attempt=attempt))
        try:
            failed = self._attempts.reserve(task, attempt)
        except NoRoom as full:
            for event in self._gate.refuse(str(full)):
                self._inbox.put(event)
            failed = Failed(kind="setup", reason=str(full))
            self._inbox.put(Result(ended=Ended(task=task, attempt=attempt, outcome=failed), again=True))
            return
        if failed is not None:
            self._inbox.put(Result(ended=Ended(task=task, attempt=attempt, outcome=failed)))
            return
        self._effects.append(lambda: self._attempts.start(task, attempt, lambda: self._giving.to(task)))

    def _release(self) -> None:
        """Commit what is noted, then let the effects happen; on a full disk all but ends wait for the next try."""
        noted, self._unwritten = self._unwritten, []
        events = [self._with_texts(one) if isinstance(one, Result) else one for one in noted]
        for event in events:
            self._giving.note(event)
        self._journal.append(events, at=time.time())
        effects, self._effects = self._effects, []
        try:
            self._journal.commit()
            self._full = None
        except NoRoom as full:  # the journal keeps what was appended for the next commit
            self._full, self._effects, effects = full, effects, []
        ends, self._ends = self._ends, []
        for effect in (*effects, *ends):
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
        self._noted(*joined(self._folder, self._journal, self._planned))
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
            local=self._hands.local,
            inprocess=self._hands.inprocess,
            tell=self._inbox.put_from_thread,
            post=asyncio.get_running_loop().call_soon_threadsafe,
            environ=dict(os.environ),
            base=base,
        )

    def _board_so_far(self) -> Board:
        planned, events = self._planned, [recorded.event for recorded in self._past[1:]]
        if not events:
            return new_board(planned.plan, planned.edges, planned.options)
        return rebuild(planned.plan, planned.edges, planned.options, events)

    def _take_over(self) -> None:
        """Say whose the run is now, adopt what still lives, and go on from what was journaled."""
        events, self._past = [recorded.event for recorded in self._past[1:]], []
        for event in events:
            self._giving.note(event)
        me = identity()
        self._noted(Owned(pid=me.pid, start=me.start, boot=me.boot, attached=self._attached))
        now = self._noted(*self._gate.look_at_disk())
        for event in _alive(events):
            gone = self._attempts.adopt(event)
            if gone is not None:
                now += self._settled(gone)
        self._board, commands = step(self._board, now)
        for command in commands:
            self._decide(command)
        self._release()

    async def _look_outside(self) -> None:
        """Look for other processes' wishes, and at memory and disk, and try a full disk again."""
        next_gate = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            self._look_for_wishes()
            if time.monotonic() >= next_gate:
                next_gate = time.monotonic() + _GATE_S
                for event in self._gate.look():
                    self._inbox.put(event)
                if self._full is not None:
                    self._inbox.put(TryAgain())
            self._look_for_room()

    def _look_for_room(self) -> None:
        """Raise NoRoom where nothing runs that is worth waiting for, and what was noted has found no room for long."""
        if self._full is None or self._attempts.living:
            self._idle_since = None
            return
        now = time.monotonic()
        self._idle_since = now if self._idle_since is None else self._idle_since
        if now - self._idle_since >= (_STOPPED_ROOM_S if self._stopping else _ROOM_S):
            run = self._folder.run
            raise NoRoom(
                f"run {run} was left, for its journal takes no more and nothing of it runs any more ({self._full}); "
                f"what has ended lies in its folder: make room, then: forkjoin wait {run}"
            )

    def _look_for_wishes(self) -> None:
        if self._journal.changed():
            for recorded in self._journal.read(self._seen):
                self._seen = recorded.seq
                if isinstance(recorded.event, StopAsked | RetryAsked):
                    self._inbox.put(Foreign(event=recorded.event))

    def _outside_ended(self, outside: asyncio.Task[None]) -> None:
        error = None if outside.cancelled() else outside.exception()
        if error is not None:
            self._inbox.put(Broken(error=error))


def real_hands(folder: RunFolder, *, attached: bool) -> Hands:
    """Return the run's journal on disk, processes of this machine, and calls in this process."""
    return Hands(
        journal=SqliteJournal.open(folder.journal),
        local=LocalBackend(run_folder=folder.path, detached=not attached),
        inprocess=InProcessBackend(),
    )


def _read(journal: Journal) -> list[Recorded]:
    try:
        return list(journal.read())
    except BaseException:
        journal.close()
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
