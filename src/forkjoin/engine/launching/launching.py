"""Launching a run, and finding one again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from msgspec.structs import replace

from forkjoin.engine import supervise
from forkjoin.engine.attempts.speaking import bound_here
from forkjoin.engine.claims import claimed, repository_key
from forkjoin.engine.driving.wishes import Wishes
from forkjoin.engine.folder import (
    OwnerLock,
    RunFolder,
    cannot_write,
    find_run,
    finished,
    new_run_folder,
    run_folders,
)
from forkjoin.engine.launching.estimates import with_estimates
from forkjoin.engine.launching.refusing import refuse
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.engine.retention import retire
from forkjoin.engine.run import Run
from forkjoin.engine.settings import Settings
from forkjoin.errors import ForkjoinError, JournalDamaged, PlanError, RunOwned, UnknownId
from forkjoin.failpoints import reached
from forkjoin.journal import SqliteJournal
from forkjoin.model import Awaited, Planned, RunView, Tree
from forkjoin.sources import repository_of

_TRIES = 3  # how often a new run takes another name where something came between


def launch(
    ready: Prepared, *, settings: Settings, detached: bool = False, environ: Mapping[str, str] | None = None
) -> Run:
    """Make the run: its folder, its journal with the plan, its ids; nothing of it starts before this returns.

    With *detached* a supervisor of its own drives it from here on; else the caller does, by `Run.drive`.
    Raises NotIndependent under policy `strict`; CannotHere inside another run's task, without git for writers, for a
    task that no agent here can do; NoRoom on a full disk.
    """
    refuse(ready, os.environ if environ is None else environ)
    if ready.recording is None:
        if detached and (why := bound_here(ready.plan)):
            raise PlanError(why, next_step="launch the run without detaching")
        ready = with_estimates(ready, Path(settings.home))
    retire(Path(settings.home), days=settings.retention_days, gib=settings.retention_gib)
    folder, lock = _made(ready, Path(settings.home), detached=detached)
    reached("launch.planned")
    if detached:
        supervise.spawn(folder, lock)
        reached("launch.detached")
        return Run(folder)
    return Run(folder, plan=ready.plan if ready.recording is None else None, lock=lock)


def _made(ready: Prepared, home: Path, *, detached: bool) -> tuple[RunFolder, OwnerLock]:
    """Return the run's folder with its plan in the journal, and its lock; it is whole before it is among the runs."""
    for left in range(_TRIES, -1, -1):
        draft = new_run_folder(home)
        try:
            reached("launch.folder")
            lock = OwnerLock.take(draft)
            reached("launch.owned")
            planned = _planned(ready, draft, detached=detached)
            awaited: tuple[Awaited, ...] = ()
            if ready.recording is None:
                planned, awaited = claimed(planned, home, ready.tree, clonable=ready.clonable)
            else:
                ready.recording.put(draft.path)
            reached("launch.claimed")
            _write_plan(draft, planned, awaited)
            _set_room_aside(draft)
            reached("launch.written")
            return finished(draft), lock
        except (FileExistsError, RunOwned, UnknownId):  # its name is taken, or a sweep met it when it was just made
            shutil.rmtree(draft.path, ignore_errors=True)
            if not left:
                raise
        except BaseException:
            shutil.rmtree(draft.path, ignore_errors=True)  # nothing was started, so nothing is left
            raise
    raise AssertionError("not reached")


def attach(name: str | None = None, *, settings: Settings, tree: Path | None = None) -> Run:
    """Return the run of that id (or unique part of it); without one the latest of *tree*'s repository.

    Raises UnknownId that lists the known.
    """
    home = Path(settings.home)
    if name is not None:
        return Run(find_run(home, name.partition("/")[0]))
    latest = next((run for run in _of_repository(home, tree) if not run.planned.options.resolves), None)
    if latest is None:
        raise UnknownId("run", "latest", [], hint="start one: forkjoin run -a shell -t 'pytest -q'")
    return latest


def runs(settings: Settings, *, tree: Path | None = None, limit: int | None = None) -> list[RunView]:
    """Return the runs of *tree*'s repository (None: all), newest first."""
    found: list[RunView] = []
    if limit is not None and limit < 1:
        return found
    for run in _of_repository(Path(settings.home), tree):
        with run, suppress(JournalDamaged):  # that one is named by `doctor`, and by whoever asks for it
            found.append(run.view())
        if limit is not None and len(found) >= limit:
            break
    return found


def _of_repository(home: Path, tree: Path | None) -> Iterator[Run]:
    wanted = None if tree is None else _repository(tree)
    for folder in run_folders(home):
        try:
            run = Run(folder)
        except ForkjoinError:
            continue  # a journal that cannot be read is named by whoever asks for it
        if wanted is None or run.planned.repository == wanted:
            yield run
        else:
            run.close()


def _repository(tree: Path) -> str:
    found = repository_of(tree)
    return found.common_dir if found else str((tree if tree.is_dir() else tree.parent).resolve())


def _write_plan(folder: RunFolder, planned: Planned, awaited: Sequence[Awaited]) -> None:
    journal = SqliteJournal.create(folder.journal)
    try:
        journal.append([planned, *awaited], at=time.time())
        journal.commit()
    finally:
        journal.close()


def _set_room_aside(folder: RunFolder) -> None:
    try:
        Wishes(folder).set_aside()
    except OSError as error:
        raise cannot_write(folder.path, error) from error


def _planned(ready: Prepared, folder: RunFolder, *, detached: bool) -> Planned:
    tree: Tree = ready.tree
    return Planned(
        run=folder.run,
        plan=ready.plan,
        edges=ready.check.edges,
        claims=ready.check.tasks,
        tree=tree.root,
        repository=repository_key(tree),
        subdir=tree.git.subdir if tree.git else "",
        options=replace(ready.options, detached=detached),
        version=version("forkjoin"),
        notes=ready.notes,
        not_looked_at=ready.not_looked_at,
        scope=ready.scope,
        estimates=ready.check.estimates,
    )
