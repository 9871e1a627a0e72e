"""A commit of the user's work tree as it stands, without a trace in their repository."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from forkjoin.model import GitTree
from forkjoin.workspaces.git import Git, of_user, private
from forkjoin.workspaces.listing import listing
from forkjoin.workspaces.store import Store, make_repository, remove_repository
from forkjoin.workspaces.streaming import STREAMED
from forkjoin.workspaces.taking import left_out, take_in

_USERS_WAYS: Final = ("autocrlf", "eol", "symlinks", "filemode", "ignorecase", "precomposeunicode")

# An agent reads this in `git log`, and may take it for a commit of the project.
_SUBJECT: Final = "forkjoin: uncommitted changes of the user, as the run found them"
_TOLD: Final = (
    "Made for the workspaces of one run: the task starts from here. It is no part of the project's history and is never"
    " landed, so do not amend or revert it, and leave it out of release notes."
)


def snapshot(store: Store, repository: GitTree) -> tuple[str, str]:
    """Return a commit of HEAD plus what is not committed, and the line that says so.

    Tracked files are taken as they are now, new ones unless ignored. Raises NoRoom where that is too much.
    """
    top, ours = Path(repository.top), store.git()
    with _users_view(store, repository) as git:
        found = listing(git, top)
        found.leave_out(store.beside)
        take_in(git, top, found)
        tree = git.line("write-tree")
    old = ours.line("rev-parse", f"{repository.head}^{{tree}}") if repository.head else ""
    if tree == old:
        return repository.head, f"base: HEAD {repository.head[:7]}{left_out(found)}"
    parents = ("-p", repository.head) if repository.head else ()
    commit = ours.line("commit-tree", tree, *parents, "-m", _SUBJECT, "-m", _TOLD)
    # What the user has staged lies in their object store, where no ref holds it: take it along.
    wanted = f"{commit}\n" + (f"^{repository.head}\n" if repository.head else "")
    ours.out("pack-objects", "-q", "--revs", str(store.objects / "pack" / "pack"), stdin=wanted.encode())
    return commit, _said(ours, repository.head, commit) + left_out(found)


@contextmanager
def _users_view(store: Store, repository: GitTree) -> Iterator[Git]:
    """Give git on a copy of the user's index, that converts line ends as theirs does and runs none of their filters."""
    scratch = store.path.with_name("snapshot.git")
    remove_repository(scratch)
    user, home = store.settings(), Path(of_user(Path(repository.top)).line("rev-parse", "--absolute-git-dir"))
    settings = {f"core.{name}": user[f"core.{name}"] for name in _USERS_WAYS if f"core.{name}" in user}
    settings |= {
        "core.sparseCheckout": "true",
        "core.safecrlf": "false",
        "core.attributesFile": os.devnull,
        "core.fsyncMethod": "batch",
        "core.looseCompression": "1",
        "core.bigFileThreshold": str(STREAMED),  # from there on straight into a pack, as they are
        "pack.compression": "0",
    }
    if "core.excludesfile" in user:
        settings["core.excludesFile"] = user["core.excludesfile"]
    info = Path(repository.common_dir) / "info"
    attributes, exclude = _text(info / "attributes"), _text(info / "exclude")
    make_repository(scratch, settings | store.object_format(), attributes=f"{attributes}\n* -filter\n", exclude=exclude)
    index = scratch / "index"
    try:
        _copy_index(home, scratch)
        git = private(scratch, tree=Path(repository.top), index=index, objects=store.objects)
        if not index.exists() and repository.head:
            git.out("read-tree", repository.head)
        yield git
    finally:
        remove_repository(scratch)


def _copy_index(home: Path, scratch: Path) -> None:
    # The time of the index comes along: git trusts no entry that is as young as the index itself.
    for path in (home / "index", *home.glob("sharedindex.*")):
        with suppress(FileNotFoundError):
            shutil.copy2(path, scratch / path.name)


def _said(ours: Git, head: str, commit: str) -> str:
    if head:
        out = ours.out("diff-tree", "-r", "-z", "--no-renames", "--name-status", head, commit)
        letters = Counter(out.split(b"\0")[:-1:2])
    else:
        letters = Counter({b"A": ours.out("ls-tree", "-r", "-z", "--name-only", commit).count(b"\0")})
    new = letters.pop(b"A", 0)
    changed = letters.total()
    parts = [f"{changed} changed"] if changed else []
    parts += [f"{new} new"] if new else []
    start = f"HEAD {head[:7]}" if head else "no commit yet"
    return f"base: {start} plus {' and '.join(parts)} file{'s' if (new or changed) != 1 else ''}"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
