"""An attempt from its start, which is journaled, to its process: workspace, set-up, brief, invocation, backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from forkjoin.backends import Backend, Job
from forkjoin.engine.attempts import remains
from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.carrying_on import Carrying
from forkjoin.engine.attempts.settling import Result, harvested, said
from forkjoin.engine.attempts.setups import Processes, Setups
from forkjoin.engine.attempts.setups import Site as Bare
from forkjoin.engine.attempts.sites import NO_SITE, Sites
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.attempts.underway import Underway
from forkjoin.engine.attempts.workers import Workers
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.engine.folder import RunFolder
from forkjoin.model import Call, Failed, Outcome, Place, Stopped, Task, TaskId


@dataclass(kw_only=True)
class Beginning:
    """Begins the attempts of one run; whatever goes wrong on the way becomes an attempt's record, which is told.

    In the loop's thread; workspaces are opened in threads. *replay*: what runs is a recording.
    """

    folder: RunFolder
    tasks: Mapping[TaskId, Task]
    replay: bool
    local: Processes
    inprocess: Backend
    tell: Callable[[Result], None]
    post: Callable[[Callable[[], None]], object]
    underway: Underway
    carrying: Carrying
    workers: Workers
    workshop: Workshop
    sites: Sites

    def __post_init__(self) -> None:
        self.setups = Setups(
            folder=self.folder,
            workshop=self.workshop,
            local=self.local,
            workers=self.workers,
            post=self.post,
            stopping=self.underway.stopping,
            ready=self._set_up,
            failed=self._not_set_up,
        )

    def start(self, task: TaskId, attempt: int, given: Callable[[], Given], *, failed: Failed | None) -> None:
        """Start it, after its start was journaled, unless it *failed*; workspaces are opened in a thread first."""
        asked, key = self.tasks[task], (task, attempt)
        self.underway.living.add(key)
        self.underway.between.add(key)
        with _Guard(self, asked, attempt):
            gift = Given() if asked.function else self.carrying.remember(key, given())
            asked = self.tasks[task]
            if failed is not None or key in self.underway.stopping:  # that while its start waited for room
                self._end(asked, attempt, failed or Stopped(reason=self.underway.stopping[key]))
                return
            if asked.function:
                self._start_call(asked, attempt)
                return
            shares = asked.shares_tree and not gift.commits
            if shares or self.replay:  # a recording writes nothing
                self._start_in(asked, attempt, self.sites.shared(asked), gift)
                return
            self.underway.opening.add(key)
            self.workers.submit(lambda: self._open(asked, attempt, gift), begins=True)

    def unbegun(self, task: Task, attempt: int, outcome: Outcome, place: Place | None) -> Result | None:
        """Return the record of an attempt of which nothing ran.

        None where it was to go on in the workspace of an earlier one: what that left there is taken again in a thread.
        """
        key = (task.id, attempt)
        earlier = self.carrying.place(key)
        if earlier is None:
            return self.carrying.on(remains.unbegun(task, attempt, outcome, place))
        self.underway.living.add(key)
        self.underway.between.add(key)

        def go() -> None:
            changes, _ = harvested(task, attempt, earlier, self.workshop.harvest)
            self.tell(self.carrying.on(remains.unbegun(task, attempt, outcome, earlier, changes)))

        self.workers.submit(go)
        return None

    def bare(self, task: Task, attempt: int, place: Place, given: Given) -> Bare:
        """Return a workspace that is to be made ready."""
        return Bare(
            task=task, attempt=attempt, place=place, given=given, environ=lambda: self.sites.environ(task, attempt)
        )

    def _start_call(self, task: Task, attempt: int) -> None:
        call = speaker(task).invocation(task, NO_SITE)
        self.underway.calls.add((task.id, attempt))
        self.inprocess.start(Job(task=task.id, attempt=attempt, invocation=call))

    def _open(self, task: Task, attempt: int, given: Given) -> None:
        """In a thread: open a workspace on the base with the predecessors' changes, then go on in the loop."""
        found = self._place_for(task, attempt, given)
        with suppress(RuntimeError):  # the loop is closed: the next owner finds that nothing began
            self.post(lambda: self._opened(task, attempt, found, given))

    def _place_for(self, task: Task, attempt: int, given: Given) -> Place | Outcome:
        if (task.id, attempt) in self.underway.stopping:  # it waited for a thread while it was stopped
            return Stopped(reason=self.underway.stopping[task.id, attempt])
        found, kept = self.workshop.opened(task, attempt, given)
        if kept:
            self.underway.kept.add((task.id, attempt))
        return found

    def _opened(self, task: Task, attempt: int, found: Place | Outcome, given: Given) -> None:
        key = (task.id, attempt)
        self.underway.opening.discard(key)
        if isinstance(found, Place) and key in self.underway.stopping:
            self._end(task, attempt, Stopped(reason=self.underway.stopping[key]), place=found)
        elif isinstance(found, Place):
            with _Guard(self, task, attempt, place=found):
                self.underway.places[key] = found
                remains.note_place(self.folder.attempt(task.id, attempt), found)
                if (task.setup or task.setup_once) and key not in self.underway.kept:
                    self.underway.between.discard(key)  # who comes next finds it by its place
                    self.setups.begin(self.bare(task, attempt, found, given))
                else:
                    self._start_in(task, attempt, found, given)
        else:
            self._end(task, attempt, found)

    def _start_in(self, task: Task, attempt: int, place: Place, given: Given) -> None:
        key = (task.id, attempt)
        self.underway.places[key] = place
        folder = self.folder.attempt(task.id, attempt)
        site = self.sites.site(task, attempt, place, given, base=self.workshop.base)
        invocation = speaker(task).invocation(task, site)
        job = Job(task=task.id, attempt=attempt, invocation=invocation, folder=str(folder))
        if isinstance(invocation, Call):
            self.local.abandon(str(folder))
            self.underway.calls.add(key)
            self.inprocess.start(job)
            return
        for path, content in invocation.files.items():
            Path(path).write_text(content, encoding="utf-8")
        self.local.start(job)

    def _set_up(self, site: Bare) -> None:
        """Start an attempt whose workspace is ready now."""
        if site.key in self.underway.stopping:
            self._end(site.task, site.attempt, Stopped(reason=self.underway.stopping[site.key]), place=site.place)
            return
        self.underway.places[site.key] = site.place
        self.underway.between.add(site.key)
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
        result = self.unbegun(task, attempt, outcome, place or self.underway.places.get((task.id, attempt)))
        if result is not None:
            self.tell(result)


class _Guard(msgspec.Struct, frozen=True):
    """A block in which whatever goes wrong becomes the attempt's record: a task is never left without one."""

    beginning: Beginning
    task: Task
    attempt: int
    place: Place | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        failed = Failed(kind="setup", reason=said(error))
        self.beginning._end(self.task, self.attempt, failed, place=self.place)  # noqa: SLF001 - its own guard
        return True
