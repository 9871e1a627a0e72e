"""Launching a run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from forkjoin.agents import provider_of
from forkjoin.engine import supervise
from forkjoin.engine.attempts.speaking import bound_here, speaker
from forkjoin.engine.claims import claimed, repository_key
from forkjoin.engine.driving.wishes import Wishes
from forkjoin.engine.folder import (
    OwnerLock,
    RunFolder,
    cannot_write,
    finished,
    new_run_folder,
)
from forkjoin.engine.launching.estimates import with_estimates
from forkjoin.engine.launching.refusing import refuse, refuse_clash
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.engine.retention import retire
from forkjoin.engine.run import Run
from forkjoin.engine.settings import Settings
from forkjoin.errors import PlanError, RunOwned, UnknownId
from forkjoin.failpoints import reached
from forkjoin.journal import SqliteJournal
from forkjoin.model import Awaited, Planned, Tree, waits_at
from forkjoin.model.version import VERSION

_TRIES = 3  # how often a new run takes another name where something came between


def launch(
    ready: Prepared,
    *,
    settings: Settings,
    detached: bool = False,
    secret: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Run:
    """Make the run: its folder, its journal with the plan, its ids; nothing of it starts before this returns.

    With *detached* a supervisor of its own drives it from here on; else the caller does, by `Run.drive`. With *secret*
    its id cannot be guessed.
    Raises NotIndependent under policy `strict`; PlanError where a branch has the name under which ours are landed;
    CannotHere inside another run's task, without git for writers, for a
    task that no agent here can do; NoRoom on a full disk.
    """
    refuse(ready, os.environ if environ is None else environ)
    if ready.recording is None:
        refuse_clash(ready, prefix=settings.branch_prefix or "forkjoin")
        if detached and (why := bound_here(ready.plan)):
            raise PlanError(why, next_step="launch the run without detaching")
        ready = with_estimates(ready, Path(settings.home))
    retire(Path(settings.home), days=settings.retention_days, gib=settings.retention_gib)
    folder, lock = _made(ready, Path(settings.home), detached=detached, secret=secret)
    reached("launch.planned")
    if detached:
        supervise.spawn(folder, lock)
        reached("launch.detached")
        return Run(folder)
    return Run(folder, plan=ready.plan if ready.recording is None else None, lock=lock)


def _made(ready: Prepared, home: Path, *, detached: bool, secret: bool) -> tuple[RunFolder, OwnerLock]:
    """Return the run's folder with its plan in the journal, and its lock; it is whole before it is among the runs."""
    for left in range(_TRIES, -1, -1):
        draft = new_run_folder(home, secret=secret)
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
        version=VERSION,
        notes=ready.notes,
        not_looked_at=ready.not_looked_at,
        scope=ready.scope,
        estimates=ready.check.estimates,
        kin=ready.kin,
        providers={} if ready.recording is not None else _providers(ready),
    )


def _providers(ready: Prepared) -> dict[str, str]:
    """Return whose limits the plan's agents meet, each with each model that it is asked with."""
    known: dict[str, str] = {}
    for task in ready.plan.tasks:
        if (key := waits_at(task.agent_name, task.model)) not in known:
            known[key] = provider_of(speaker(task), task)
    return {key: provider for key, provider in known.items() if provider}
