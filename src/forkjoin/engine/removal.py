"""Deleting a run: nothing unlanded goes without being named, and a patch of it is kept for a while."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from forkjoin.backends import locked
from forkjoin.engine.attempts.ports import give_back
from forkjoin.engine.attempts.setups import setting_up
from forkjoin.engine.folder import RunFolder, put_aside, sweep
from forkjoin.engine.records.left import open_attempt
from forkjoin.errors import CannotHere, ForkjoinError, NoRoom, PlanError, listed
from forkjoin.failpoints import reached
from forkjoin.model import ENDED, Ended, Event, Exported, Landed, Lost, Planned, Recorded, RunView, TaskId
from forkjoin.model.text import spelled
from forkjoin.private import make_folder
from forkjoin.sources import read_tree
from forkjoin.workspaces import Workspaces
from forkjoin.workspaces.landing import held
from forkjoin.workspaces.pointing import keep_content
from forkjoin.workspaces.removal import remove_folder

_KEPT_S = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was deleted: the run, and for each task with changes its files and lines and where the patch is kept."""

    run: str
    changes: tuple[str, ...]
    kept: str


def remove(folder: RunFolder, planned: Planned, events: Sequence[Recorded], view: RunView, *, discard: bool) -> Removed:
    """Delete a run whose owner's lock the caller holds; nothing is deleted before everything could be named and kept.

    Raises PlanError where it is not over, or holds changes and *discard* was not said; NoRoom or CannotHere where
    its patches cannot be kept or its folder withstands.
    """
    changed = _changed(events)
    lines = unlanded(folder, events, view, discard=discard)
    if lines and not discard:
        raise PlanError(
            f"holds changes that forkjoin has not landed: {'; '.join(lines)}",
            where=folder.run,
            next_step=f"{_taking(folder, view)}; or delete them all the same with --discard (patches are kept for 14 "
            "days)",
        )
    sweep(folder.home)
    kept = _keep_patches(folder, changed)
    reached("remove.kept")
    with suppress(ForkjoinError, OSError):  # the tree may be gone; the run folder goes all the same
        Workspaces(folder.run, folder.path, folder.home, read_tree(Path(planned.tree))).release()
    reached("remove.released")
    remove_folder(folder.home / "workspaces" / folder.run)
    reached("remove.workspaces")
    with suppress(OSError):  # a note that stays takes no port from anybody
        give_back(folder.home, folder.path)
    aside = put_aside(folder)
    reached("remove.aside")
    remove_folder(aside.path)
    return Removed(run=folder.run, changes=lines, kept=str(kept) if changed else "")


def _taking(folder: RunFolder, view: RunView) -> str:
    if not Path(view.tree).exists():
        return f"their tree, {view.tree}, is not there: put it back, or take them: forkjoin diff {folder.run}/TASK"
    if view.repository != view.tree:
        return f"land them: forkjoin land {folder.run}"
    return f"take them: forkjoin diff {folder.run}/TASK | git apply"


def unlanded(folder: RunFolder, events: Sequence[Recorded], view: RunView, *, discard: bool) -> tuple[str, ...]:
    """Return what goes with the run, a line a task: its files and lines.

    Raises PlanError where a task did not end: one that lives, or any where *discard* was not said.
    """
    unsettled = _unsettled(folder, view, discard=discard)
    left = _left(events)
    return (
        tuple(_said(ended, left) for ended in _changed(events))
        + _salvage(events)
        + tuple(f"{task}: ended while nobody looked; what its workspace holds was not harvested" for task in unsettled)
    )


def _changed(events: Sequence[Recorded]) -> list[Ended]:
    """Return the ends of attempts whose changes are nowhere but in the run."""
    elsewhere = _elsewhere(events)
    ended = (one.event for one in events if isinstance(one.event, Ended) and one.event.changes.commit)
    return [one for one in ended if (one.task, one.attempt) not in elsewhere]


def _salvage(events: Sequence[Recorded]) -> tuple[str, ...]:
    """Return a line for each attempt whose work could not be harvested and lies where it was made."""
    ended = (one.event for one in events if isinstance(one.event, Ended))
    return tuple(
        f"{one.task}: was not harvested; what is left of its work lies in {one.place.root}"
        for one in ended
        if one.place is not None and one.place.kind != "shared" and not one.changes.commit
        if (isinstance(one.outcome, Lost) or one.changes.notes) and Path(one.place.root).is_dir()
    )


