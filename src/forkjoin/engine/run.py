"""A run as its callers hold it: everything is read from the journal, every wish is written to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal

from forkjoin.backends import output_bytes, tail_bytes
from forkjoin.engine import supervise
from forkjoin.engine.drive import Driver, drive, drive_here
from forkjoin.engine.folder import OwnerLock, RunFolder, owned
from forkjoin.engine.joining import account_of, report_of
from forkjoin.engine.removal import Removed, remove
from forkjoin.engine.results import run_result
from forkjoin.errors import CannotHere, JournalDamaged, NoRoom, PlanError, RunOwned, UnknownId
from forkjoin.journal import Fold, SqliteJournal, todo
from forkjoin.model import (
    ENDED,
    Account,
    Plan,
    Planned,
    Recorded,
    Report,
    RetryAsked,
    RunId,
    RunResult,
    RunView,
    StopAsked,
    TaskId,
    TaskView,
    Todo,
    to_builtins,
)
from forkjoin.synthesis import at_or_above, render_json, render_markdown, summary_lines

MIB = 1024 * 1024
_LOOK_S = 0.05
MAX_CHARS = 32_000
_MOST_RESUMES = 3


@dataclass(frozen=True, kw_only=True)
class TaskOutput:
    """What `output` returns: `text` is the part from `offset`; `next_offset` None when there is no more.

    `status` is `success` (it has ended), `not_ready` (asked without waiting) or `timeout`.
    """

    status: Literal["success", "not_ready", "timeout"]
    task: TaskView
    text: str
    total_chars: int
    next_offset: int | None
    path: str


class Run:
    """One run, from any process, at any time, after its end too. Methods raise UnknownId for tasks not in it."""

    def __init__(self, folder: RunFolder, *, plan: Plan | None = None, lock: OwnerLock | None = None) -> None:
        self._folder, self._plan, self._lock = folder, plan, lock
        self._guard = Lock()  # one journal connection, callers in several threads
        self._journal = SqliteJournal.open(folder.journal, readonly=True)
        self._fold, self._seq = Fold(), 0
        self._driver: Driver | None = None
        self.planned = self._first()

    @property
    def id(self) -> RunId:
        """The run's id."""
        return self._folder.run

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def tasks(self) -> tuple[TaskId, ...]:
        """The ids of its tasks, in the order they were asked."""
        return tuple(task.id for task in self.planned.plan.tasks)

    # -- reading

    def view(self) -> RunView:
        """Return the run as it stands in the journal now."""
        with self._guard:
            for recorded in self._journal.read(self._seq):
                self._fold.apply(recorded)
                self._seq = recorded.seq
            return self._fold.view()

    def owned(self) -> bool:
        """Return whether a living process owns the run."""
        return owned(self._folder)

    def events(self, since: int = 0) -> list[Recorded]:
        """Return the committed events after *since*."""
        with self._guard:
            return list(self._journal.read(since))

    def follow(self, since: int = 0) -> Iterator[Recorded]:
        """Yield events as they are committed, until the run is over or nobody owns it any more."""
        while True:
            alone = not self.owned()
            events = self.events(since)
            yield from events
            since = events[-1].seq if events else since
            if alone and not events:
                return
            if not events:
                time.sleep(_LOOK_S)

    def wait(self, *, timeout: float | None = None, tasks: Sequence[str] = ()) -> RunView:
        """Block until the run (or the named tasks) has ended; raise NoRoom after *timeout* seconds."""
        named = [self.task(name).id for name in tasks]
        deadline = None if timeout is None else time.monotonic() + timeout
        taken_up = 0
        while True:
            alone = not self.owned()
            view = self.view()
            if _over(view, named):
                return view
            if alone:
                self._take_up_again(taken_up)
                taken_up += 1
            if deadline is not None and time.monotonic() >= deadline:
                raise NoRoom(f"run {self.id} was not ready after {timeout:g} s; it goes on: forkjoin wait {self.id}")
            time.sleep(_LOOK_S)

    def task(self, name: str) -> TaskView:
        """Return the task of that id or number; raise UnknownId listing the known."""
        view = self.view()
        found = view.task(name.removeprefix(f"{self.id}/"))
        if found is None:
            known = [f"{task.id} ({task.task.description})" for task in view.tasks]
            raise UnknownId("task", name, known, hint=f"this is run {self.id}")
        return found

    def output(
        self,
        task: str,
        *,
        mode: Literal["answer", "tail", "full"] = "answer",
        max_chars: int = MAX_CHARS,
        offset: int = 0,
        timeout: float | None = 30.0,
    ) -> TaskOutput:
        """Return a task's answer (or its raw output), waiting at most *timeout* s (0: not at all, None: for ever).

        Reading never consumes. `answer` of a task that has not ended is empty; `tail` and `full` read what is there.
        """
        status: Literal["success", "not_ready", "timeout"] = "success"
        try:
            self.wait(timeout=timeout, tasks=[task])
        except NoRoom:
            status = "timeout" if timeout else "not_ready"
        found = self.task(task)
        text = self._said(found, mode)
        if mode == "tail":
            offset = max(0, len(text) - max_chars)
        part = text[offset : offset + max_chars]
        end = offset + len(part)
        return TaskOutput(
            status=status,
            task=found,
            text=part,
            total_chars=len(text),
            next_offset=end if end < len(text) else None,
            path=str(self._attempt_folder(found) / "stdout.0000"),
        )

    def log(self, task: str, *, stream: Literal["stdout", "stderr"] = "stdout", limit: int = MIB) -> str:
        """Return the end of what the task's program printed, at most *limit* bytes, as text."""
        folder = self._attempt_folder(self.task(task))
        return tail_bytes(folder, stream, limit).decode("utf-8", "replace")

    def brief(self, task: str) -> str:
        """Return the brief the task was given; "" where it had none."""
        with suppress(OSError):
            return (self._attempt_folder(self.task(task)) / "brief.md").read_text(encoding="utf-8")
        return ""

    def diff(self, task: str) -> bytes:
        """Return what the task changed, as a patch; b"" where it changed nothing."""
        patch = self.task(task).changes.patch
        return (self.folder / patch).read_bytes() if patch else b""

    def path(self, task: str) -> str:
        """Return the folder the task works or worked in; raise UnknownId where it is not there (any more)."""
        found = self.task(task)
        if found.place is None or not found.place.root or not Path(found.place.root).is_dir():
            raise UnknownId("workspace of task", task, [], hint="it has none yet, or changed nothing and was removed")
        return found.place.root

    def todo(self) -> tuple[Todo, ...]:
        """Return the list a person watches."""
        return todo(self.view())

    def account(self) -> Account:
        """Return where the time went, so far."""
        return account_of(self.view())

    def report(self) -> Report:
        """Return the joined result, as it stands."""
        view = self.view()
        with self._guard:
            return report_of(view, self.planned, self._journal.content)

    def report_markdown(self, *, limit: int = 50) -> str:
        """Return the report for people."""
        return render_markdown(self.report(), limit=limit)

    def report_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        return render_json(self.report())

    def summary_lines(self, width: int = 80) -> list[str]:
        """Return the end of a run for a terminal, worst first."""
        return summary_lines(self.report(), width=width)

    def severity_count(self, severity: str) -> int:
        """Return how many findings are at or above *severity*."""
        return at_or_above(self.report(), severity)

    def result(self) -> RunResult:
        """Return the results in the order asked, as attributes."""
        view = self.view()
        with self._guard:
            return run_result(view, self._journal.content)

    def result_json(self) -> dict[str, Any]:
        """Return the results as `run --json` prints them."""
        return {"forkjoin": 1, **to_builtins(self.result())}

    # -- wishes

    def stop(
        self, tasks: Sequence[str] = (), *, reason: str, how: Literal["term", "kill"] = "term"
    ) -> tuple[TaskView, ...]:
        """Ask the owner to end the named tasks (none named: all); return them as they were. Idempotent."""
        view = self.view()
        named = [self.task(name) for name in tasks] or list(view.tasks)
        living = [task for task in named if task.state not in ENDED]
        if living:
            wishes = [TaskId("")] if not tasks else [task.id for task in living]
            self._write([StopAsked(task=task, reason=reason, how=how) for task in wishes])
            if not self.owned():
                self.resume()
        return tuple(named)

    def retry(self, tasks: Sequence[str], *, force: bool = False) -> None:
        """Run ended tasks again, completed ones only with *force*; the run is taken up again where it was over."""
        named = [self.task(name) for name in tasks]
        for task in named:
            if task.task.function:
                raise PlanError("a function task cannot be run again from the journal", where=task.id)
            if task.state not in ENDED:
                raise PlanError(f"it is {task.state}", where=task.id, next_step="only ended tasks can be tried again")
            if task.state == "completed" and not force:
                raise PlanError("it has completed", where=task.id, next_step="say --force to pay for it twice")
        self._write([RetryAsked(task=task.id, force=force) for task in named])
        self.resume()

    def resume(self) -> None:
        """Start a detached owner where the run has none; one that has is left alone."""
        with suppress(RunOwned):
            supervise.spawn(self._folder, OwnerLock.take(self._folder))

    def remove(self, *, discard: bool = False) -> Removed:
        """Delete the run; raise PlanError where it still runs, or holds changes and *discard* was not said."""
        if self.owned():
            raise RunOwned(f"run {self.id} still runs; stop it first: forkjoin stop --run {self.id}")
        return remove(self._folder, self.view(), self.planned, discard=discard)

    # -- driving

    def drive(self, *, on_event: Callable[[Recorded], None] | None = None) -> RunView:
        """Own the run in this process until it is over, or handed over; *on_event* is called in a thread of its own.

        Blocks. A slow *on_event* never blocks the run; what it raises ends only the telling.
        """
        lock = self._lock or OwnerLock.take(self._folder)
        watcher = Thread(target=self._tell, args=(on_event,), daemon=True) if on_event else None
        if watcher:
            watcher.start()
        try:
            handed = drive(self._folder, attached=True, plan=self._plan, ready=self._driving)
        except BaseException:
            lock.release()
            raise
        finally:
            self._driver = None
        if handed:
            supervise.spawn(self._folder, lock)
        lock.release()
        if watcher:
            watcher.join()
        return self.view()

    async def drive_async(self, *, on_event: Callable[[Recorded], None] | None = None) -> RunView:
        """Do what `drive` does in the running event loop; cancelling it stops every task and waits for their ends."""
        lock = self._lock or OwnerLock.take(self._folder)
        if on_event:
            Thread(target=self._tell, args=(on_event,), daemon=True).start()
        try:
            await drive_here(self._folder, plan=self._plan, ready=self._driving)
        finally:
            self._driver = None
            lock.release()
        return self.view()

    def hand_over(self) -> None:
        """Leave a run that this process drives to a detached owner; its processes go on."""
        if any(task.function for task in self.planned.plan.tasks):
            raise PlanError("function tasks run in this process and cannot be left", where=self.id)
        if self._driver is not None:
            self._driver.hand_over()

    def _driving(self, driver: Driver) -> None:
        self._driver = driver

    def _tell(self, on_event: Callable[[Recorded], None]) -> None:
        for recorded in self.follow():
            on_event(recorded)

    # -- helpers

    def _take_up_again(self, times: int) -> None:
        if times >= _MOST_RESUMES:
            raise CannotHere(f"run {self.id}: its owner ends at once, {times} times; see {self.folder}/supervisor.log")
        self.resume()

    def _write(self, events: Sequence[StopAsked | RetryAsked]) -> None:
        journal = SqliteJournal.open(self._folder.journal)
        try:
            journal.append(events, at=time.time())
            journal.commit()
        finally:
            journal.close()

    def _first(self) -> Planned:
        first = next(iter(self.events()), None)
        if first is None or not isinstance(first.event, Planned):
            raise JournalDamaged(f"{self._folder.journal} does not begin with a plan; remove the run: {self.folder}")
        return first.event

    def _said(self, task: TaskView, mode: Literal["answer", "tail", "full"]) -> str:
        if mode == "answer" or task.task.function:
            with self._guard:
                return self._journal.content(task.answer)
        return output_bytes(self._attempt_folder(task), "stdout", limit=64 * MIB).decode("utf-8", "replace")

    def _attempt_folder(self, task: TaskView) -> Path:
        return self._folder.attempt(task.id, max(1, task.attempt))


def _over(view: RunView, named: Sequence[TaskId]) -> bool:
    if not named:
        return view.state in ("completed", "failed", "stopped")
    wanted = set(named)
    return all(task.state in ENDED for task in view.tasks if task.id in wanted)
