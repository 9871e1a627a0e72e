"""One attempt from its start to its end: workspace, brief, invocation, backend; what it left is settled elsewhere."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec

from forkjoin.agents import Site, child_environ, depth_of
from forkjoin.backends import Backend, Exited, Job, Signal, began, locked, read_exit, unchanged
from forkjoin.engine.briefs import Briefs, Given
from forkjoin.engine.folder import RunFolder
from forkjoin.engine.settling import Result, said, settled
from forkjoin.engine.speaking import speaker
from forkjoin.engine.workers import Workers
from forkjoin.engine.workshop import Workshop
from forkjoin.errors import ForkjoinError, NoRoom
from forkjoin.failpoints import reached
from forkjoin.model import (
    Base,
    BaseTaken,
    Blocked,
    Call,
    Ended,
    Exit,
    Failed,
    FailureKind,
    Lost,
    Outcome,
    Place,
    Planned,
    Running,
    Starting,
    Stopped,
    Task,
    TaskId,
    to_json,
)
from forkjoin.private import write_file
from forkjoin.sources import read_tree, seen_from
from forkjoin.workspaces import MergeConflict

_WORKSHOP = 8  # workspaces opened or harvested at once: git and the disk are the limit, not the cores
_SMALL = 256 * 1024  # an ended attempt with less output and nothing to harvest is judged in the loop's thread
_PLACE = "place.json"  # where an attempt works, for an owner that finds it started and not yet journaled as running
How: TypeAlias = Literal["term", "kill"]
Key: TypeAlias = tuple[TaskId, int]


class Processes(Backend, Protocol):
    """A backend whose attempts outlive their owner, and can be taken over by the next."""

    def abandon(self, job_folder: str) -> None:
        """Give a reserved attempt's lock back."""

    def adopt(self, folder: str, task: TaskId, attempt: int) -> None:
        """Take over an attempt of an earlier owner; `Exited` follows in any case."""


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
    _files_in: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tasks: dict[TaskId, Task] = {task.id: task for task in self.planned.plan.tasks}
        self._workers = Workers(_WORKSHOP)
        self._workshop = Workshop(
            self.planned, self.folder, base=self.base, taken=lambda base: self.tell(BaseTaken(base=base))
        )
        self._briefs = Briefs(self.planned)

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
            await self.local.open(emit)

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
        if key in self._stopping:  # while its start waited for room in the journal
            self._end(asked, attempt, Stopped(reason=self._stopping[key]))
            return
        self._between.add(key)
        with _Guard(self, asked, attempt):
            if asked.function:
                self._start_call(asked, attempt)
                return
            gift = given()
            if asked.reads_only and asked.isolation in ("auto", "shared") and not gift.commits:
                self._start_in(asked, attempt, self._shared(asked), gift)
                return
            self._opening.add(key)
            self._workers.submit(lambda: self._open(asked, attempt, gift))

    def stop(self, task: TaskId, attempt: int, *, how: How, reason: str) -> None:
        """End it wherever it is: before its process is there, too."""
        key = (task, attempt)
        self._stopping.setdefault(key, reason)
        if key not in self._opening:  # else it is found when its workspace is open
            backend = self.inprocess if key in self._calls else self.local
            backend.stop(task, attempt, how=how, reason=reason)

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

    def ended(self, exited: Exited) -> Result | None:
        """Return the result where it is quickly made; else None, and it is told later."""
        task, key = self.tasks[exited.task], (exited.task, exited.attempt)
        exited = _with_reason(exited, self._stopping.get(key, ""), capped=key in self._capped)
        place = self.places.get(key)
        if exited.exit is None and not exited.began:
            return _never_began(task, exited.attempt, place)
        bulky = exited.exit is not None and exited.exit.stdout.bytes > _SMALL
        if not bulky and (place is None or place.kind == "shared"):
            return settled(self.folder, task, exited, place, self._workshop.harvest)
        self._between.add(key)
        self._workers.submit(
            lambda: self.tell(settled(self.folder, task, exited, place, self._workshop.harvest)),
        )
        return None

    def discard(self, place: Place) -> None:
        """Remove, in a thread, a workspace that holds nothing; one that withstands is left for `rm`."""

        def go() -> None:
            with suppress(ForkjoinError, OSError):
                self._workshop.discard(place)

        self._workers.submit(go)

    def adopt(self, event: Starting | Running) -> Result | None:
        """Take over an attempt that a former owner started: watch it, or collect its record, or find it lost.

        Returns the record of one of which nothing lives and nothing is left; of all others the end is signalled.
        """
        key = (event.task, event.attempt)
        task, own = self.tasks[event.task], self.folder.attempt(event.task, event.attempt)
        if task.function:
            lost = Lost(reason="it ran inside a process that is gone")
            return Result(ended=Ended(task=event.task, attempt=event.attempt, outcome=lost))
        place = (event.place if isinstance(event, Running) else None) or _place_of(own)
        if self.rebooted and (_own_tree(task, place) or not _kept(own)):
            return _gone_with_the_machine(task, event.attempt, place)
        if isinstance(event, Starting) and not locked(str(own)) and not began(str(own)):
            return _never_began(task, event.attempt, place)
        self.places[key] = place or self._shared(task)
        self._living.add(key)
        self.local.adopt(str(own), event.task, event.attempt)
        return None

    async def close(self, *, over: bool) -> None:
        """Let go of threads and backends; processes that still run are left to their lease.

        Threads are waited for: the next owner must not meet one that still writes.
        """
        await self._workers.close(cancel=not over)
        await self.inprocess.close()
        await self.local.close()

    # -- starting

    def _start_call(self, task: Task, attempt: int) -> None:
        site = Site(place=Place(kind="shared", root="", cwd="", level="none"), brief="", scratch="", environ={})
        call = speaker(task).invocation(task, site)
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
        try:
            return self._workshop.open(task, attempt, given.commits)
        except MergeConflict as conflict:
            more = f" and {len(conflict.files) - 5} more" if len(conflict.files) > 5 else ""
            files = ", ".join(conflict.files[:5]) + more
            return Blocked(by=given.by, reason=f"their changes do not merge: {files}")
        except Exception as error:
            kind: FailureKind = "workspace" if isinstance(error, OSError | ForkjoinError) else "setup"
            return Failed(kind=kind, reason=said(error))

    def _opened(self, task: Task, attempt: int, found: Place | Outcome, given: Given) -> None:
        key = (task.id, attempt)
        self._opening.discard(key)
        if isinstance(found, Place) and key in self._stopping:
            self._end(task, attempt, Stopped(reason=self._stopping[key]), unneeded=found)
        elif isinstance(found, Place):
            with _Guard(self, task, attempt, place=found):
                self._start_in(task, attempt, found, given)
        else:
            self._end(task, attempt, found)

    def _start_in(self, task: Task, attempt: int, place: Place, given: Given) -> None:
        key = (task.id, attempt)
        self.places[key] = place
        folder = self.folder.attempt(task.id, attempt)
        scratch = folder / "scratch"
        scratch.mkdir(mode=0o700, exist_ok=True)
        brief_file = folder / "brief.md"
        text = self._briefs.of(task, place, given, base=self._workshop.base)
        write_file(brief_file, text.encode("utf-8", "replace"))
        reached("attempt.briefed")
        if place.kind != "shared":
            write_file(folder / _PLACE, to_json(place))
            reached("attempt.placed")
        site = Site(
            place=place,
            brief=str(brief_file),
            scratch=str(scratch),
            environ=child_environ(self.environ, run=self.planned.run, task=task.id, depth=depth_of(self.environ) + 1),
            home=str(folder.parent),
            files=self._files(task),
        )
        invocation = speaker(task).invocation(task, site)
        if not isinstance(invocation, Call):
            for path, content in invocation.files.items():
                Path(path).write_text(content, encoding="utf-8")
        job = Job(task=task.id, attempt=attempt, invocation=invocation, folder=str(folder))
        if isinstance(invocation, Call):
            self.local.abandon(str(folder))
            self._calls.add(key)
            self.inprocess.start(job)
        else:
            self.local.start(job)

    def _end(self, task: Task, attempt: int, outcome: Outcome, *, unneeded: Place | None = None) -> None:
        """Record an attempt that never had a process."""
        if not task.function:
            self.local.abandon(str(self.folder.attempt(task.id, attempt)))
        place = unneeded or self.places.get((task.id, attempt))
        ended = Ended(task=task.id, attempt=attempt, outcome=outcome, place=place)
        self.tell(Result(ended=ended, unneeded=place is not None and place.kind != "shared"))

    def _shared(self, task: Task) -> Place:
        root = self.planned.tree
        return Place(kind="shared", root=root, cwd=str(Path(root, task.cwd)), level="none")

    def _files(self, task: Task) -> tuple[str, ...]:
        """The files of the part an analyser looks at; each part is read once."""
        if task.agent_name != "static":
            return ()
        root = Path(self.planned.tree)
        part = task.reads[0] if task.reads and len(task.reads) == 1 and (root / task.reads[0]).exists() else "."
        if part not in self._files_in:
            self._files_in[part] = seen_from(read_tree(root / part), root).files
        return self._files_in[part]


