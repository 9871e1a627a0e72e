"""The owner's loop: journal first, then `step`, then act."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, assert_never

import msgspec
from msgspec.structs import replace

from forkjoin.backends import Exited, Mask, Output, Signal, Spawned, identity
from forkjoin.engine.attempts.attempts import Attempts
from forkjoin.engine.attempts.giving import Giving
from forkjoin.engine.attempts.playing import played, played_lines
from forkjoin.engine.attempts.sessions import NOTED
from forkjoin.engine.attempts.settling import Result, masked
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.driving.claiming import Claiming
from forkjoin.engine.driving.forgotten import remembered
from forkjoin.engine.driving.gate import Gate
from forkjoin.engine.driving.halts import Halts
from forkjoin.engine.driving.hands import Hands, real_hands
from forkjoin.engine.driving.inbox import Inbox
from forkjoin.engine.driving.limiting import Limiting
from forkjoin.engine.driving.moments import Moments
from forkjoin.engine.driving.outbox import Outbox
from forkjoin.engine.driving.outside import Foreign, Kept, Outside, TryAgain
from forkjoin.engine.driving.past import Known, alive, of_kind, planned_in, read_past
from forkjoin.engine.driving.progress import Actions
from forkjoin.engine.driving.wishes import Wishes
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import NoRoom
from forkjoin.failpoints import reached
from forkjoin.model import (
    MIB,
    BaseTaken,
    Continued,
    Ended,
    Event,
    Failed,
    Halted,
    Lifted,
    Owned,
    Paused,
    Recorded,
    Report,
    Running,
    Starting,
    StopAsked,
    TaskId,
)
from forkjoin.model.secrets import spelled_secrets
from forkjoin.scheduling import (
    Board,
    Cap,
    Command,
    End,
    Finish,
    Pause,
    Reclaim,
    Settle,
    Start,
    new_board,
    rebuild,
    step,
)

if TYPE_CHECKING:
    from forkjoin.engine.records.joining import JoinedAt

_MOST_SAID = 4 * MIB  # of answers that are committed together


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """This process stops driving as soon as nothing would get lost by it; another goes on."""


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """Looking outside failed; the loop cannot go on without it."""

    error: BaseException


Item: TypeAlias = BaseTaken | Ended | Signal | Result | Foreign | Kept | HandOver | TryAgain | Broken | Event


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """How driving came to its end. Wishes after the event *seen* were not looked at; *joined* where it was joined."""

    handed_over: bool
    seen: int
    joined: JoinedAt | None = None


class Driver:
    """Drives one run in the running event loop until it is over or handed over; only its owner makes one."""

    def __init__(
        self, folder: RunFolder, *, attached: bool, known: Known | None = None, hands: Hands | None = None
    ) -> None:
        self._folder, self._attached, self._known = folder, attached, known or Known()
        self._hands = hands or real_hands(folder, attached=attached)
        self._journal = self._hands.journal
        self._moments = Moments()
        self._past = read_past(self._journal, self._known)
        self._planned = played(planned_in(self._past, self._known), folder)
        self._past += remembered(self._journal, self._past, self._planned.plan, folder)
        self._inbox: Inbox[Item] = Inbox()
        self._attempts = self._new_attempts(self._past)
        self._giving = Giving(self._planned, self._journal.content)
        self._actions = Actions(lambda task: speaker(self._attempts.tasks[task]), self._attempts.before)
        self._gate = Gate(folder=folder.path, options=self._planned.options)
        self._limiting = Limiting(self._moments.now)
        self._claiming = Claiming(folder, self._planned, self._states)
        self._outbox = Outbox(self._journal, before=self._giving.note, after=self._claiming.note)
        self._wishes = Wishes(folder)
        self._outside = Outside(
            run=folder.run,
            journal=self._journal,
            gate=self._gate,
            claiming=self._claiming,
            limiting=self._limiting,
            overlaps=self._attempts.overlaps,
            wishes=self._wishes,
            put=self._inbox.put,
            living=lambda: self._attempts.living,
            halts=Halts(self._moments),
            full=lambda: self._outbox.full,
            seen=self._past[-1].seq,
        )
        self._mask = Mask(spelled_secrets(os.environ))
        self._board = self._board_so_far()
        self._over = self._board.finished
        self._asked_to_stop = self._leaving = self._handed_over = False
        self._joined: JoinedAt | None = None

    async def drive(self) -> Driven:
        """Fold what happens into the board and do what it says, until everything has ended.

        Raises NoRoom where nothing runs any more and the journal takes no more: the next owner collects what is left.
        """
        outside: asyncio.Task[None] | None = None
        try:
            if not self._over:
                await self._attempts.open(self._inbox.put)
                self._take_over()
                outside = asyncio.create_task(self._outside.look())
                outside.add_done_callback(self._outside_ended)
            while not self._over:
                self._turn(await self._inbox.take())
        finally:
            if outside is not None:
                outside.cancel()
            await self._attempts.close(over=self._over)
            self._claiming.close(over=self._over and not self._handed_over)
            self._journal.close()
        return Driven(handed_over=self._handed_over, seen=self._outside.seen, joined=self._joined)

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

    def _turn(self, items: list[Item]) -> None:
        now = self._moments.now()
        events: list[Event] = []
        items.reverse()
        while items:
            events.extend(self._understood(items.pop(), now))
            if self._outbox.said > _MOST_SAID:  # a hundred long answers at once are not held all together
                self._fold(events)
                events = []
        self._fold(events)
        if self._leaving and not self._over:
            settled = self._inbox.empty and not self._attempts.between
            self._over = self._handed_over = settled and self._outbox.full is None

    def _fold(self, events: Sequence[Event]) -> None:
        self._outside.stopping |= any(isinstance(one, StopAsked) and not one.task for one in events)
        self._board, commands = step(self._board, events)
        for command in commands:
            self._decide(command)
        self._release()

    def _understood(self, item: Item, now: float) -> list[Event]:
        """Return the events an item means, noted for the journal unless they are in it already."""
        match item:
            case HandOver() | TryAgain():
                self._leaving |= isinstance(item, HandOver)
                return []
            case Broken(error=error):
                raise error
            case Foreign(event=event):
                self._giving.note(event)
                return [event]
            case Kept(events=kept):
                self._outbox.then(self._wishes.clear)
                return self._outbox.note(*kept)
            case Output() | Spawned() | Exited():
                return self._heard(item, now)
            case Result():
                return self._settled(item)
            case _:
                if isinstance(item, Halted | Continued):
                    halt = partial(self._attempts.local.halt, on=isinstance(item, Halted))
                    self._outbox.then(partial(halt, item.task, item.attempt))
                return self._outbox.note(item)

    def _heard(self, signal: Signal, now: float) -> list[Event]:
        if isinstance(signal, Spawned):  # be it of a set-up: the next owner finds that, too
            self._attempts.spawned((signal.task, signal.attempt))
        if isinstance(signal, Output | Spawned) and self._attempts.setups.holds((signal.task, signal.attempt)):
            return self._outbox.note(*self._attempts.setups.heard(signal))
        match signal:
            case Output(task=task, attempt=attempt):
                heard = self._actions.heard(signal, now)
                if why := self._actions.over(self._attempts.tasks[task], attempt):
                    self._outbox.end(lambda: self._attempts.cap(task, attempt, why))
                return self._outbox.note(*heard)
            case Spawned(task=task, attempt=attempt, pid=pid, start=start):
                place = self._attempts.places.get((task, attempt))
                return self._outbox.note(Running(task=task, attempt=attempt, place=place, pid=pid, start=start))
            case Exited():
                result = self._attempts.ended(signal)
                return [] if result is None else self._settled(result)
            case _:
                assert_never(signal)

    def _settled(self, result: Result) -> list[Event]:
        """Say whether another attempt follows; its texts go into the journal with the record."""
        result = masked(result, self._mask)
        ended = result.ended
        again = result.again or self._board.goes_on(self._attempts.tasks[ended.task], ended)
        ended = replace(ended, again=again, repair=self._board.repairs(ended), unbegun=result.again)
        self._actions.forget((ended.task, ended.attempt))
        self._attempts.recorded((ended.task, ended.attempt))
        self._outbox.settle(replace(result, ended=ended))
        place = ended.place
        if result.unneeded and place is not None:
            self._outbox.then(lambda: self._attempts.discard(place))
        return [ended]

    def _decide(self, command: Command) -> None:
        """Note what the board decided; its effect is released after the commit that holds it."""
        match command:
            case Start(task=task, attempt=attempt):
                if not self._leaving:  # else the next owner's board says it again
                    self._decide_start(task, attempt)
            case End(task=task, attempt=attempt, how=how, reason=reason):
                self._outbox.end(lambda: self._attempts.stop(task, attempt, how=how, reason=reason))
            case Cap(task=task, attempt=attempt, reason=reason):
                self._outbox.end(lambda: self._attempts.cap(task, attempt, reason))
            case Settle(task=task, outcome=outcome):
                self._outbox.note(Ended(task=task, attempt=0, outcome=outcome))
            case Pause():
                self._outbox.note(*self._limiting.pause(command))
            case Reclaim(tasks=tasks):
                self._outbox.then(lambda: self._reclaim(tasks))
            case Finish():
                self._outbox.then(self._finish)

    def _decide_start(self, task: TaskId, attempt: int) -> None:
        self._outbox.note(Starting(task=task, attempt=attempt))
        try:
            failed = self._attempts.reserve(task, attempt)
        except NoRoom as full:
            for event in self._gate.refuse(str(full)):
                self._inbox.put(event)
            failed = Failed(kind="setup", reason=str(full))
            self._inbox.put(Result(ended=Ended(task=task, attempt=attempt, outcome=failed), again=True))
            return
        self._outbox.then(lambda: self._attempts.start(task, attempt, lambda: self._giving.to(task), failed=failed))

    def _reclaim(self, tasks: Sequence[TaskId]) -> None:
        for event in self._claiming.reclaim(tasks):
            self._inbox.put(event)

    def _release(self) -> None:
        self._outbox.release(at=self._moments.now())

    def _finish(self) -> None:
        """Join, and close: the last two events of a run. What joins is loaded only now: nothing has to wait for it."""
        from forkjoin.engine.records.joining import joined

        reached("run.joining")
        known = played_lines(self._planned, self._folder)
        now = self._moments.now()
        events, report = joined(self._folder, self._journal, self._planned, now=now, known=known, view=self._known.view)
        self._outbox.note(*events)
        reached("run.joined")
        self._outbox.then(lambda: self._end_loop(report))
        self._release()

    def _states(self) -> dict[TaskId, str]:
        return self._board.states()

    def _end_loop(self, report: Report | None) -> None:
        from forkjoin.engine.records.joining import JoinedAt

        self._over = True
        self._joined = None if report is None else JoinedAt(seq=self._outbox.last, report=report)

    # -- beginnings

    def _new_attempts(self, past: Sequence[Recorded]) -> Attempts:
        base = next((r.event.base for r in past if type(r.event) is BaseTaken), None)
        boots = [r.event.boot for r in past if type(r.event) is Owned]
        return Attempts(
            folder=self._folder,
            planned=self._planned,
            local=self._hands.local,
            inprocess=self._hands.inprocess,
            tell=self._inbox.put_from_thread,
            post=asyncio.get_running_loop().call_soon_threadsafe,
            environ=dict(os.environ),
            base=base,
            rebooted=bool(boots) and boots[-1] != identity().boot,
        )

    def _board_so_far(self) -> Board:
        planned, events = self._planned, [recorded.event for recorded in self._past[1:]]
        if not events:
            return new_board(planned.plan, planned.edges, planned.options, self._claiming.tasks, planned.providers)
        return rebuild(planned.plan, planned.edges, planned.options, events, self._claiming.tasks, planned.providers)

    def _take_over(self) -> None:
        """Say whose the run is now, adopt what still lives, and go on from what was journaled."""
        events = [recorded.event for recorded in self._past[1:]]
        self._past.clear()
        for event in of_kind(events, NOTED):
            self._giving.note(event)
        self._limiting.take_over(of_kind(events, (Paused, Lifted)))
        me = identity()
        self._outbox.note(Owned(pid=me.pid, start=me.start, boot=me.boot, attached=self._attached))
        now = self._outbox.note(*self._gate.look_at_disk(), *self._claiming.take_over(events, self._board.elsewhere()))
        now += self._understood(Kept(events=tuple(self._wishes.new())), self._moments.now())
        for event in alive(events):
            reached("adopt.before")
            gone = self._attempts.adopt(event, partial(self._giving.to, event.task))
            if gone is not None:
                now += self._settled(gone)
        self._fold(now)

    def _outside_ended(self, outside: asyncio.Task[None]) -> None:
        error = None if outside.cancelled() else outside.exception()
        if error is not None:
            self._inbox.put(Broken(error=error))
