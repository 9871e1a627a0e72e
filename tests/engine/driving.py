"""A driver with doubles for hands: a journal in memory, attempts that end as their script says."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forkjoin.backends import Exited, InProcessBackend, Spawned
from forkjoin.engine.driving.drive import Driven, Driver
from forkjoin.engine.driving.hands import Hands
from forkjoin.engine.driving.past import Known
from forkjoin.engine.folder import RunFolder
from forkjoin.journal import run_view
from forkjoin.model import Edge, Ended, Event, Exit, Options, Plan, Planned, RunId, RunView, TaskId
from forkjoin.testing import MemoryJournal, ScriptedBackend


@dataclass(kw_only=True)
class Programs(ScriptedBackend):
    """Scripted attempts with folders, which may be found by a next owner; `adopts` says how one ends then."""

    full: bool = False
    broken: bool = False
    reserved: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    adopted: list[tuple[TaskId, int]] = field(default_factory=list)
    adopts: Exit | None = None
    adopts_begun: bool = True

    def reserve(self, job_folder: str) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.broken:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        Path(job_folder).mkdir(parents=True, exist_ok=True)
        self.reserved.append(job_folder)

    def abandon(self, job_folder: str) -> None:
        self.abandoned.append(job_folder)

    def adopt(self, folder: str, task: TaskId, attempt: int) -> None:
        del folder
        self.adopted.append((task, attempt))
        loop, emit = asyncio.get_running_loop(), self._emit
        assert emit is not None
        loop.call_soon(emit, Spawned(task=task, attempt=attempt, pid=7))
        loop.call_soon(emit, Exited(task=task, attempt=attempt, exit=self.adopts, began=self.adopts_begun))


@dataclass(kw_only=True)
class Stage:
    """One run on disk and in memory. `past` is what former owners journaled after the plan."""

    home: Path
    plan: Plan
    edges: Sequence[Edge] = ()
    past: Sequence[Event] = ()
    providers: dict[str, str] = field(default_factory=dict)
    tree: Path | None = None
    local: Programs = field(default_factory=Programs)
    options: Options = field(default_factory=lambda: Options(memory_floor=0.0))

    def __post_init__(self) -> None:
        self.folder = RunFolder(home=self.home, run=RunId("20260101-000000-aaaa"))
        self.folder.path.mkdir(parents=True, exist_ok=True)
        self.journal = MemoryJournal()
        tree = str(self.tree or self.home)
        planned = Planned(
            run=self.folder.run, plan=self.plan, edges=tuple(self.edges), claims=(), tree=tree, repository=tree,
            options=self.options, version="0", providers=self.providers,
        )  # fmt: skip
        self.journal.append([planned, *self.past], at=1.0)
        self.journal.commit()
        self.seen = self.journal.another()

    def driver(self) -> Driver:
        """Return the next owner's driver, in the running loop."""
        own = self.journal.another()
        own.full = self.journal.full
        self.own = own
        hands = Hands(journal=own, local=self.local, inprocess=InProcessBackend())
        return Driver(self.folder, attached=True, known=Known(plan=self.plan), hands=hands)

    def run(self, *, during: Callable[[Driver], None] | None = None) -> Driven:
        """Drive to the end; *during* is called before the first turn."""

        async def main() -> Driven:
            driver = self.driver()
            if during:
                during(driver)
            return await asyncio.wait_for(driver.drive(), 20)

        return asyncio.run(main())

    def events(self) -> list[Event]:
        return [recorded.event for recorded in self.seen.read()]

    def ended(self) -> list[Ended]:
        return [event for event in self.events() if isinstance(event, Ended)]

    def states(self) -> dict[str, str]:
        return {task.id: task.state for task in self.view().tasks}

    def view(self) -> RunView:
        return run_view(self.seen.read())

    def wish(self, *events: Event) -> None:
        """Journal what another process asks for."""
        other = self.journal.another()
        other.append(list(events), at=2.0)
        other.commit()