@dataclass(frozen=True)
class _Guard:
    """A block in which whatever goes wrong becomes the attempt's record: a task is never left without one."""

    attempts: Attempts
    task: Task
    attempt: int
    place: Place | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        failed = Failed(kind="setup", reason=said(error))
        self.attempts._end(self.task, self.attempt, failed, unneeded=self.place)  # noqa: SLF001 - its own guard
        return True


def _with_reason(exited: Exited, reason: str, *, capped: bool) -> Exited:
    """Give the record the reason it was stopped for, where a shim that knew none wrote it; say so of a cap."""
    exit_: Exit | None = exited.exit
    if exit_ is None or exit_.how != "stopped" or not (capped or (reason and not exit_.reason)):
        return exited
    return Exited(
        task=exited.task,
        attempt=exited.attempt,
        exit=msgspec.structs.replace(exit_, reason=reason, how="cap" if capped else "stopped"),
        returned=exited.returned,
    )


def _never_began(task: Task, attempt: int, place: Place | None) -> Result:
    """Return the record of an attempt of which nothing has run: it is tried again, and costs no retry."""
    lost = Lost(reason="its owner was gone before its program began")
    unneeded = place is not None and place.kind != "shared"
    return Result(ended=Ended(task=task.id, attempt=attempt, outcome=lost, place=place), again=True, unneeded=unneeded)


def _kept(own: Path) -> bool:
    """Whether the record of an ended attempt is there, and all the output that it speaks of."""
    ended = read_exit(str(own))
    return ended is not None and unchanged(own, "stdout", ended) and unchanged(own, "stderr", ended)


def _own_tree(task: Task, place: Place | None) -> bool:
    return not task.reads_only if place is None else place.kind != "shared"


def _gone_with_the_machine(task: Task, attempt: int, place: Place | None) -> Result:
    """Return the record of an attempt that the machine went down with: for what it had not flushed nobody vouches.

    That goes for a tree of its own too, though its program may have ended: files there were never flushed.
    """
    where = f"; what is left of its work lies in {place.root}" if place is not None and place.kind != "shared" else ""
    lost = Lost(reason=f"the machine went down before its result was kept{where}")
    return Result(ended=Ended(task=task.id, attempt=attempt, outcome=lost, place=place))


def _place_of(folder: Path) -> Place | None:
    try:
        return msgspec.json.decode((folder / _PLACE).read_bytes(), type=Place)
    except (OSError, msgspec.MsgspecError):
        return None
