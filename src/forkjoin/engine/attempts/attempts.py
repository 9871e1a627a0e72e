"""One attempt from its start to its end: workspace, brief, invocation, backend; what it left is settled elsewhere."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from forkjoin.agents import Judgement
from forkjoin.backends import Backend, Exited, Job, Signal, began, locked
from forkjoin.engine.attempts import remains
from forkjoin.engine.attempts.backlog import Backlog
from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.carrying_on import Carrying
from forkjoin.engine.attempts.overlapping import Living, Overlaps, apart
from forkjoin.engine.attempts.settling import Result, harvested, judged, said, settled
from forkjoin.engine.attempts.setups import Processes, Setups, phase_of
from forkjoin.engine.attempts.setups import Site as Bare
from forkjoin.engine.attempts.sites import NO_SITE, Sites
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.attempts.workers import Workers
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.engine.folder import RunFolder, cannot_go_on
from forkjoin.errors import ForkjoinError, NoRoom
from forkjoin.failpoints import reached
from forkjoin.model import (
    Base,
    BaseTaken,
    Call,
    Ended,
    Failed,
    Lost,
    Outcome,
    Place,
    Planned,
    Running,
    Starting,
    Stopped,
    Task,
    TaskId,
    Usage,
)

_WORKSHOP = 8  # workspaces opened or harvested at once: git and the disk are the limit, not the cores
_LONG = 2  # long answers that are read and not in the journal yet: what they hold of memory
_SMALL = 256 * 1024  # an ended attempt with less output and nothing to harvest is judged in the loop's thread
How: TypeAlias = Literal["term", "kill"]
Key: TypeAlias = tuple[TaskId, int]


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
    places: dict[Key, Place] = field(default_factory=dict)
    _stopping: dict[Key, str] = field(default_factory=dict)
    _capped: set[Key] = field(default_factory=set)
    _opening: set[Key] = field(default_factory=set)
    _between: set[Key] = field(default_factory=set)
    _living: set[Key] = field(default_factory=set)
    _calls: set[Key] = field(default_factory=set)
    _kept: set[Key] = field(default_factory=set)  # whose workspace is that of an earlier attempt, as it was left

    def __post_init__(self) -> None:
        self.tasks: dict[TaskId, Task] = {task.id: task for task in self.planned.plan.tasks}
        self._carrying = Carrying(self.tasks)
        self._workers, self._reader = Workers(_WORKSHOP), Workers(1)
        self._long = Backlog[Key](self._reader, _LONG)
        self._workshop = Workshop(
            self.planned, self.folder, base=self.base, taken=lambda base: self.tell(BaseTaken(base=base))
        )
        self._sites = Sites(self.folder, self.planned, self.environ)
        self.setups = Setups(
            folder=self.folder,
            workshop=self._workshop,
            local=self.local,
            workers=self._workers,
            post=self.post,
            stopping=self._stopping,
            ready=self._set_up,
            failed=self._not_set_up,
        )
        self.overlaps = Overlaps(self._workers, self._workshop, self._apart, then=self.planned.options.on_overlap)

    @property
    def between(self) -> bool:
        """Whether some attempt is where the next owner could not find it: before its process is there, or harvested."""
        return bool(self._between)

    @property
    def living(self) -> bool:
        """Whether some attempt has been started, or taken over, and has no record yet."""
        return bool(self._living)

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

    def start(self, task: TaskId, attempt: int, given: Callable[[], Given]) -> None:
        """Start it, after its start was journaled; a workspace of its own is opened in a thread first."""
        asked, key = self.tasks[task], (task, attempt)
        self._living.add(key)
        self._between.add(key)
        with _Guard(self, asked, attempt):
            gift = Given() if asked.function else self._carrying.remember(key, given())
            asked = self.tasks[task]
            if key in self._stopping:  # while its start waited for room in the journal
                self._end(asked, attempt, Stopped(reason=self._stopping[key]))
                return
            if asked.function:
                self._start_call(asked, attempt)
                return
            shares = asked.shares_tree and not gift.commits
            if shares or self.planned.options.replay is not None:  # a recording writes nothing
                self._start_in(asked, attempt, self._sites.shared(asked), gift)
                return
            self._opening.add(key)
            self._workers.submit(lambda: self._open(asked, attempt, gift), begins=True)

    def stop(self, task: TaskId, attempt: int, *, how: How, reason: str) -> None:
        """End it wherever it is: before its process is there, too."""
        key = (task, attempt)
        self._stopping.setdefault(key, reason)
        if key not in self._opening:  # else it is found when its workspace is open
            backend = self.inprocess if key in self._calls else self.local
            backend.stop(task, attempt, how=how, reason=reason)
            self.setups.stop(key, reason=reason)

    def cap(self, task: TaskId, attempt: int, reason: str) -> None:
        """End it because it has reached a cap; asked again, nothing happens."""
        if (task, attempt) not in self._stopping:
            self._capped.add((task, attempt))
            self.stop(task, attempt, how="term", reason=reason)

    def spawned(self, key: Key) -> None:
        """Take note that its process is there."""
        self._between.discard(key)

    def recorded(self, key: Key) -> None:
        """Take note that its record was made: nothing more is to be known of it."""
        self._between.discard(key)
        self._living.discard(key)
        self._calls.discard(key)
        self._stopping.pop(key, None)
        self._capped.discard(key)
        self._kept.discard(key)
        self._carrying.forget(key)
        self._long.done(key)

    def ended(self, exited: Exited) -> Result | None:
        """Return the result where it is quickly made; else None, and it is told later."""
        task, key = self.tasks[exited.task], (exited.task, exited.attempt)
        if self.setups.holds(key):
            self._between.add(key)
            self.setups.ended(remains.with_reason(exited, self._stopping.get(key, ""), capped=False))
            return None
        exited = remains.with_reason(exited, self._stopping.get(key, ""), capped=key in self._capped)
        place = self.places.get(key)
        if exited.exit is None and not exited.began:
            return self._unbegun(task, exited.attempt, remains.NEVER_BEGAN, place)
        bulky = exited.exit is not None and exited.exit.stdout.bytes > _SMALL
        if not bulky and (place is None or place.kind == "shared"):
            return self._carrying.on(settled(self.folder, task, exited, place, self._workshop.harvest))
        self._between.add(key)
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
            self._living.add(key)
            self.setups.adopt(self._bare(task, event.attempt, place, gift), phase)
            return None
        if isinstance(event, Starting) and not locked(str(own)) and not began(str(own)):
            return self._unbegun(task, event.attempt, remains.NEVER_BEGAN, place)
        self.places[key] = place or self._sites.shared(task)
        self._living.add(key)
        self.local.adopt(str(own), event.task, event.attempt)
        return None

    def _salvage(self, task: Task, attempt: int, place: Place | None) -> None:
        self._living.add((task.id, attempt))
        self._between.add((task.id, attempt))
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
        there = [key for key in self._living - self._between if not self.setups.holds(key)]
        return apart(self.tasks, {key: self.places[key] for key in there if key in self.places}, least=least)

    # -- starting

    def _start_call(self, task: Task, attempt: int) -> None:
        call = speaker(task).invocation(task, NO_SITE)
        self._calls.add((task.id, attempt))
        self.inprocess.start(Job(task=task.id, attempt=attempt, invocation=call))

    def _open(self, task: Task, attempt: int, given: Given) -> None:
        """In a thread: open a workspace on the base with the predecessors' changes, then go on in the loop."""
        found = self._place_for(task, attempt, given)
        with suppress(RuntimeError):  # the loop is closed: the next owner finds that nothing began
            self.post(lambda: self._opened(task, attempt, found, given))

    def _place_for(self, task: Task, attempt: int, given: Given) -> Place | Outcome:
        if (task.id, attempt) in self._stopping:  # it waited for a thread while it was stopped
            return Stopped(reason=self._stopping[task.id, attempt])
        found, kept = self._workshop.opened(task, attempt, given)
        if kept:
            self._kept.add((task.id, attempt))
        return found

    def _opened(self, task: Task, attempt: int, found: Place | Outcome, given: Given) -> None:
        key = (task.id, attempt)
        self._opening.discard(key)
        if isinstance(found, Place) and key in self._stopping:
            self._end(task, attempt, Stopped(reason=self._stopping[key]), place=found)
        elif isinstance(found, Place):
            with _Guard(self, task, attempt, place=found):
                self.places[key] = found
                remains.note_place(self.folder.attempt(task.id, attempt), found)
                if (task.setup or task.setup_once) and key not in self._kept:
                    self._between.discard(key)  # who comes next finds it by its place
                    self.setups.begin(self._bare(task, attempt, found, given))
                else:
                    self._start_in(task, attempt, found, given)
        else:
            self._end(task, attempt, found)

    def _start_in(self, task: Task, attempt: int, place: Place, given: Given) -> None:
        key = (task.id, attempt)
        self.places[key] = place
        folder = self.folder.attempt(task.id, attempt)
        site = self._sites.site(task, attempt, place, given, base=self._workshop.base)
        invocation = speaker(task).invocation(task, site)
        job = Job(task=task.id, attempt=attempt, invocation=invocation, folder=str(folder))
        if isinstance(invocation, Call):
            self.local.abandon(str(folder))
            self._calls.add(key)
            self.inprocess.start(job)
            return
        for path, content in invocation.files.items():
            Path(path).write_text(content, encoding="utf-8")
        self.local.start(job)

    def _bare(self, task: Task, attempt: int, place: Place, given: Given) -> Bare:
        return Bare(
            task=task, attempt=attempt, place=place, given=given, environ=lambda: self._sites.environ(task, attempt)
        )

    def _set_up(self, site: Bare) -> None:
        """Start an attempt whose workspace is ready now."""
        if site.key in self._stopping:
            self._end(site.task, site.attempt, Stopped(reason=self._stopping[site.key]), place=site.place)
            return
        self.places[site.key] = site.place
        self._between.add(site.key)
        with _Guard(self, site.task, site.attempt, place=site.place):
            self._start_in(site.task, site.attempt, site.place, site.given)

    def _not_set_up(self, site: Bare, outcome: Outcome, last: str) -> None:
        """Record an attempt whose set-up did not end well, with the last it said."""
        self.local.abandon(str(self.folder.attempt(*site.key)))
        self.tell(remains.unbegun(site.task, site.attempt, outcome, site.place, answer=last))

    def _end(self, task: Task, attempt: int, outcome: Outcome, *, place: Place | None = None) -> None:
        """Record an attempt that never had a process."""
        if not task.function:
            self.local.abandon(str(self.folder.attempt(task.id, attempt)))
        result = self._unbegun(task, attempt, outcome, place or self.places.get((task.id, attempt)))
        if result is not None:
            self.tell(result)

    def _unbegun(self, task: Task, attempt: int, outcome: Outcome, place: Place | None) -> Result | None:
        """Return the record of an attempt of which nothing ran.

        None where it was to go on in the workspace of an earlier one: what that left there is taken again in a thread.
        """
        key = (task.id, attempt)
        earlier = self._carrying.place(key)
        if earlier is None:
            return self._carrying.on(remains.unbegun(task, attempt, outcome, place))
        self._living.add(key)
        self._between.add(key)

        def go() -> None:
            changes, _ = harvested(task, attempt, earlier, self._workshop.harvest)
            self.tell(self._carrying.on(remains.unbegun(task, attempt, outcome, earlier, changes)))

        self._workers.submit(go)
        return None


class _Guard(msgspec.Struct, frozen=True):
    """A block in which whatever goes wrong becomes the attempt's record: a task is never left without one."""

    attempts: Attempts
    task: Task
    attempt: int
    place: Place | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        failed = Failed(kind="setup", reason=said(error))
        self.attempts._end(self.task, self.attempt, failed, place=self.place)  # noqa: SLF001 - its own guard
        return True
