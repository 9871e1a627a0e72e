"""One attempt from its start to its record: workspace, brief, invocation, backend; then harvest and judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

from msgspec.structs import replace

from forkjoin.agents import Dialect, EndedAttempt, Judgement, Site, child_environ, depth_of, dialect, truth
from forkjoin.backends import Exited, InProcessBackend, Job, LocalBackend, Signal, output_bytes
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import ForkjoinError
from forkjoin.model import (
    Base,
    BaseTaken,
    Blocked,
    Call,
    Changes,
    Edge,
    Ended,
    Exit,
    Failed,
    FailureKind,
    Lost,
    Outcome,
    Place,
    Planned,
    Ref,
    Stopped,
    Task,
    TaskId,
)
from forkjoin.prompts import Answer, BriefSite, Sibling, brief
from forkjoin.sources import read_tree
from forkjoin.workspaces import MergeConflict, Workspaces

MIB = 1024 * 1024
_WORKSHOP = 8  # workspaces opened or harvested at once: git and the disk are the limit, not the cores
_MOST_SIBLINGS = 20  # named in a brief
_SMALL = 256 * 1024  # an ended attempt with less output and nothing to harvest is judged in the loop's thread
How: TypeAlias = Literal["term", "kill"]
Key: TypeAlias = tuple[TaskId, int]


@dataclass(frozen=True, kw_only=True)
class Result:
    """An ended attempt with its whole answer and value, before these are put into the journal."""

    ended: Ended
    answer: str = ""
    value: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a task gets from those it waited for: their commits, and under `after` their answers."""

    commits: tuple[str, ...] = ()
    by: tuple[TaskId, ...] = ()
    answers: tuple[Answer, ...] = ()


