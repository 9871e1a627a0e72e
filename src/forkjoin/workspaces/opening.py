"""A workspace opened: the base's files, a repository of its own on the base's objects, and what the task carries."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from forkjoin.errors import CannotHere, PlanError
from forkjoin.failpoints import reached
from forkjoin.model import Place, PlaceKind, Task, path_bytes, path_text
from forkjoin.model.text import spelled
from forkjoin.private import make_folder
from forkjoin.workspaces.carrying import carry
from forkjoin.workspaces.cloning import own_repository
from forkjoin.workspaces.copies import restore
from forkjoin.workspaces.git import Git, private
from forkjoin.workspaces.lfs import bring, hide_from_its_git
from forkjoin.workspaces.listing import listing
from forkjoin.workspaces.meddling import note_shared
from forkjoin.workspaces.removal import remove_folder
from forkjoin.workspaces.sparse import WHOLE, cone_of
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.worktrees import add_worktree, admin_of, drop_worktree


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is remembered of a workspace where its agent cannot reach: its index, and the files carried into it."""

    folder: Path

    @property
    def index(self) -> Path:
        """The index as it was when the agent started."""
        return self.folder / "index"

    @property
    def carried(self) -> Path:
        """The names of carried files, NUL between them; written last: it says that the workspace is whole."""
        return self.folder / "carried"

    @property
    def set_up(self) -> Path:
        """How each file stood that the set-up made different from the base: a state and a name, NUL between them."""
        return self.folder / "set-up"

    @property
    def sparse(self) -> Path:
        """What was written out, where that is not all."""
        return self.folder / "sparse"

    @property
    def ignored(self) -> Path:
        """Which ignored files count as changes, globs with NUL between them."""
        return self.folder / "ignored"

    @property
    def lfs(self) -> Path:
        """The LFS files whose content was brought, NUL between them."""
        return self.folder / "lfs"

    @property
    def shared(self) -> Path:
        """How the user's repository stood, where the workspace is a worktree of it."""
        return self.folder / "shared"


def open_shared(store: Store, task: Task) -> Place:
    """Return the user's own tree, for a task that writes nothing."""
    root = Path(store.tree.root)
    return Place(kind="shared", root=str(root), cwd=str(_inside(root, root, task.cwd)))


def open_workspace(store: Store, task: Task, commit: str, *, folder: Path, record: Record) -> Place:
    """Make the workspace *folder*/<name of the tree> on *commit*; whatever fails, nothing of it is left.

    Raises CannotHere where it cannot be made or is there already, PlanError where the task's `cwd` is not in it.
    """
    if folder.exists():
        if record.carried.exists():
            raise CannotHere(f"the workspace {folder} is there already; look at it, then delete it")
        remove_folder(folder)  # what an interrupted creation left; of a worktree the rest goes when it is made anew
    root = folder / (store.top.name or "tree")
    make_folder(folder)
    root.mkdir(mode=0o700)
    reached("workspace.folder")
    make_folder(record.folder)
    try:
        return _opened(store, task, commit, root=root, record=record)
    except BaseException:
        remove_folder(folder)
        if task.isolation == "worktree" and store.tree.git:
            drop_worktree(store, root)
        raise


def _opened(store: Store, task: Task, commit: str, *, root: Path, record: Record) -> Place:
    for left in (record.index, record.set_up, record.sparse, record.ignored, record.lfs, record.shared):
        left.unlink(missing_ok=True)
    if task.keep_ignored:
        record.ignored.write_bytes(b"\0".join(map(path_bytes, task.keep_ignored)))
    kind = _kind(store, task)
    notes = _FILLED[kind](store, task, commit, root, record)
    reached("workspace.files")
    _check(store.git(tree=root, index=record.index), root, commit)
    if task.lfs and kind != "copy":
        notes += _with_lfs(store, root, record)
    carried = carry(store, task, root, folder=record.folder, index=record.index)
    home = root / (store.tree.git.subdir if store.tree.git else "")
    cwd = _inside(root, home, task.cwd)
    if kind == "worktree":
        note_shared(store, record.shared)
    record.carried.write_bytes(b"\0".join(carried))
    reached("workspace.open")
    return Place(kind=kind, root=str(root), cwd=str(cwd), base=commit, notes=notes)


