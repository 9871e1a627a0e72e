"""A worktree of the user's repository as a workspace: made behind a lock, and known as ours by its name and its place.

Its files are put there as those of a clone, and its changes are found so too. But its refs, stash, settings and hooks
are the user's own: what is written there holds in the user's checkout too (`meddling.py` looks for that).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from forkjoin.errors import CannotHere
from forkjoin.failpoints import reached
from forkjoin.workspaces.git import of_user
from forkjoin.workspaces.handing import hand_over
from forkjoin.workspaces.store import Store

OURS: Final = "forkjoin-"  # how the names of our worktrees begin
_PATIENCE_S: Final = 120.0
# Paths as they are: with relative ones git would write a setting into the user's repository.
_ABSOLUTE: Final = ("-c", "worktree.useRelativePaths=false")


def add_worktree(store: Store, root: Path, commit: str) -> Path:
    """Make *root* a worktree of the user's repository, detached at *commit*, without files; return its git folder.

    What an interrupted creation of it left goes first. Raises CannotHere where git cannot make it.
    """
    name, common = _name(store, root), _common(store)
    user = of_user(store.top)
    head = store.tree.git.head if store.tree.git else ""
    with _alone(common):
        hand_over(store, [commit], [head])
        reached("worktree.objects")
        _forget(common / "worktrees" / name, ours=root.parent)
        # Its name in the repository is the last part of the path it is made at, so it moves to *root* afterwards.
        beside = root.with_name(name)
        reason = f"forkjoin: run {store.run}; it goes with forkjoin rm {store.run}"
        words = ("worktree", "add", "-q", "--detach", "--no-checkout", "--lock", "--reason", reason)
        user.out(*_ABSOLUTE, *words, str(beside), commit)
        reached("worktree.added")
        root.rmdir()
        user.out(*_ABSOLUTE, "worktree", "move", "-f", "-f", str(beside), str(root))
    admin = admin_of(store, root)
    if _leads_to(admin) != root / ".git":
        raise CannotHere(f"{admin} is not the worktree {root}; look at: git worktree list")
    root.chmod(0o700)
    reached("worktree.moved")
    return admin


def admin_of(store: Store, root: Path) -> Path:
    """Return the folder in the user's repository in which git keeps a worktree's HEAD and index."""
    return _common(store) / "worktrees" / _name(store, root)


def drop_worktree(store: Store, root: Path) -> None:
    """Remove what the user's repository has of a worktree of ours; its files are not touched."""
    reached("worktree.drop")
    with _alone(_common(store)):
        _forget(admin_of(store, root), ours=root.parent)


def drop_worktrees(common: Path, home: Path, run: str) -> None:
    """Remove what a repository has of all worktrees of a run, whole or half made; their files are not touched."""
    if found := _of_run(common, home, run):
        with _alone(common):
            for admin in found:
                reached("worktree.release")
                _forget(admin, ours=home / "workspaces" / run)


def worktrees_alone(common: Path, home: Path, known: frozenset[str]) -> dict[Path, str]:
    """Return what a repository has of worktrees whose files lay in *home* and whose run is not among the *known*."""
    shelf, found = home / "workspaces", dict[Path, str]()
    for admin in _ours(common):
        leads = _leads_to(admin)
        if leads is not None and leads.is_relative_to(shelf):
            run = leads.relative_to(shelf).parts[0]
            if run not in known and not leads.exists():
                found[admin] = run
    return found


def _of_run(common: Path, home: Path, run: str) -> list[Path]:
    shelf = home / "workspaces" / run
    own = [admin for admin in _ours(common) if admin.name.startswith(f"{OURS}{run}-")]
    return [admin for admin in own if _is_ours(admin, shelf)]


def _ours(common: Path) -> list[Path]:
    return sorted((common / "worktrees").glob(f"{OURS}*"))


def _forget(admin: Path, *, ours: Path) -> None:
    if not os.path.lexists(admin):
        return
    if not _is_ours(admin, ours):
        raise CannotHere(f"{admin} is a worktree that lies elsewhere than in {ours}; it was left alone")
    shutil.rmtree(admin)
    with suppress(OSError):  # as git does; others may be there
        admin.parent.rmdir()


def _is_ours(admin: Path, shelf: Path) -> bool:
    """Whether git's folder is a real one, and its files lie below *shelf*; one half made may not say yet where."""
    if admin.is_symlink() or not admin.is_dir():
        return False
    leads = _leads_to(admin)
    return leads is None or leads.is_relative_to(shelf)


def _leads_to(admin: Path) -> Path | None:
    with suppress(OSError):
        return Path(os.fsdecode((admin / "gitdir").read_bytes().removesuffix(b"\n")))
    return None


def _name(store: Store, root: Path) -> str:
    return f"{OURS}{store.run}-{root.parent.name}"


def _common(store: Store) -> Path:
    if store.tree.git is None:
        raise CannotHere(f"{store.top} is no git repository, so it has no worktrees; take isolation: auto")
    return Path(store.tree.git.common_dir)


@contextmanager
def _alone(common: Path) -> Iterator[None]:
    """Hold the lock of a repository's worktrees: of sixteen that git makes at once most fail.

    It is a lock on the folder itself, so nothing is written for it, and every forkjoin on the machine knows it.
    """
    until = time.monotonic() + _PATIENCE_S
    handle = os.open(common, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise CannotHere(f"another forkjoin has held the worktrees of {common} for long") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(handle)
