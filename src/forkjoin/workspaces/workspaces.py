"""The workspaces of one run: opened, harvested, merged and removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forkjoin.errors import CannotHere, PlanError
from forkjoin.failpoints import reached
from forkjoin.model import Base, Changes, Place, RunId, Task, Tree
from forkjoin.workspaces import git
from forkjoin.workspaces.base import take_base
from forkjoin.workspaces.differing import changed_names, note_set_up
from forkjoin.workspaces.harvest import harvest
from forkjoin.workspaces.meddling import note_again, note_shared
from forkjoin.workspaces.merging import merged
from forkjoin.workspaces.once import fill, finish_once, once_name, open_once
from forkjoin.workspaces.opening import Record, open_shared, open_workspace
from forkjoin.workspaces.removal import remove_folder
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.taking import MOST_BYTES, MOST_FILES
from forkjoin.workspaces.worktrees import drop_worktree, drop_worktrees

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def separable(tree: Tree) -> bool:
    """Say whether each writer can be given a tree of its own here: a clone, or outside git a copy of a bounded size."""
    if not git.found():
        return False
    return tree.git is not None or (tree.total_bytes <= MOST_BYTES and len(tree.files) <= MOST_FILES)


class Workspaces:
    """Opens, harvests and removes the workspaces of one run; its calls block, and may come from several threads.

    Nothing is ever written into the tree, nor into its repository but hidden refs under `refs/forkjoin/<run>/`.
    """

    def __init__(self, run: RunId, run_folder: Path, home: Path, tree: Tree) -> None:
        self._run_folder = run_folder.resolve()
        self._folder = home.resolve() / "workspaces" / _safe(run)
        self._store = Store(run, self._run_folder / "git", tree)
        self._tree = tree

    def take_base(self, how: str = "snapshot", *, carried: Sequence[str] = ()) -> Base:
        """Fix what writers start from: `snapshot` (HEAD plus what is not committed), or a ref. Once per run.

        Raises PlanError for an unknown ref, CannotHere without git or with objects missing, NoRoom when too big.
        """
        git.program()
        return take_base(self._store, how, carried=carried)

    def open(self, task: Task, attempt: int, *, base: Base | str) -> Place:
        """Return where an attempt works: readers share the tree, writers get a clone or worktree, outside git a copy.

        *base* is what `take_base` or `merged` returned; readers need none. Raises CannotHere, NoRoom, PlanError,
        OSError.
        """
        if task.isolation == "shared" or task.shares_tree:
            if not task.reads_only:
                raise PlanError(
                    "a task that may write never shares the tree", where=f"{task.id}: isolation: shared",
                    next_step="take isolation: auto, or writes: []",
                )  # fmt: skip
            return open_shared(self._store, task)
        commit = base if isinstance(base, str) else base.commit
        folder = self._folder / f"{_safe(task.id)}-{attempt}"
        return open_workspace(self._store, task, commit, folder=folder, record=self._record(task, attempt))

    def open_again(self, task: Task, place: Place) -> Place:
        """Return, on the base it had, a workspace that was removed, where it was: sessions of agents go by the folder.

        Raises what `open` does.
        """
        folder, record = Path(place.root).parent, self._record(task, _opened_by(place))
        before = record.shared.read_bytes() if record.shared.exists() else b""
        again = open_workspace(self._store, task, place.base, folder=folder, record=record)
        if before:
            note_again(self._store, record.shared, before=before)
        return again

    def go_on(self, task: Task, place: Place) -> None:
        """Take note that another attempt begins in a workspace as an earlier one left it."""
        record = self._record(task, _opened_by(place))
        if record.shared.exists():
            note_again(self._store, record.shared)

    def open_once(self, task: Task, *, base: Base) -> tuple[Place, bool]:
        """Return the tree that the task's `setup_once` fills, and whether it has been filled already."""
        name = once_name(task)
        return open_once(self._store, base.commit, folder=self._folder / name, record=self._once_record(name))

    def finish_once(self, task: Task) -> None:
        """Remember that `setup_once` has ended well."""
        finish_once(self._once_record(once_name(task)))

    def fill(self, task: Task, place: Place, once: Place) -> None:
        """Copy into a workspace what `setup_once` made in its tree."""
        fill(self._store, once, place, record=self._once_record(once_name(task)))

    def changed(self, task: Task, place: Place) -> frozenset[str]:
        """Return the files that differ by now, relative to the tree, while an attempt still works."""
        return changed_names(self._store, place, record=self._record(task, _opened_by(place)))

    def note_set_up(self, task: Task, place: Place) -> None:
        """Remember how the set-up left the workspace: from here on what changes is the agent's work."""
        record = self._record(task, _opened_by(place))
        note_set_up(self._store, place, record=record)
        if record.shared.exists():
            note_shared(self._store, record.shared)

    def merged(self, base: str, commits: Sequence[str], *, name: str) -> str:
        """Return a commit with the harvested *commits* merged into *base*; raise MergeConflict with the files."""
        return merged(self._store, base, commits, name=_safe(name))

    def harvest(self, task: Task, attempt: int, place: Place) -> Changes:
        """Return what the attempt changed: files whose bytes or modes differ from what it was given. Repeatable.

        In the workspace of an earlier attempt: all that was changed there since it was opened. A shared place has no
        changes. Raises CannotHere where the workspace is gone, NoRoom when too big.
        """
        if place.kind == "shared":
            return Changes()
        record = self._record(task, _opened_by(place))
        ref = self._store.ref("task", _safe(task.id), str(attempt))
        patch = self._record(task, attempt).folder.with_name("changes.patch")
        return harvest(self._store, task, place, record=record, ref=ref, patch=patch)

    def discard(self, place: Place) -> None:
        """Remove a workspace with all that is in it; the user's tree and what is not ours is never touched."""
        if place.kind == "shared":
            return
        folder = Path(place.root).parent
        if folder.parent != self._folder or _NAME.fullmatch(folder.name) is None:
            raise CannotHere(f"{place.root} is no workspace of this run; it was left alone")
        reached("discard.before")
        remove_folder(folder)
        if place.kind == "worktree":
            drop_worktree(self._store, Path(place.root))
        reached("discard.after")

    def release(self) -> None:
        """Remove every workspace of the run, and from the user's repository its hidden refs and worktrees."""
        if self._folder.exists():
            remove_folder(self._folder)
        if self._tree.git is None:
            return
        drop_worktrees(Path(self._tree.git.common_dir), self._folder.parent.parent, self._folder.name)
        reached("release.refs")
        user = git.of_user(Path(self._tree.git.top))
        names = user.out("for-each-ref", "--format=%(refname)", f"{self._store.ref()}/").split()
        user.out("update-ref", "--stdin", stdin=b"".join(b"delete %s\n" % name for name in names))

    def _once_record(self, name: str) -> Record:
        return Record(folder=self._run_folder / "once" / name)

    def _record(self, task: Task, attempt: int) -> Record:
        return Record(folder=self._run_folder / "tasks" / _safe(task.id) / str(attempt) / "workspace")


def _opened_by(place: Place) -> int:
    """Return the attempt that opened a workspace: its folder bears its number."""
    return int(Path(place.root).parent.name.rpartition("-")[2])


def _safe(name: str) -> str:
    """Return a name that is to be part of a path or a ref; raise PlanError where it cannot be one."""
    if _NAME.fullmatch(name) is None or ".." in name or name.endswith((".lock", ".")):
        raise PlanError(f"{name!r} cannot name a folder", next_step="use letters, digits and dashes")
    return name
