"""What an owner looks for between turns: wishes of others, memory and disk, room for the journal, its own halts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from forkjoin.engine.attempts.overlapping import Overlaps
from forkjoin.engine.driving.claiming import Claiming
from forkjoin.engine.driving.gate import Gate
from forkjoin.engine.driving.halts import Halts
from forkjoin.engine.driving.limiting import Limiting
from forkjoin.engine.driving.wishes import Wishes
from forkjoin.errors import NoRoom
from forkjoin.journal import Journal
from forkjoin.model import Event, RetryAsked, RunId, StopAsked

_LOOK_S = 0.2  # how often other processes' wishes are looked for
_GATE_S = 1.0  # how often memory and disk are looked at, and a full disk is tried again
_ROOM_S, _STOPPED_ROOM_S = 30.0, 5.0  # how long room is waited for when nothing runs any more; after a stop


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """A wish that another process has journaled."""

    event: StopAsked | RetryAsked


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Wishes for which the journal had no room."""

    events: tuple[StopAsked, ...]


class TryAgain(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be committed may find room now."""


Seen: TypeAlias = Foreign | Kept | TryAgain | Event


class Outside(msgspec.Struct, kw_only=True):
    """Looks, and puts what it saw into the owner's inbox; in the loop's thread.

    `seen` is the last event whose wish was looked at; `full` gives why the owner's last commit failed, None where it
    did not; `stopping` that the whole run is to end.
    """

    run: RunId
    journal: Journal
    gate: Gate
    claiming: Claiming
    limiting: Limiting
    overlaps: Overlaps
    wishes: Wishes
    put: Callable[[Seen], None]
    living: Callable[[], bool]
    halts: Halts
    full: Callable[[], NoRoom | None]
    seen: int
    stopping: bool = False
    _idle_since: float | None = None  # since when nothing runs, on a full disk

    async def look(self) -> None:
        """Look for ever; raise NoRoom where the journal takes no more and nothing runs that is worth waiting for."""
        next_gate = 0.0
        self.halts.mark()
        while True:
            await asyncio.sleep(_LOOK_S)
            self._put_all(self.halts.since_the_mark(_LOOK_S))
            self._look_for_wishes()
            self.claiming.give_back()
            self._put_all(self.claiming.look())
            self._put_all(self.limiting.look())
            self._put_all(self.overlaps.look())
            if time.monotonic() >= next_gate:
                next_gate = time.monotonic() + _GATE_S
                self._put_all(self.gate.look())
                if self.full() is not None:
                    self.put(TryAgain())
            self._look_for_room()

    def _put_all(self, events: Iterable[Seen]) -> None:
        for event in events:
            self.put(event)

    def _look_for_wishes(self) -> None:
        if self.journal.changed():
            for recorded in self.journal.read(self.seen):
                self.seen = recorded.seq
                if isinstance(recorded.event, StopAsked | RetryAsked):
                    self.put(Foreign(event=recorded.event))
        if kept := self.wishes.new():
            self.put(Kept(events=tuple(kept)))

    def _look_for_room(self) -> None:
        """Raise NoRoom where nothing runs that is worth waiting for, and there has been no room for long.

        That is where the journal takes no more, or where so little is left that nothing is launched.
        """
        held = "disk" in self.gate.closed
        full = self.full()
        if (full is None and not held) or self.living():
            self._idle_since = None
            return
        now = time.monotonic()
        self._idle_since = now if self._idle_since is None else self._idle_since
        if now - self._idle_since >= (_STOPPED_ROOM_S if self.stopping else _ROOM_S):
            why = f"its journal takes no more ({full})" if full is not None else "the disk is nearly full"
            raise NoRoom(
                f"run {self.run} was left, for {why}, and nothing of it runs any more; what has ended is kept in its "
                f"folder: make room, then: forkjoin resume {self.run}"
            )
