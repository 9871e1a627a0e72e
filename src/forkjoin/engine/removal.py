"""Deleting a run: nothing unlanded goes without being named, and a patch of it is kept for a while."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from forkjoin.engine.folder import RunFolder
from forkjoin.errors import PlanError
from forkjoin.model import Planned, RunView, TaskView
from forkjoin.sources import read_tree
from forkjoin.workspaces import Workspaces

_KEPT_S = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was deleted: the run, and for each task with changes its files and lines and where the patch is kept."""

    run: str
    changes: tuple[str, ...]
    kept: str


def remove(folder: RunFolder, view: RunView, planned: Planned, *, discard: bool) -> Removed:
    """Delete a run that nobody owns; raise PlanError that lists its unlanded changes where *discard* was not said."""
    changed = [task for task in view.tasks if task.changes.files]
    lines = tuple(_said(task) for task in changed)
    if changed and not discard:
        raise PlanError(
            f"holds changes that are landed nowhere: {'; '.join(lines)}",
            where=folder.run,
            next_step="delete them all the same with --discard (patches are kept for 14 days)",
        )
    kept = _keep_patches(folder, changed)
    with suppress(Exception):  # the tree may be gone; the run folder goes all the same
        Workspaces(folder.run, folder.path, folder.home, read_tree(Path(planned.tree))).release()
    shutil.rmtree(folder.path)
    return Removed(run=folder.run, changes=lines, kept=str(kept) if changed else "")


def _said(task: TaskView) -> str:
    added = sum(change.insertions for change in task.changes.files)
    removed = sum(change.deletions for change in task.changes.files)
    names = ", ".join(change.path for change in task.changes.files[:5])
    more = f" and {len(task.changes.files) - 5} more" if len(task.changes.files) > 5 else ""
    return f"{task.id}: {names}{more} (+{added} -{removed})"


def _keep_patches(folder: RunFolder, changed: list[TaskView]) -> Path:
    shelf = folder.home / "discarded"
    if shelf.is_dir():
        for old in shelf.iterdir():
            if time.time() - old.stat().st_mtime > _KEPT_S:
                shutil.rmtree(old, ignore_errors=True)
    kept = shelf / folder.run
    for task in changed:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        if task.changes.patch:
            shutil.copyfile(folder.path / task.changes.patch, kept / f"{task.id}.patch")
    return kept
