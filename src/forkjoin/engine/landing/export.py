"""Changes written as patches that `git am` takes: the commits that a landing would make, each in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forkjoin.engine.landing.asked import LandAsk
from forkjoin.engine.landing.choosing import Candidate, chosen
from forkjoin.engine.landing.combining import Combining
from forkjoin.engine.landing.committing import Committing
from forkjoin.engine.landing.land import landing_store
from forkjoin.engine.landing.unsaved import unsaved
from forkjoin.engine.records.noting import note
from forkjoin.engine.records.reader import RunReader
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Exported, LandedTask, LeftOut, Planned
from forkjoin.workspaces.landing import Replay, Writer, patch_files, stands_at
from forkjoin.workspaces.store import Store


@dataclass(frozen=True, kw_only=True)
class ExportedPatches:
    """The folder, the files in it (in the order to apply them), whose changes they are, and what was left out."""

    folder: str
    files: tuple[str, ...]
    tasks: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def export_patches(run: RunReader, target: Path, *, tasks: Sequence[str] = ()) -> ExportedPatches:
    """Write the changes of *tasks* (none: all that completed) into *target*, a new or empty folder.

    They apply to HEAD, one behind the other. Named tasks are taken whatever became of them; what does not merge is left
    out and said. Raises PlanError for a folder with something in it, or a run that is not over.
    """
    view, planned = run.view(), run.planned
    if view.ended is None:
        raise PlanError("is not over", where=f"run {view.run}", next_step=f"wait for it: forkjoin wait {view.run}")
    store = landing_store(run.folder, planned)
    if store.tree.git is None:
        raise CannotHere(f"{planned.tree} is no git repository; take the changes with: forkjoin diff TASK | git apply")
    _refuse_filled(target)
    found = chosen(view, LandAsk(tasks=tuple(tasks), accept=tuple(tasks), violations="accept"), landed=())
    replay, start = Replay(store), stands_at(store.top, "HEAD")
    combining = Combining(
        replay, replay.tree_of(start), view.tasks, unsaved=cache(lambda: unsaved(run.events(), replay, store.top))
    )
    combined = combining.together(found.candidates)
    tip = _committed(store, planned, replay, combined.steps, start=start)
    target.mkdir(parents=True, exist_ok=True)
    files = patch_files(store, start, tip, target) if tip != start else ()
    done = tuple(LandedTask(task=one.id, attempt=one.task.attempt) for one, _ in combined.steps)
    if done:
        note(run.folder / "journal.db", [Exported(tasks=done, folder=str(target.resolve()))])
    left_out = (*found.left_out, *combined.left_out)
    return ExportedPatches(
        folder=str(target), files=files, tasks=tuple(one.task for one in done), left_out=tuple(left_out)
    )


def _refuse_filled(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PlanError("is there already", where=f"--patches {target}", next_step="name a new or an empty folder")


def _committed(
    store: Store, planned: Planned, replay: Replay, steps: Sequence[tuple[Candidate, str]], *, start: str
) -> str:
    writer = Writer(store)
    writer.refuse_nobody()
    committing = Committing(replay, writer, planned.plan, store.run, signed=False)
    tip, before = start, replay.tree_of(start)
    for candidate, tree in steps:
        if tree != before:
            tip = committing.committed(candidate, parent=tip, before=before, after=tree).tip
        before = tree
    return tip
