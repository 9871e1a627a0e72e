"""The workspaces of one run: the tree is read and the base is taken when the first writer needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from msgspec.structs import replace

from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.settling import said
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import ForkjoinError, listed
from forkjoin.model import Base, Blocked, Changes, Failed, FailureKind, Place, Planned, Task
from forkjoin.model.text import spelled
from forkjoin.sources import read_tree
from forkjoin.workspaces import MergeConflict, Workspaces


class Workshop:
    """Opens, harvests and discards; its methods block, and are called from several threads at once."""

    def __init__(
        self, planned: Planned, folder: RunFolder, *, base: Base | None, taken: Callable[[Base], None]
    ) -> None:
        self._planned, self._folder, self._taken = planned, folder, taken
        self._workspaces: Workspaces | None = None
        self._lock = Lock()
        self.base = base

    def open(self, task: Task, attempt: int, commits: Sequence[str]) -> Place:
        """Return a fresh workspace on the base with *commits* merged in; raise MergeConflict where they do not merge.

        Raises what `Workspaces.open` and `Workspaces.take_base` do.
        """
        workspaces, base = self._at_hand()
        start_from: Base | str = base
        if commits:
            start_from = workspaces.merged(base.commit, commits, name=f"{task.id}-{attempt}")
        # A reader behind writers needs their changes, so the user's tree is not what it must see.
        apart = task.isolation == "worktree" or not task.reads_only
        asked = task if apart else replace(task, isolation="clone")
        return workspaces.open(asked, attempt, base=start_from)

    def open_again(self, task: Task, place: Place) -> tuple[Place, bool]:
        """Return the workspace of an earlier attempt, and whether it is as that left it; else it is made anew there.

        Raises what `Workspaces.open` does.
        """
        if Path(place.root).is_dir():
            self._made().go_on(task, place)
            return place, True
        workspaces, _ = self._at_hand()
        return workspaces.open_again(task, place), False

    def opened(self, task: Task, attempt: int, given: Given) -> tuple[Place | Blocked | Failed, bool]:
        """Return a workspace on what predecessors gave, or why there is none; and whether it is as it was left.

        One that goes on from an earlier attempt has that one's.
        """
        try:
            if given.goes_on is not None and given.goes_on.place is not None:
                return self.open_again(task, given.goes_on.place)
            return self.open(task, attempt, given.commits), False
        except MergeConflict as conflict:
            files = listed(conflict.files, 5, say=spelled)
            return Blocked(by=given.by, reason=f"their changes do not merge: {files}"), False
        except Exception as error:
            kind: FailureKind = "workspace" if isinstance(error, OSError | ForkjoinError) else "setup"
            return Failed(kind=kind, reason=said(error)), False

    def open_once(self, task: Task) -> tuple[Place, bool]:
        """Return the tree that `setup_once` fills, and whether it has been filled already."""
        workspaces, base = self._at_hand()
        return workspaces.open_once(task, base=base)

    def finish_once(self, task: Task) -> None:
        """Remember that `setup_once` has ended well."""
        self._made().finish_once(task)

    def fill(self, task: Task, place: Place) -> None:
        """Copy what `setup_once` made into a workspace."""
        once, _ = self.open_once(task)
        self._made().fill(task, place, once)

    def changed(self, task: Task, place: Place) -> frozenset[str]:
        """Return what an attempt that still works has changed by now."""
        return self._made().changed(task, place)

    def ready(self, task: Task, place: Place) -> None:
        """Remember how the set-up left a workspace."""
        self._made().note_set_up(task, place)

    def harvest(self, task: Task, attempt: int, place: Place) -> Changes:
        """Return what the attempt changed."""
        return self._made().harvest(task, attempt, place)

    def discard(self, place: Place) -> None:
        """Remove a workspace."""
        self._made().discard(place)

    def _at_hand(self) -> tuple[Workspaces, Base]:
        workspaces = self._made()
        with self._lock:
            if self.base is None:
                self.base = workspaces.take_base(self._planned.options.base, carried=self._carried())
                self._taken(self.base)
            return workspaces, self.base

    def _carried(self) -> list[str]:
        return [glob for task in self._planned.plan.tasks for glob in task.carry]

    def _made(self) -> Workspaces:
        with self._lock:
            if self._workspaces is None:
                tree = read_tree(Path(self._planned.tree), without=self._folder.home)
                self._workspaces = Workspaces(self._planned.run, self._folder.path, self._folder.home, tree)
            return self._workspaces
