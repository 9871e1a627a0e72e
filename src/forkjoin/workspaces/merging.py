"""The base of a task that stands behind others: the run's base with their changes merged in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forkjoin.errors import ForkjoinError, listed
from forkjoin.model.text import spelled
from forkjoin.workspaces.big import big_in, changed_twice
from forkjoin.workspaces.changes import tree_path
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.store import Store

_OBJECT = re.compile(rb"[0-9a-f]{40,64}")


class MergeConflict(ForkjoinError):
    """The changes of predecessors do not merge; `files` are relative to the tree, sorted."""

    exit_code = 3
    word = "conflict"

    def __init__(self, files: Sequence[str]) -> None:
        shown = listed(files, 5, say=spelled)
        super().__init__(f"changes do not merge in {shown}; order the tasks with after: [...], or make them one task")
        self.files = tuple(files)


def merged(store: Store, base: str, commits: Sequence[str], *, name: str) -> str:
    """Return a commit of the run's repository: *base* with *commits* merged in, one after the other.

    Touches no index and no work tree. Raises MergeConflict.
    """
    ours = store.git()
    current = base
    for commit in commits:
        current = _joined(store, ours, current, commit)
    ours.out("update-ref", store.ref("merged", name), current)
    return current


def _joined(store: Store, ours: Git, current: str, commit: str) -> str:
    if ours.run("merge-base", "--is-ancestor", current, commit).code == 0:
        return commit
    if ours.run("merge-base", "--is-ancestor", commit, current).code == 0:
        return current
    if big := big_in(store, commit):
        before = ours.line("merge-base", current, commit)
        if twice := changed_twice(ours, before, current, commit, big):
            raise MergeConflict(sorted(tree_path(path, store.tree) for path in twice))
    arguments = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", current, commit)
    done = ours.run(*arguments)
    tree, *files = done.out.split(b"\0")
    # An exit code of 1 is a conflict only where a tree was written all the same.
    if done.code not in (0, 1) or _OBJECT.fullmatch(tree) is None:
        raise ours.failed(arguments, done)
    if done.code == 1:
        raise MergeConflict(sorted({tree_path(file, store.tree) for file in files if file}))
    said = "forkjoin: changes of the tasks before this one"
    return ours.line("commit-tree", tree.decode(), "-p", current, "-p", commit, "-m", said)
