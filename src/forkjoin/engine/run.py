"""A run as its callers hold it: everything is read from the journal, every wish is written to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from forkjoin.engine.driving.wishes import Wishes
from forkjoin.engine.folder import OWNER_LOG, OwnerLock, removed
from forkjoin.engine.owner import RunOwner
from forkjoin.engine.records.noting import note, note_retry
from forkjoin.engine.records.reader import LOOK_S
from forkjoin.errors import CannotHere, NoRoom, PlanError, RunOwned, UnknownId
from forkjoin.model import (
    ENDED,
    Budget,
    Ended,
    Landing,
    Recorded,
    RetryAsked,
    Running,
    RunView,
    StopAsked,
    TaskId,
    TaskView,
    Todo,
)
from forkjoin.model.secrets import without_secrets

# Who only reads runs has no need of what drives, lands or removes them: that is loaded where it is called.
if TYPE_CHECKING:
    from forkjoin.engine.attempts.terminals import Terminal
    from forkjoin.engine.landing import LandAsk
    from forkjoin.engine.removal import Removed

_MOST_RESUMES = 3


class Run(RunOwner):
    """One run, from any process, at any time, after its end too. Methods raise UnknownId for tasks not in it."""

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    # -- waiting

    def wait(self, *, timeout: float | None = None, tasks: Sequence[str] = ()) -> RunView:
        """Block until the run (or the named tasks) has ended; raise NoRoom after *timeout* seconds."""
        named = [task.id for task in self._named(tasks)]
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        taking = Taking(self)
        while True:
            alone = not self.owned()
            view = self.view()
            if _over(view, named):
                return view
            if alone and timeout != 0:  # who only looks in starts nothing
                taking.up(view)
            if time.monotonic() >= deadline:
                raise NoRoom(f"run {self.id} was not ready after {timeout:g} s; it goes on: forkjoin wait {self.id}")
            time.sleep(LOOK_S)

    def path(self, task: str) -> str:
        """Return the folder the task works or worked in; raise UnknownId where it is not there (any more)."""
        found = self.task(task)
        if found.place is None or not found.place.root or not Path(found.place.root).is_dir():
            raise UnknownId("workspace of task", task, [], hint="it has none yet, or changed nothing and was removed")
        return found.place.root

    # -- wishes

    def stop(
        self, tasks: Sequence[str] = (), *, reason: str, how: Literal["term", "kill"] = "term"
    ) -> tuple[TaskView, ...]:
        """Ask the owner to end the named tasks (none named: all); return them as they were. Idempotent.

        Where the journal is full they are kept beside it (`stop_waits`); NoRoom where that cannot be done either.
        """
        view = self.view()
        named = self._named(tasks) if tasks else list(view.tasks)
        living = [task for task in named if task.state not in ENDED]
        if living:
            said = without_secrets(reason, os.environ)
            wishes = [TaskId("")] if not tasks else [task.id for task in living]
            self._ask_to_stop([StopAsked(task=task, reason=said, how=how) for task in wishes])
            if not self.owned():
                self._end()
        return tuple(named)

    @property
    def stop_waits(self) -> bool:
        """Whether a stop was asked for that waits, on a full disk, to be taken into the journal."""
        return Wishes(self._folder).waiting

    def retry(
        self, tasks: Sequence[str], *, force: bool = False, fresh: bool = False, budget: Budget | None = None
    ) -> None:
        """Run ended tasks again, completed ones only with *force*; the run is taken up again where it was over.

        An agent goes on in the session that it left, with its changes, unless *fresh*. *budget* is what the run may
        spend in all from now on, and each of these tasks that had a budget of its own.
        """
        named = self._named(tasks)
        for task in named:
            if task.task.function:
                raise PlanError("a function task cannot be run again from the journal", where=task.id)
            if task.state not in ENDED:
                raise PlanError(f"it is {task.state}", where=task.id, next_step="only ended tasks can be tried again")
            if task.state == "completed" and not force:
                raise PlanError("it has completed", where=task.id, next_step="say --force to pay for it twice")
        self._ask_again(named, RetryAsked(task=TaskId(""), force=force, fresh=fresh, budget=budget))

    def send(self, task: str, message: str) -> TaskView:
        """Tell an ended task's agent *message*, in its session and workspace, as a new attempt; return it as it was.

        The result is delivered like any other. Raises PlanError where the task has not ended, or left no session.
        """
        from forkjoin.engine.attempts.asking_again import refuse_followup

        found = self.task(task)
        replay = self.planned.options.replay is not None
        refuse_followup(found, message, run=self.called, replay=replay, environ=os.environ)
        self._ask_again([found], RetryAsked(task=found.id, force=True), message=message)
        return found

    def terminal(self, task: str) -> Terminal:
        """Return how a person goes on, in its agent's own program, with the session that an ended task left.

        Raises PlanError where there is none, or the task has not ended; CannotHere where the program is not here.
        """
        from forkjoin.engine.attempts.terminals import terminal_of

        return terminal_of(self.task(task), self.planned, self._folder, self.events(), os.environ)

    def _ask_again(self, tasks: Sequence[TaskView], asked: RetryAsked, *, message: str = "") -> None:
        if not self._folder.journal.exists():
            raise removed(self._folder)
        note_retry(self._folder.journal, [task.id for task in tasks], asked, message=message)
        self.resume()

    def unlanded(self, *, discard: bool = False) -> tuple[str, ...]:
        """Return the changes that would go with the run, a line a task; raise as `remove` where it is not over."""
        from forkjoin.engine.removal import unlanded

        if self.owned():
            raise self._still_runs()
        return unlanded(self._folder, self.events(), self.view(), discard=discard)

    def _still_runs(self) -> RunOwned:
        return RunOwned(f"run {self.id} still runs; stop it first: forkjoin stop {self.id}/")

    def remove(self, *, discard: bool = False) -> Removed:
        """Delete the run; raise PlanError where it still runs, or holds changes and *discard* was not said."""
        from forkjoin.engine.removal import remove

        try:
            lock = OwnerLock.take(self._folder)
        except RunOwned as error:
            raise self._still_runs() from error
        try:
            return remove(self._folder, self.planned, self.events(), self.view(), discard=discard)
        finally:
            lock.release()

    def jot(self, items: Sequence[Todo]) -> None:
        """Put a caller's own items on the run's todo list, in the place of those that were there."""
        from forkjoin.engine.records.jotting import jot

        jot(self.folder, items)

    def land(self, ask: LandAsk, *, say: Callable[[str], None] = lambda _: None) -> Landing:
        """Bring what the tasks changed together on a branch of the user's repository; say what became of each task.

        Blocks; *say* is told what is done meanwhile. See `engine/landing/land.py` for what it raises.
        """
        with self.landing(say=say) as land:
            return land(ask)

    @contextmanager
    def landing(self, *, say: Callable[[str], None] = lambda _: None) -> Iterator[Callable[[LandAsk], Landing]]:
        """Be the only one who lands the run; what is given lands it, as often as it is called."""
        from forkjoin.engine.landing import alone, landed

        with alone(self._folder):
            yield lambda ask: landed(self._folder, self.planned, ask, say=say)

    # -- helpers

    def _ask_to_stop(self, wishes: Sequence[StopAsked]) -> None:
        driver = self._driver
        try:
            self._write(wishes)
        except NoRoom as full:
            if Wishes(self._folder).keep(wishes):  # whoever drives the run looks there
                return
            if driver is None:
                raise NoRoom(
                    f"the wish to stop run {self.id} found no room, and nothing was stopped: {full}; make room and ask "
                    "again, or end its owner (forkjoin ls --json has its pid): it stops what it started"
                ) from full
            driver.wish(wishes)

    def _write(self, events: Sequence[StopAsked]) -> None:
        if not self._folder.journal.exists():
            raise removed(self._folder)
        note(self._folder.journal, events)


class Taking:
    """Takes a run up again whenever its waiter finds it without an owner, unless that helps no more."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._times, self._since = 0, 0

    def up(self, view: RunView) -> None:
        """Start an owner of the run, which stands as *view* says; raise CannotHere where three in a row did nothing."""
        if any(map(_goes_on, self._run.events(self._since))):
            self._times = 0
        if self._times >= _MOST_RESUMES:
            log = self._run.folder / OWNER_LOG
            raise CannotHere(f"run {self._run.id}: its owner ended at once, {self._times} times; what it said: {log}")
        self._run.resume()
        self._times, self._since = self._times + 1, view.seq


def _goes_on(recorded: Recorded) -> bool:
    """Whether an event shows an owner that did something for the run, besides beginning."""
    event = recorded.event
    return isinstance(event, Running) or (isinstance(event, Ended) and not event.again)


def _over(view: RunView, named: Sequence[TaskId]) -> bool:
    if not named:
        return view.state in ("completed", "failed", "stopped")
    wanted = set(named)
    return all(task.state in ENDED for task in view.tasks if task.id in wanted)
