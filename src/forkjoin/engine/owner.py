"""A run as a process owns it: drives it to its end, or leaves it to a detached owner."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.engine.records.kept import KeptRun
from forkjoin.engine.telling import Teller, Watcher
from forkjoin.errors import CannotHere, PlanError, RunOwned
from forkjoin.model import Plan, RunView

# Who only reads runs has no need of what drives them: that is loaded where it is called.
if TYPE_CHECKING:
    from forkjoin.engine.driving.drive import Driven, Driver
    from forkjoin.engine.driving.past import Known


class RunOwner(KeptRun):
    """One run, and the right to drive it while no other process does; *lock* is given where it was taken already."""

    def __init__(self, folder: RunFolder, *, plan: Plan | None = None, lock: OwnerLock | None = None) -> None:
        super().__init__(folder)
        self._plan, self._lock = plan, lock
        self._driver: Driver | None = None
        self._leaving = False

    def resume(self) -> None:
        """Start a detached owner where the run has none; one that has is left alone."""
        with suppress(RunOwned):
            self.own()
            self._detach(self._owning())

    def own(self) -> None:
        """Take the run for `drive` or `resume`; raise RunOwned, naming the owner, where it has one.

        Raises CannotHere where it is not over and its tree is not there: all that is left of it would fail for good.
        """
        self._lock = self._lock or OwnerLock.take(self._folder)
        if not self._seq:  # nothing was read yet: whoever drives it need not read it again
            self._kept = []
        if self._without_tree() and self.view().ended is None:
            self._lock.release()
            self._lock = None
            raise CannotHere(
                f"run {self.id} cannot go on: its tree, {self.planned.tree}, is not there; put it back, then: "
                f"forkjoin resume {self.id}; or give it up: forkjoin stop {self.id}/"
            )

    def _end(self) -> None:
        """Start a detached owner that only has to end the run; one that has an owner is left alone."""
        with suppress(RunOwned):
            self._detach(self._owning())

    def _without_tree(self) -> bool:
        return self.planned.options.replay is None and not Path(self.planned.tree).exists()

    def drive(self, *, on_event: Watcher | None = None) -> RunView:
        """Own the run in this process until it is over, or handed over; *on_event* is called in a thread of its own.

        Blocks. *on_event* gets every event once, in order; a slow one never blocks the run, only the return from here;
        what it raises becomes a RuntimeWarning and ends the telling.
        """
        from forkjoin.engine.driving.owning import drive

        lock = self._owning()
        teller = Teller(self, on_event)
        try:
            driven = drive(self._folder, attached=True, known=self._known(), ready=self._driving)
            self._leave(driven, lock)
        finally:
            self._driver = None
            lock.release()
            teller.finish()
        self._look_back(driven)
        return self.view()

    async def drive_async(self, *, on_event: Watcher | None = None) -> RunView:
        """Do what `drive` does in the running event loop; cancelling it stops every task and waits for their ends."""
        from forkjoin.engine.driving.owning import drive_here

        lock = self._owning()
        teller = Teller(self, on_event)
        try:
            driven = await drive_here(self._folder, known=self._known(), ready=self._driving)
            self._leave(driven, lock)
        finally:
            self._driver = None
            lock.release()
            await teller.finished()
        self._look_back(driven)
        return self.view()

    def hand_over(self) -> None:
        """Leave a run that this process drives to a detached owner; its processes go on."""
        from forkjoin.engine.attempts.speaking import bound_here

        if why := bound_here(self._plan or self.planned.plan):
            raise PlanError(f"{why}, so the run cannot be left", where=self.id)
        self._leaving = True
        if self._driver is not None:
            self._driver.hand_over()

    def _owning(self) -> OwnerLock:
        lock, self._lock = self._lock or OwnerLock.take(self._folder), None
        return lock

    def _driving(self, driver: Driver) -> None:
        self._driver = driver
        if self._leaving:  # asked before there was a driver to ask
            driver.hand_over()

    def _known(self) -> Known:
        from forkjoin.engine.driving.past import Known

        with self._guard:
            past, self._kept = self._kept or [], None
        return Known(plan=self._plan, past=past, view=self.view)

    def _leave(self, driven: Driven, lock: OwnerLock) -> None:
        self._leaving, self._joined = False, driven.joined
        if driven.handed_over:
            self._detach(lock)

    def _detach(self, lock: OwnerLock) -> None:
        from forkjoin.engine.supervise import spawn

        self._kept = None
        spawn(self._folder, lock)

    def _look_back(self, driven: Driven) -> None:
        """Take the run up again for whoever asked for a retry while we still held it, and did not look any more.

        Whoever waited for the end may have closed the run meanwhile: it is looked at through a journal of its own.
        """
        from forkjoin.engine.driving.past import retry_waits

        if not driven.handed_over and retry_waits(self._folder, driven.seen):
            self.resume()
