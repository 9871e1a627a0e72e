"""What the tools share while their process lives: the ceiling, the settings, and which runs were started or named here.

All that lasts lies in the runs themselves: another process, or this one started again, finds them by their ids.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from forkjoin.errors import PlanError, UnknownId
from forkjoin.model import ENDED, Landing, Todo
from forkjoin.tools.ceiling import Ceiling, folder_in, is_in

if TYPE_CHECKING:
    from forkjoin.engine import Run, Settings
    from forkjoin.model import RunView

MOST_WAIT_S = 45.0  # clients give up on a call that takes longer
_LOOK_S = 0.05
_SEEN = 200

Tell = Callable[[int, int, str], Awaitable[None]]  # how many of how many, and what about it


async def untold(done: int, of: int, what: str) -> None:
    """Tell nobody of progress."""


class Host:
    """What one set of tools works on. Its methods block, but for those that are coroutines."""

    def __init__(self, ceiling: Ceiling | None = None, *, environ: Mapping[str, str] | None = None) -> None:
        given = ceiling or Ceiling()
        roots = tuple(str(Path(root).resolve()) for root in given.roots or (".",))
        self.ceiling = replace(given, roots=roots)
        self.environ = dict(os.environ if environ is None else environ)
        self.newest = ""  # the last run that was started here
        self.own: tuple[Todo, ...] = ()  # a caller's list that belongs to no run
        self.landings: dict[str, asyncio.Task[Landing]] = {}
        self.launching = asyncio.Lock()  # what one call takes of the ceiling, the next one must see
        self._seen: dict[str, None] = {}
        self._started: dict[str, float | None] = {}  # runs of ours that may still take of the ceiling: their budgets
        self._spent: dict[str, float] = {}

    def settings(self, tree: Path) -> Settings:
        """Return the settings that hold for *tree*."""
        from forkjoin.engine import settings_from

        return settings_from(self.environ, tree)

    def tree(self, directory: str) -> Path:
        """Return the folder that a caller names; raise AboveCeiling outside the roots, PlanError for none."""
        found = folder_in(self.ceiling.roots, directory)
        with suppress(OSError):  # a name that is too long is none, either
            if found.is_dir():
                return found
        raise PlanError("is no folder", where=f"directory {str(found)[:200]}", next_step="name an existing one")

    def run(self, name: str) -> Run:
        """Return the run of exactly that id, if it works in the roots; the caller closes it.

        The ids of other runs are not told: who has an id has the run.
        """
        from forkjoin.engine import attach

        unknown = UnknownId("run", name[:80], [], hint="give the whole id, as run_tasks returned it")
        try:
            found = attach(name, settings=self.settings(Path(self.ceiling.roots[0])))
        except UnknownId:
            raise _plain(unknown) from None
        if found.id != name or not is_in(self.ceiling.roots, found.planned.tree):
            found.close()
            raise _plain(unknown)
        self.saw(found.id)
        return found

    def started(self, run: str, budget: float | None) -> None:
        """Note a run that was launched here, and what it may spend."""
        self.newest = run
        self._started[run] = budget
        self.saw(run)

    def saw(self, run: str) -> None:
        """Note that a caller knows this run, so that it is listed among the resources."""
        self._seen.pop(run, None)
        self._seen[run] = None
        while len(self._seen) > _SEEN:
            del self._seen[next(iter(self._seen))]

    def known(self) -> tuple[str, ...]:
        """Return the runs that callers know, newest first."""
        return tuple(reversed(self._seen))

    def taken(self) -> tuple[int, float]:
        """Return how many tasks that were started here have not ended, and the dollars spent or set aside for them."""
        living, reserved = 0, 0.0
        for name, budget in list(self._started.items()):
            try:
                run = self.run(name)
            except UnknownId:  # removed meanwhile
                del self._started[name]
                continue
            with run:
                going = sum(task.state not in ENDED for task in run.view().tasks)
                spent = run.spent()
            # Where an agent did not say what it cost, all that it was allowed counts.
            cost = spent.usd if spent.usd is not None else max(spent.usd_known, budget or 0.0)
            if going:
                living, reserved = living + going, reserved + max(cost, budget or 0.0)
            else:
                del self._started[name]
                self._spent[name] = cost
        return living, reserved + sum(cost for name, cost in self._spent.items() if name not in self._started)

    def named(self, task_ids: str | Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Return the runs that RUN, RUN/TASK or TASK name, each with the tasks that are meant, in the order asked.

        TASK alone is one of the newest run started here. Raises UnknownId, PlanError for an empty name.
        """
        found: dict[str, list[str]] = {}
        for name in [task_ids] if isinstance(task_ids, str) else task_ids:
            run_name, slash, task = name.partition("/")
            if not name.strip():
                raise PlanError("is empty", where="task_id", next_step="give RUN/TASK, as run_tasks returned it")
            if not slash and self.newest and run_name != self.newest and self._is_task(run_name):
                run_name, task = self.newest, run_name
            with self.run(run_name) as run:
                meant = (run.task(task).id,) if task else run.tasks
            known = found.setdefault(run_name, [])
            known += [one for one in meant if one not in known]
        if not found:
            raise PlanError("names nothing", where="task_id", next_step="give RUN/TASK, as run_tasks returned it")
        return [(run_name, tuple(tasks)) for run_name, tasks in found.items()]

    def _is_task(self, name: str) -> bool:
        try:
            with self.run(self.newest) as run:
                run.task(name)
        except UnknownId:
            return False
        return True


async def ended(run: Run, tasks: Sequence[str], *, wait_s: float, tell: Tell) -> bool:
    """Wait until the named tasks have ended, at most *wait_s* seconds and never above 45; return whether they have.

    Whoever waits for a run without an owner takes it up again, once. *tell* is called at the start and with every end.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + min(wait_s, MOST_WAIT_S)
    before, alone = -1, False
    while True:
        view = await asyncio.to_thread(run.view)
        over = sum(_over(view, task) for task in tasks)
        if over > before:
            await tell(over, len(tasks), f"{over} of {len(tasks)} tasks have ended")
            before = over
        left = deadline - loop.time()
        if over == len(tasks) or left <= 0:
            return over == len(tasks)
        if not alone and not await asyncio.to_thread(run.owned):
            alone = True
            await asyncio.to_thread(run.resume)
        await asyncio.sleep(min(_LOOK_S, left))


def _over(view: RunView, name: str) -> bool:
    return any(task.id == name and task.state in ENDED for task in view.tasks)


def _plain(error: UnknownId) -> UnknownId:
    """Say only that there is none: `there is none yet` would be wrong where other runs are."""
    error.args = (f"no run {error.name!r} here; give the whole id, as run_tasks returned it",)
    return error
