"""A clean workspace on any commit of the run's repository, for a gate to run in."""

from __future__ import annotations

from pathlib import Path

from forkjoin.model import Place, Task, TaskId
from forkjoin.workspaces.opening import Record, open_workspace
from forkjoin.workspaces.removal import remove_folder
from forkjoin.workspaces.store import Store


def checked_out(store: Store, commit: str, *, home: Path, own: Path, carry: tuple[str, ...], lfs: bool) -> Place:
    """Return a workspace beside those of the run's tasks; *own* is the folder of what is written down about it."""
    task = Task(id=TaskId(f"land.{own.name}"), carry=carry, lfs=lfs)  # no task of a plan can be called so
    folder = home.resolve() / "workspaces" / store.run / str(task.id)
    remove_folder(folder)
    return open_workspace(store, task, commit, folder=folder, record=Record(folder=own / "workspace"))


def put_away(place: Place) -> None:
    """Remove it."""
    remove_folder(Path(place.root).parent)
