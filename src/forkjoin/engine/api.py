"""The library: `from forkjoin import Plan, Task, run, launch, attach, check, review`.

It installs no signal handler, sets no subreaper in the host process, and leaves logging and the event loop alone.
Results come in the order asked, progress in the order it happens.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from forkjoin.engine.claims import with_others
from forkjoin.engine.finding import attach as _attach
from forkjoin.engine.launching.estimates import with_estimates
from forkjoin.engine.launching.launching import launch as _launch
from forkjoin.engine.preparing.looking import Looking, look_prepared
from forkjoin.engine.preparing.prepare import Overrides, Prepared, prepared, review_prepared
from forkjoin.engine.run import Run
from forkjoin.engine.settings import settings_from
from forkjoin.engine.telling import Watcher
from forkjoin.errors import RunClosed
from forkjoin.model import Check, Plan, Report, RunResult, Task

_PathLike = str | os.PathLike[str]


def run(
    plan: Plan | Sequence[Task],
    *,
    tree: _PathLike = ".",
    max_parallel: int | None = None,
    base: str = "snapshot",
    on_event: Watcher | None = None,
) -> RunResult:
    """Run all tasks side by side on *tree*, wait, and return their results in the order asked.

    Works inside a running event loop too (it blocks that loop: there, prefer `run_async`). *on_event* is called with
    every event, in a thread of its own. A task that fails is a result, not an exception; raised are PlanError,
    NotIndependent, CannotHere, NoRoom: then nothing was started. Ctrl-C stops every task and is raised again.
    """
    ready = _ready(plan, tree, max_parallel=max_parallel, base=base)
    with _started(ready, tree) as started:
        return _driven(started, on_event).result()


async def run_async(
    plan: Plan | Sequence[Task],
    *,
    tree: _PathLike = ".",
    max_parallel: int | None = None,
    base: str = "snapshot",
    on_event: Watcher | None = None,
) -> RunResult:
    """Do what `run` does, in the running event loop; coroutine functions among the tasks run in it.

    Cancelling it stops every task.
    """
    ready = await asyncio.to_thread(_ready, plan, tree, max_parallel=max_parallel, base=base)
    started = await asyncio.to_thread(_started, ready, tree)
    with started:
        await started.drive_async(on_event=on_event)
        return started.result()


def launch(
    plan: Plan | Sequence[Task],
    *,
    tree: _PathLike = ".",
    detached: bool = False,
    max_parallel: int | None = None,
    base: str = "snapshot",
    on_event: Watcher | None = None,
) -> Run:
    """Start all tasks in the background and return the run at once; its ids are known before anything has started.

    Attached (the default) a thread of this process drives it; *detached* it outlives this process.
    """
    ready = _ready(plan, tree, max_parallel=max_parallel, base=base)
    if detached:
        return _launch(ready, settings=settings_from(os.environ, Path(tree)), detached=True)
    started = _started(ready, tree)
    Thread(target=_drive_unread, args=(started, on_event), name=f"forkjoin-{started.id}").start()
    return started


def attach(run: str | None = None, *, tree: _PathLike = ".") -> Run:
    """Return a run by its id, from any process, at any time; without one the latest on *tree*."""
    return _attach(run, settings=settings_from(os.environ, Path(tree)), tree=Path(tree))


def check(plan: Plan | Sequence[Task], *, tree: _PathLike = ".") -> Check:
    """Return the verdicts, the order and the advice for a plan, and how it stands to living runs; starts nothing."""
    ready = _ready(plan, tree, max_parallel=None, base="snapshot")
    home = Path(settings_from(os.environ, Path(tree)).home)
    return with_others(with_estimates(ready, home), home).check


def review(
    path: _PathLike = ".",
    *,
    perspectives: Sequence[str] = (),
    agent: str | None = None,
    on_event: Watcher | None = None,
) -> Report:
    """Review a folder or a file with every offline analyser that is here, side by side; return the joined report.

    With *agent* that one looks instead, one task a perspective (without *perspectives* the usual four).
    """
    settings = settings_from(os.environ, Path(path))
    if agent:
        flags = Overrides(agent=agent)
        asked = Looking(perspectives=tuple(perspectives))
        ready = look_prepared(Path(path), asked, settings=settings, overrides=flags)
    else:
        ready = review_prepared(Path(path), perspectives=perspectives, settings=settings)
    with _launch(ready, settings=settings) as started:
        return _driven(started, on_event).report()


async def review_async(
    path: _PathLike = ".",
    *,
    perspectives: Sequence[str] = (),
    agent: str | None = None,
    on_event: Watcher | None = None,
) -> Report:
    """Do what `review` does without blocking the running event loop."""
    return await asyncio.to_thread(review, path, perspectives=perspectives, agent=agent, on_event=on_event)


def _ready(plan: Plan | Sequence[Task], tree: _PathLike, *, max_parallel: int | None, base: str) -> Prepared:
    asked = plan if isinstance(plan, Plan) else Plan(tasks=_tasks(plan))
    flags = Overrides(max_parallel=max_parallel, base=base)
    return prepared(asked, settings=settings_from(os.environ, Path(tree)), tree=Path(tree), overrides=flags)


def _tasks(given: object) -> tuple[Task, ...]:
    if isinstance(given, list | tuple) and all(isinstance(task, Task) for task in given):
        return tuple(given)
    rows = given if isinstance(given, list | tuple) else [given]
    odd = next(type(row).__name__ for row in rows if given is row or not isinstance(row, Task))
    raise TypeError(f"a Plan or a list of Tasks is run, this is {odd}; write [Task(...)], or Plan(tasks=[...])")


def _started(ready: Prepared, tree: _PathLike) -> Run:
    return _launch(ready, settings=settings_from(os.environ, Path(tree)))


def _drive_unread(started: Run, on_event: Watcher | None) -> None:
    """Drive in a thread whose end nobody reads: whoever waited for the run may have closed it by then."""
    with suppress(RunClosed):
        started.drive(on_event=on_event)


def _driven(started: Run, on_event: Watcher | None) -> Run:
    """Drive in a thread, so that no event loop and no signal handler is set up in the caller's."""
    failure: list[BaseException] = []
    over = Event()

    def drive() -> None:
        try:
            started.drive(on_event=on_event)
        except BaseException as error:
            failure.append(error)
        finally:
            over.set()

    thread = Thread(target=drive, name=f"forkjoin-{started.id}")
    thread.start()
    _await(over, started)
    thread.join()
    if failure:
        raise failure[0]
    return started


def _await(over: Event, started: Run) -> None:
    """Wait for the run's end. Ctrl-C stops every task, a second one ends them at once, a third one leaves.

    An event is waited for, not the thread: Python 3.11 takes a thread whose `join` was interrupted for ended.
    """
    try:
        over.wait()
    except KeyboardInterrupt:
        started.stop(reason="interrupted")
        try:
            over.wait()
        except KeyboardInterrupt:
            started.stop(reason="interrupted again", how="kill")
            over.wait()
        raise
