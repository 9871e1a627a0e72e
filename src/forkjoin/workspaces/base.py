"""What writers start from: a commit that is fixed for the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from forkjoin.errors import CannotHere, PlanError
from forkjoin.failpoints import reached
from forkjoin.model import Base, GitTree
from forkjoin.workspaces.copies import copied
from forkjoin.workspaces.git import GitFailed, of_user
from forkjoin.workspaces.needed import not_carried
from forkjoin.workspaces.snapshot import snapshot
from forkjoin.workspaces.store import Store


def take_base(store: Store, how: str, *, carried: Sequence[str] = ()) -> Base:
    """Fix what writers start from: `snapshot`, or a ref of the user's repository; outside git a copy of the tree.

    *carried* are the globs of what tasks carry: ignored files that look needed and are not among them are named.

    Raises PlanError for a ref that does not exist, CannotHere where objects are missing, NoRoom where it is too big.
    """
    repository = store.tree.git
    if repository is None:
        if how not in ("snapshot", "copy"):
            raise PlanError(f"{store.tree.root} is no git repository, so there is no {how!r} to start from")
        base = copied(store)
        store.names.flush()
        return base
    head = repository.head if how == "snapshot" else _pinned(repository, how)
    _refuse_partial(repository, head)
    reached("base.before")
    kept = _keep(store, repository, head)
    reached("base.kept")
    commit, note = snapshot(store, repository) if how == "snapshot" else (head, f"base: {how} {head[:7]}")
    reached("base.snapshot")
    store.git().out("update-ref", store.ref("base"), commit)
    store.names.flush()
    reached("base.taken")
    note += _not_as_at_home(repository) + not_carried(store, carried)
    return Base(kind="snapshot" if how == "snapshot" else "head", commit=commit, ref=kept, note=note)


def _pinned(repository: GitTree, how: str) -> str:
    user = of_user(Path(repository.top))
    done = user.run("rev-parse", "-q", "--verify", "--end-of-options", f"{how}^{{commit}}")
    if done.code != 0:
        raise PlanError(
            f"there is no commit {how!r} in {repository.top}",
            where="from",
            next_step="name a branch, a tag or a commit",
        )
    return done.out.decode().strip()


def _keep(store: Store, repository: GitTree, head: str) -> str:
    """Keep the user's commit alive by a hidden ref, the one thing that is written into their repository."""
    if not head:
        return ""
    name = store.ref("base")
    try:
        of_user(Path(repository.top)).out("update-ref", name, head)
    except GitFailed:
        # Read-only, then: the base lives as long as the user's own refs hold it.
        return ""
    return name


def _refuse_partial(repository: GitTree, head: str) -> None:
    """A checkout with objects missing prints errors and exits 0: refuse what promises to fetch objects later.

    They are not fetched from here: docs/decisions/0033.
    """
    user = of_user(Path(repository.top))
    if user.run("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$").code != 0:
        return
    if not head:
        return
    done = user.run("rev-list", "--objects", "--no-walk", "--missing=print", head)
    missing = sum(line.startswith(b"?") for line in done.out.split(b"\n"))
    if done.code != 0 or missing:
        raise CannotHere(
            f"{repository.top} is a partial clone that lacks {missing or 'some'} object{'s' * (missing != 1)} "
            f"of {head[:7]}; fetch first: git -C {repository.top} fetch --refetch --no-filter"
        )


def _not_as_at_home(repository: GitTree) -> str:
    top, notes = Path(repository.top), ""
    if (top / ".gitmodules").is_file():
        notes += "; submodules are empty folders in workspaces"
    with suppress(OSError):
        if b"filter=lfs" in (top / ".gitattributes").read_bytes():
            notes += "; LFS files are pointers in workspaces (lfs: true brings what the local store has)"
    return notes
