"""The attempts of a run as its owner has them: begun, stopped, adopted, ended. How one begins: `beginning.py`."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from forkjoin.agents import Judgement
from forkjoin.backends import Backend, Exited, Signal, began, locked
from forkjoin.engine.attempts import remains
from forkjoin.engine.attempts.backlog import Backlog
from forkjoin.engine.attempts.beginning import Beginning
from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.carrying_on import Carrying
from forkjoin.engine.attempts.overlapping import Living, Overlaps, apart
from forkjoin.engine.attempts.settling import Result, judged, settled
from forkjoin.engine.attempts.setups import Processes, phase_of
from forkjoin.engine.attempts.sites import Sites
from forkjoin.engine.attempts.underway import Key, Underway
from forkjoin.engine.attempts.workers import Workers
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.engine.folder import RunFolder, cannot_go_on
from forkjoin.errors import ForkjoinError, NoRoom
from forkjoin.failpoints import reached
from forkjoin.model import (
    Base,
    BaseTaken,
    Ended,
    Failed,
    Lost,
    Place,
    Planned,
    Running,
    Starting,
    Task,
    TaskId,
    Usage,
)

_WORKSHOP = 8  # workspaces opened or harvested at once: git and the disk are the limit, not the cores
_LONG = 2  # long answers that are read and not in the journal yet: what they hold of memory
_SMALL = 256 * 1024  # an ended attempt with less output and nothing to harvest is judged in the loop's thread
How: TypeAlias = Literal["term", "kill"]


@dataclass
class Attempts:
    """Starts and ends the attempts of one run; its methods are called in the loop's thread.

    `tell` takes what happened later (from any thread): a `Result`, or a `BaseTaken` to be journaled. `post` runs
    something in the loop's thread.
    """

    folder: RunFolder
    planned: Planned
    local: Processes
    inprocess: Backend
    tell: Callable[[Result | BaseTaken], None]
    post: Callable[[Callable[[], None]], object]
    environ: Mapping[str, str]
    base: Base | None = None
    rebooted: bool = False  # since the last owner: what was not flushed may be gone

    def __post_init__(self) -> None:
        self.tasks: dict[TaskId, Task] = {task.id: task for task in self.planned.plan.tasks}
        self._carrying = Carrying(self.tasks)
        self._workers, self._reader = Workers(_WORKSHOP), Workers(1)
        self._long = Backlog[Key](self._reader, _LONG)
        self._workshop = Workshop(
            self.planned, self.folder, base=self.base, taken=lambda base: self.tell(BaseTaken(base=base))
        )
        self._sites = Sites(self.folder, self.planned, self.environ)
        self._underway = Underway()
        self.places = self._underway.places
        self._beginning = Beginning(
            folder=self.folder,
            tasks=self.tasks,
            replay=self.planned.options.replay is not None,
            local=self.local,
            inprocess=self.inprocess,
            tell=self.tell,
            post=self.post,
            underway=self._underway,
            carrying=self._carrying,
            workers=self._workers,
            workshop=self._workshop,
            sites=self._sites,
        )
        self.setups = self._beginning.setups
        self.overlaps = Overlaps(self._workers, self._workshop, self._apart, then=self.planned.options.on_overlap)

    @property
    def between(self) -> bool:
        """Whether some attempt is where the next owner could not find it: before its process is there, or harvested."""
        return bool(self._underway.between)

    @property
    def living(self) -> bool:
        """Whether some attempt has been started, or taken over, and has no record yet."""
        return bool(self._underway.living)

    async def open(self, emit: Callable[[Signal], None]) -> None:
        """Get the backends ready; what they say goes to *emit*."""
        await self.inprocess.open(emit)
        if any(not task.function for task in self.tasks.values()):
            try:
                await self.local.open(emit)
            except OSError as error:
                raise cannot_go_on(self.folder, error) from error

    def reserve(self, task: TaskId, attempt: int) -> Failed | None:
        """Take the attempt's folder and lock, before its start is journaled; return why that failed, None if not.

        Raises NoRoom where the disk is full: another try may go better.
        """
        if self.tasks[task].function:
            return None
        try:
            self.local.reserve(str(self.folder.attempt(task, attempt)))
            reached("attempt.reserved")
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise NoRoom(f"no room for the folder of an attempt: {error.strerror}") from error
            return Failed(kind="setup", reason=f"no folder for the attempt: {error.strerror or error}")
        return None

    def start(self, task: TaskId, attempt: int, given: Callable[[], Given], *, failed: Failed | None = None) -> None:
        """Start it, after its start was journaled, or record that it *failed*; workspaces are opened in a thread."""
        self._beginning.start(task, attempt, given, failed=failed)

    def stop(self, task: TaskId, attempt: int, *, how: How, reason: str) -> None:
        """End it wherever it is: before its process is there, too."""
        key = (task, attempt)
        self._underway.stopping.setdefault(key, reason)
        if key not in self._underway.opening:  # else it is found when its workspace is open
            backend = self.inprocess if key in self._underway.calls else self.local
            backend.stop(task, attempt, how=how, reason=reason)
            self.setups.stop(key, reason=reason)

    def cap(self, task: TaskId, attempt: int, reason: str) -> None:
        """End it because it has reached a cap; asked again, nothing happens."""
        if (task, attempt) not in self._underway.stopping:
            self._underway.capped.add((task, attempt))
            self.stop(task, attempt, how="term", reason=reason)

    def spawned(self, key: Key) -> None:
        """Take note that its process is there."""
        self._underway.between.discard(key)

    def recorded(self, key: Key) -> None:
        """Take note that its record was made: nothing more is to be known of it."""
        self._underway.recorded(key)
        self._carrying.forget(key)
        self._long.done(key)

    def ended(self, exited: Exited) -> Result | None:
        """Return the result where it is quickly made; else None, and it is told later."""
        task, key = self.tasks[exited.task], (exited.task, exited.attempt)
        if self.setups.holds(key):
            self._underway.between.add(key)
            self.setups.ended(remains.with_reason(exited, self._underway.stopping.get(key, ""), capped=False))
            return None
        exited = remains.with_reason(exited, self._underway.stopping.get(key, ""), capped=key in self._underway.capped)
        place = self.places.get(key)
        if exited.exit is None and not exited.began:
            return self._beginning.unbegun(task, exited.attempt, remains.NEVER_BEGAN, place)
        bulky = exited.exit is not None and exited.exit.stdout.bytes > _SMALL
        if not bulky and (place is None or place.kind == "shared"):
            return self._carrying.on(settled(self.folder, task, exited, place, self._workshop.harvest))
        self._underway.between.add(key)
        if bulky:
            self._long.submit(key, lambda: self._read(task, exited, place))
        else:
            self._workers.submit(lambda: self._settle(task, exited, place))
        return None

    def _read(self, task: Task, exited: Exited, place: Place | None) -> None:
        """In the one thread that reads long outputs: of many that end at once only a few are held."""
        judgement = judged(self.folder, task, exited, place)
        if place is None or place.kind == "shared":
            self._settle(task, exited, place, judgement)
        else:
            self._workers.submit(lambda: self._settle(task, exited, place, judgement))

    def _settle(self, task: Task, exited: Exited, place: Place | None, judgement: Judgement | None = None) -> None:
        result = settled(self.folder, task, exited, place, self._workshop.harvest, judgement)
        self.tell(self._carrying.on(result))

    def before(self, key: Key) -> Usage | None:
        """Return what an attempt's session had used before it, where its agent counts that again."""
        return self._carrying.before(key)

    def discard(self, place: Place) -> None:
        """Remove, in a thread, a workspace that holds nothing; one that withstands is left for `rm`."""

        def go() -> None:
            with suppress(ForkjoinError, OSError):
                self._workshop.discard(place)

        self._workers.submit(go)

    def adopt(self, event: Starting | Running, given: Callable[[], Given]) -> Result | None:
        """Take over an attempt that a former owner started: watch it, or collect its record, or find it lost.

        Returns the record of one of which nothing lives and nothing is left; of all others the end is signalled.
        """
        key = (event.task, event.attempt)
        task, own = self.tasks[event.task], self.folder.attempt(event.task, event.attempt)
        if task.function:
            lost = Lost(reason="it ran inside a process that is gone")
            return Result(ended=Ended(task=event.task, attempt=event.attempt, outcome=lost))
        place = (event.place if isinstance(event, Running) else None) or remains.place_of(own)
        if self.rebooted and (remains.own_tree(task, place) or not remains.kept(own)):
            self._salvage(task, event.attempt, place)
            return None
        gift = self._carrying.remember(key, given())
        phase = phase_of(own) if isinstance(event, Starting) and place is not None else None
        if phase is not None and place is not None:
            self._underway.living.add(key)
            self.setups.adopt(self._beginning.bare(task, event.attempt, place, gift), phase)
            return None
        if isinstance(event, Starting) and not locked(str(own)) and not began(str(own)):
            return self._beginning.unbegun(task, event.attempt, remains.NEVER_BEGAN, place)
        self.places[key] = place or self._sites.shared(task)
        self._underway.living.add(key)
        self.local.adopt(str(own), event.task, event.attempt)
        return None

    def _salvage(self, task: Task, attempt: int, place: Place | None) -> None:
        self._underway.living.add((task.id, attempt))
        self._underway.between.add((task.id, attempt))
        harvest = self._workshop.harvest
        self._workers.submit(lambda: self.tell(remains.gone_with_the_machine(task, attempt, place, harvest)))

    async def close(self, *, over: bool) -> None:
        """Let go of threads and backends; processes that still run are left to their lease.

        Threads are waited for: the next owner must not meet one that still writes.
        """
        await self._reader.close(cancel=not over)  # first: it hands work on to the others
        await self._workers.close(cancel=not over)
        await self.inprocess.close()
        await self.local.close()

    def _apart(self, least: int) -> list[Living]:
        there = [key for key in self._underway.living - self._underway.between if not self.setups.holds(key)]
        return apart(self.tasks, {key: self.places[key] for key in there if key in self.places}, least=least)