@dataclass
class Attempts:
    """Starts and ends the attempts of one run; its methods are called in the loop's thread.

    `tell` takes what happened later (from any thread): a `Result`, or a `BaseTaken` to be journaled. `post` runs
    something in the loop's thread.
    """

    folder: RunFolder
    planned: Planned
    local: LocalBackend
    inprocess: InProcessBackend
    tell: Callable[[Result | BaseTaken], None]
    post: Callable[[Callable[[], None]], object]
    environ: Mapping[str, str]
    base: Base | None = None
    places: dict[Key, Place] = field(default_factory=dict)
    _stopping: dict[Key, str] = field(default_factory=dict)
    _opening: set[Key] = field(default_factory=set)
    _base_lock: Lock = field(default_factory=Lock)
    _opened_workspaces: Workspaces | None = None
    _tree_files: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        self.tasks: dict[TaskId, Task] = {task.id: task for task in self.planned.plan.tasks}
        self._pool = ThreadPoolExecutor(max_workers=_WORKSHOP, thread_name_prefix="forkjoin-workspace")
        self._siblings = [Sibling(task=task.id, description=task.description) for task in self.planned.plan.tasks]
        self._numbers = {task.id: number for number, task in enumerate(self.planned.plan.tasks)}
        self._ordered = _ordered(self.planned.edges)
        self._claims = {claims.id: claims for claims in self.planned.claims}

    async def open(self, emit: Callable[[Signal], None]) -> None:
        """Get the backends ready; what they say goes to *emit*."""
        await self.inprocess.open(emit)
        if any(not task.function for task in self.tasks.values()):
            await self.local.open(emit)

    def speaker(self, task: TaskId) -> Dialect:
        """Return the dialect of the task's agent."""
        agent = self.tasks[task].agent
        if isinstance(agent, Ref):
            target: Dialect = agent.target
            return target
        return dialect(self.tasks[task].agent_name)

    def reserve(self, task: TaskId, attempt: int) -> Failed | None:
        """Take the attempt's folder and lock, before its start is journaled; return why that failed."""
        if self.tasks[task].function:
            return None
        try:
            self.local.reserve(str(self.folder.attempt(task, attempt)))
        except OSError as error:
            return Failed(kind="setup", reason=f"no folder for the attempt: {error.strerror or error}")
        return None

    def start(self, task: TaskId, attempt: int, given: Given) -> None:
        """Start it, after its start was journaled; a workspace of its own is opened in a thread first."""
        asked = self.tasks[task]
        if asked.function:
            self._start_call(asked, attempt)
        elif asked.reads_only and not given.commits:
            self._guarded(asked, attempt, lambda: self._start_in(asked, attempt, self._shared(asked), given))
        else:
            self._opening.add((task, attempt))
            self._pool.submit(self._open, asked, attempt, given)

    def stop(self, task: TaskId, attempt: int, *, how: How, reason: str) -> None:
        """End it wherever it is: before its process is there, too."""
        key = (task, attempt)
        self._stopping[key] = reason
        if key in self._opening:
            return  # found when its workspace is open
        backend = self.inprocess if self.tasks[task].function else self.local
        backend.stop(task, attempt, how=how, reason=reason)

    def ended(self, exited: Exited) -> Result | None:
        """Return the result where it is quickly made; else None, and it is told later."""
        task, key = self.tasks[exited.task], (exited.task, exited.attempt)
        place = self.places.get(key)
        bulky = exited.exit is not None and exited.exit.stdout.bytes > _SMALL
        if bulky or (place is not None and place.kind != "shared"):
            self._pool.submit(lambda: self.tell(self._settled(task, exited, place)))
            return None
        return self._settled(task, exited, place)

    def adopt(self, task: TaskId, attempt: int) -> None:
        """Take over an attempt that a former owner started: watch it, or collect its record, or find it lost."""
        self.local.adopt(str(self.folder.attempt(task, attempt)), task, attempt)

    async def close(self) -> None:
        """Let go of threads and backends; processes that still run are left to their lease."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        await self.inprocess.close()
        await self.local.close()

    # -- starting

    def _start_call(self, task: Task, attempt: int) -> None:
        def go() -> None:
            site = Site(place=Place(kind="shared", root="", cwd="", level="none"), brief="", scratch="", environ={})
            call = self.speaker(task.id).invocation(task, site)
            self.inprocess.start(Job(task=task.id, attempt=attempt, invocation=call))

        self._guarded(task, attempt, go)

    def _open(self, task: Task, attempt: int, given: Given) -> None:
        """In a thread: open a workspace on the base with the predecessors' changes, then start in the loop."""
        key = (task.id, attempt)

        def go() -> None:
            base = self._taken_base()
            start_from: Base | str = base
            if given.commits:
                start_from = self._workspaces().merged(base.commit, given.commits, name=f"{task.id}-{attempt}")
            asked = replace(task, isolation="clone") if task.reads_only else task
            place = self._workspaces().open(asked, attempt, base=start_from)
            self.post(lambda: self._opened(task, attempt, place, given))

        try:
            self._guarded(task, attempt, go)
        except MergeConflict as conflict:
            files = ", ".join(conflict.files[:5])
            self._end(task.id, attempt, Blocked(by=given.by, reason=f"their changes do not merge: {files}"))
        finally:
            self._opening.discard(key)

    def _opened(self, task: Task, attempt: int, place: Place, given: Given) -> None:
        self._guarded(task, attempt, lambda: self._start_in(task, attempt, place, given))

    def _start_in(self, task: Task, attempt: int, place: Place, given: Given) -> None:
        key = (task.id, attempt)
        self.places[key] = place
        folder = self.folder.attempt(task.id, attempt)
        if key in self._stopping:
            self.local.abandon(str(folder))
            self._end(task.id, attempt, Stopped(reason=self._stopping[key]))
            return
        scratch = folder / "scratch"
        scratch.mkdir(mode=0o700, exist_ok=True)
        brief_file = folder / "brief.md"
        brief_file.write_text(self._brief(task, place, given), encoding="utf-8", errors="replace")
        site = Site(
            place=place,
            brief=str(brief_file),
            scratch=str(scratch),
            environ=child_environ(self.environ, run=self.planned.run, task=task.id, depth=depth_of(self.environ) + 1),
            files=self._files(task),
        )
        invocation = self.speaker(task.id).invocation(task, site)
        job = Job(task=task.id, attempt=attempt, invocation=invocation, folder=str(folder))
        if isinstance(invocation, Call):
            self.local.abandon(str(folder))
            self.inprocess.start(job)
        else:
            self.local.start(job)

    def _guarded(self, task: Task, attempt: int, act: Callable[[], None]) -> None:
        """Run *act*; what goes wrong becomes the attempt's record: a task is never left without one."""
        try:
            act()
            return
        except MergeConflict:
            raise
        except ForkjoinError as error:
            kind: FailureKind = "setup" if error.exit_code != 7 else "workspace"
            reason = str(error)
        except Exception as error:
            kind, reason = "setup", f"{type(error).__name__}: {error}"
        if not task.function:
            self.local.abandon(str(self.folder.attempt(task.id, attempt)))
        self._end(task.id, attempt, Failed(kind=kind, reason=reason))

    def _end(self, task: TaskId, attempt: int, outcome: Outcome) -> None:
        place = self.places.get((task, attempt))
        self.tell(Result(ended=Ended(task=task, attempt=attempt, outcome=outcome, place=place)))

    def _taken_base(self) -> Base:
        with self._base_lock:
            if self.base is None:
                self.base = self._workspaces().take_base(self.planned.options.base)
                self.tell(BaseTaken(base=self.base))
            return self.base

    def _shared(self, task: Task) -> Place:
        root = self.planned.tree
        return Place(kind="shared", root=root, cwd=str(Path(root, task.cwd)), level="audited")

    def _brief(self, task: Task, place: Place, given: Given) -> str:
        claims = self._claims.get(task.id)
        site = BriefSite(
            root=place.root,
            kind=place.kind,
            base=self.base.note if self.base and place.kind != "shared" else "",
            siblings=self._beside(task),
            answers=given.answers,
            writes=claims.writes if claims and task.writes is None else (),
            reads=claims.reads if claims and task.reads is None else (),
        )
        return brief(task, site=site)

    def _beside(self, task: Task) -> tuple[Sibling, ...]:
        """The nearest tasks of the plan: a brief names a few, and 10,000 tasks must not each look at all others."""
        first = max(0, self._numbers[task.id] - _MOST_SIBLINGS // 2)
        near = self._siblings[first : first + _MOST_SIBLINGS + 1]
        ordered = self._ordered.get(task.id, set())
        return tuple(sibling for sibling in near if sibling.task != task.id and sibling.task not in ordered)

    def _files(self, task: Task) -> tuple[str, ...]:
        """The tree's files, for agents that look at all of them; read once."""
        if task.agent_name != "static":
            return ()
        if self._tree_files is None:
            self._tree_files = read_tree(Path(self.planned.tree)).files
        return self._tree_files

    def _workspaces(self) -> Workspaces:
        """The workspaces of this run; the tree is read when the first writer needs it."""
        if self._opened_workspaces is None:
            tree = read_tree(Path(self.planned.tree))
            self._opened_workspaces = Workspaces(self.planned.run, self.folder.path, self.folder.home, tree)
        return self._opened_workspaces

    # -- ending

    def _settled(self, task: Task, exited: Exited, place: Place | None) -> Result:
        """Return the record: harvested, judged, never raising."""
        key = (task.id, exited.attempt)
        exit_ = self._with_reason(exited.exit, self._stopping.get(key, ""))
        changes = Changes()
        try:
            if place is not None and place.kind != "shared":
                changes = self._workspaces().harvest(task, exited.attempt, place)
                if not changes.commit:
                    self._workspaces().discard(place)
            speaker = self.speaker(task.id)
            judgement = self._judged(task, speaker, exited, exit_)
            outcome, value = truth(task, judgement, changes, answers=speaker.answers)
        except Exception as error:
            judgement = Judgement(outcome=Failed(kind="workspace", reason=f"{type(error).__name__}: {error}"))
            outcome, value = judgement.outcome, b""
        ended = Ended(
            task=task.id,
            attempt=exited.attempt,
            outcome=outcome,
            usage=judgement.usage,
            changes=changes,
            exit=exit_,
            place=place,
            session=judgement.session,
        )
        return Result(ended=ended, answer=judgement.answer, value=value)

    def _judged(self, task: Task, speaker: Dialect, exited: Exited, exit_: Exit | None) -> Judgement:
        if exit_ is None:
            return Judgement(outcome=Lost(reason="its process went without leaving a record"))
        folder = self.folder.attempt(task.id, exited.attempt)
        if task.function:
            return speaker.judge(task, EndedAttempt(exit=exit_, returned=exited.returned))
        limit = 2 * MIB if task.output == "text" else 64 * MIB
        out, err = output_bytes(folder, "stdout", limit=limit), output_bytes(folder, "stderr", limit=MIB)
        return speaker.judge(
            task, EndedAttempt(exit=exit_, stdout=out, stderr=err, place=self.places.get((task.id, exited.attempt)))
        )

    def _with_reason(self, exit_: Exit | None, reason: str) -> Exit | None:
        return replace(exit_, reason=reason) if exit_ is not None and reason and not exit_.reason else exit_


def _ordered(edges: Sequence[Edge]) -> dict[TaskId, set[TaskId]]:
    """Return for each task those that go before or after it, and so never run beside it."""
    ordered: dict[TaskId, set[TaskId]] = {}
    for edge in edges:
        ordered.setdefault(edge.then, set()).add(edge.first)
        ordered.setdefault(edge.first, set()).add(edge.then)
    return ordered
