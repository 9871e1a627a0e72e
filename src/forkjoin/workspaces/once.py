"""One tree that a command fills once for the whole run, and what it made there copied into each workspace."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from forkjoin.errors import CannotHere
from forkjoin.model import Place, Task, TaskId, to_json
from forkjoin.workspaces.carrying import copied_into, removed_from
from forkjoin.workspaces.differing import files_below
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.listing import listing
from forkjoin.workspaces.opening import Record, open_workspace
from forkjoin.workspaces.store import Store

_TASK = Task(id=TaskId("once"))


def once_name(task: Task) -> str:
    """Return the name of the tree that a task's `setup_once` fills: one for each command and environment."""
    said = to_json({"setup_once": task.setup_once, "env": task.env})
    return f"once.{hashlib.sha256(said).hexdigest()[:16]}"


def open_once(store: Store, commit: str, *, folder: Path, record: Record) -> tuple[Place, bool]:
    """Return the tree, and whether its command has ended well in it already; else it is made anew."""
    if record.carried.exists() and _done(record).exists():
        root = folder / (store.top.name or "tree")
        home = root / (store.tree.git.subdir if store.tree.git else "")
        return Place(kind="clone" if store.tree.git else "copy", root=str(root), cwd=str(home), base=commit), True
    record.carried.unlink(missing_ok=True)  # what an interrupted set-up left is made again
    return open_workspace(store, _TASK, commit, folder=folder, record=record), False


def finish_once(record: Record) -> None:
    """Remember that the command has ended well."""
    _done(record).touch()
    flush([_done(record)])


def fill(store: Store, once: Place, place: Place, *, record: Record) -> None:
    """Make in a workspace all that differs in the tree from its base, ignored files too; raise CannotHere if not."""
    source, target = Path(once.root), Path(place.root)
    found = listing(store.git(tree=source, index=record.index), source, exclude=())
    names = [*found.present, *(path for folder in found.nested for path, _ in files_below(source, folder))]
    carried = set(record.carried.read_bytes().split(b"\0"))
    top = os.fsencode(target) + b"/"
    for path in sorted(found.gone):
        removed_from(top, path)
    for path in sorted(set(names) - carried):
        if not copied_into(os.fsencode(source) + b"/" + path, top, path):
            raise CannotHere(f"{path.decode(errors='replace')} of {source} lies behind a link in {target}")


def _done(record: Record) -> Path:
    return record.folder / "done"