def _kind(store: Store, task: Task) -> PlaceKind:
    if task.isolation == "worktree":
        return "worktree"
    return "clone" if store.tree.git else "copy"


def _cloned(store: Store, task: Task, commit: str, root: Path, record: Record) -> tuple[str, ...]:
    subdir = store.tree.git.subdir if store.tree.git else ""
    cone = cone_of(task, subdir) if task.sparse else WHOLE
    own_repository(store, root / ".git", commit, cone)
    reached("workspace.repository")
    git = store.git(tree=root, index=record.index)
    if not cone.everything:
        record.sparse.write_bytes(cone.patterns())
        # Its own repository, which no agent has had yet, says what is to be written out.
        git = private(root / ".git", tree=root, index=record.index)
    git.out("read-tree", "--reset", "-u", commit)
    if not cone.everything:
        (root / subdir).mkdir(parents=True, exist_ok=True)  # it may hold nothing that was written out
    shutil.copy2(record.index, root / ".git" / "index")
    return (cone.said(),) if task.sparse else ()


def _as_worktree(store: Store, task: Task, commit: str, root: Path, record: Record) -> tuple[str, ...]:
    """Fill a worktree as a clone is filled: no filter runs, no line end is converted, and no hook."""
    admin = add_worktree(store, root, commit)
    store.git(tree=root, index=record.index).out("read-tree", "--reset", "-u", commit)
    shutil.copy2(record.index, admin / "index")
    whole = ("sparse: a worktree is written out whole, for git keeps what is not in the user's settings",)
    return (_SHARES, *(whole if task.sparse else ()))


def _with_lfs(store: Store, root: Path, record: Record) -> tuple[str, ...]:
    brought = bring(store, root, index=record.index, scratch=record.folder / "attributes")
    record.lfs.write_bytes(b"\0".join(brought.rows))
    record.set_up.write_bytes(b"\0".join(b"%s %s" % (state, path) for path, state in brought.rows.items()))
    hide_from_its_git(store.git(tree=root, index=own_index(store, root)), list(brought.rows))
    return (brought.note,) if brought.note else ()


def _copied(store: Store, task: Task, commit: str, root: Path, record: Record) -> tuple[str, ...]:
    git = store.git(tree=root, index=record.index)
    git.out("read-tree", "--reset", "-u", commit)
    restore(store, root, commit)
    git.run("update-index", "-q", "--refresh")
    return ("sparse: outside git all is copied",) if task.sparse else ()


_FILLED: Final[dict[str, Callable[[Store, Task, str, Path, Record], tuple[str, ...]]]] = {
    "clone": _cloned, "copy": _copied, "worktree": _as_worktree,
}  # fmt: skip
_SHARES: Final = (
    "this is a git worktree of the user's repository, HEAD is detached: settings, hooks, refs and the stash are the "
    "user's own and shared with others; do not change them"
)


def own_index(store: Store, root: Path) -> Path:
    """Return the index that the workspace's own git uses; an agent may have put anything there."""
    own = root / ".git"
    return (own if own.is_dir() else admin_of(store, root)) / "index"


def _check(git: Git, root: Path, commit: str) -> None:
    """Compare the workspace with its base: a checkout that printed errors may well have exited with 0."""
    found = listing(git, root, exclude=())
    if not found.empty:
        names = sorted((*found.gone, *found.present))[:5]
        shown = ", ".join(spelled(path_text(name)) for name in names)
        raise CannotHere(
            f"the workspace {root} is not as its base {commit[:7]}: {shown}; names that differ only by case?"
        )


def _inside(root: Path, home: Path, cwd: str) -> Path:
    """Return the folder where the agent starts; raise PlanError where it is not one of the workspace's."""
    folder = home / PurePosixPath(cwd)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise PlanError(f"cwd {cwd!r} leaves the tree", where="cwd", next_step="name a folder in it")
    if not folder.is_dir():
        raise PlanError(
            f"cwd {cwd!r} is no folder of the base", where="cwd", next_step="name one that is there when the run starts"
        )
    return folder