def _elsewhere(events: Sequence[Recorded]) -> set[tuple[TaskId, int]]:
    """Return the attempts whose patches still lie where they were exported, or which refs of the user's hold."""
    facts = [recorded.event for recorded in events]
    tree = next((Path(event.tree) for event in facts if isinstance(event, Planned)), Path())
    return {*_exported(facts), *_landed(facts, tree)}


def _landed(facts: Sequence[Event], tree: Path) -> Iterator[tuple[TaskId, int]]:
    """Yield the attempts all of whose files are in commits that refs of the user's hold."""
    last = {(one.task, one.attempt): one for event in facts if isinstance(event, Landed) for one in event.tasks}
    if not last or not tree.is_dir():
        return
    with suppress(ForkjoinError, OSError):  # where git does not say so, nothing is landed
        kept = held(tree, (commit for one in last.values() for commit in (one.commit, *one.parts)))
        yield from (key for key, one in last.items() if kept.issuperset((one.commit, *one.parts)) and not one.without)


def _left(events: Sequence[Recorded]) -> dict[tuple[TaskId, int], tuple[str, ...]]:
    """Return of each attempt that was landed the files that were not, for nobody accepted them."""
    landings = (one.event for one in events if isinstance(one.event, Landed))
    return {(one.task, one.attempt): one.without for event in landings for one in event.tasks}


def _exported(facts: Iterable[Event]) -> Iterator[tuple[TaskId, int]]:
    for event in facts:
        if isinstance(event, Exported) and any(Path(event.folder).glob("*.patch")):  # else they lie nowhere any more
            yield from ((one.task, one.attempt) for one in event.tasks)


def _unsettled(folder: RunFolder, view: RunView, *, discard: bool) -> list[TaskId]:
    """Return the tasks that have begun and not ended; raise PlanError where one lives, or *discard* was not said."""
    own = {task.id: open_attempt(folder, task) for task in view.tasks if task.state not in ENDED}
    begun = [task for task in view.tasks if task.state == "limited" or own.get(task.id) is not None]
    living = [task for task, path in own.items() if path is not None and (locked(str(path)) or setting_up(path))]
    if living or (begun and not discard):
        raise PlanError(
            f"its owner is gone, and {', '.join((living or [task.id for task in begun])[:5])} did not end yet",
            where=folder.run,
            next_step=f"stop it first: forkjoin stop {folder.run}/",
        )
    return [task.id for task in begun]


def _said(ended: Ended, left: Mapping[tuple[TaskId, int], tuple[str, ...]]) -> str:
    without = left.get((ended.task, ended.attempt))
    files = [change for change in ended.changes.files if not without or change.path in without]
    added, removed = sum(change.insertions for change in files), sum(change.deletions for change in files)
    names = listed(files, 5, say=lambda change: spelled(change.path))
    return f"{ended.task}: {names} (+{added} -{removed})" + "".join(f"; {note}" for note in ended.changes.notes)


def _keep_patches(folder: RunFolder, changed: Sequence[Ended]) -> Path:
    shelf = folder.home / "discarded"
    _clear(shelf)
    kept = shelf / folder.run
    last = {ended.task: ended.attempt for ended in changed}
    try:
        for ended in changed:
            make_folder(kept)
            name = ended.task if last[ended.task] == ended.attempt else f"{ended.task}-{ended.attempt}"
            if ended.changes.patch:
                shutil.copyfile(folder.path / ended.changes.patch, kept / f"{name}.patch")
        if changed:
            keep_content(folder.path, kept)
    except OSError as error:
        said = f"the patches of run {folder.run} cannot be kept in {kept}: {error.strerror}; nothing was deleted"
        raise (NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else CannotHere)(said) from error
    return kept


def _clear(shelf: Path) -> None:
    """Let go of patches that were kept long enough."""
    for old in shelf.iterdir() if shelf.is_dir() else ():
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _KEPT_S:
                shutil.rmtree(old, ignore_errors=True)
