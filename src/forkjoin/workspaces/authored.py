"""The commits that an agent made in its clone, kept with their authors and messages beside what its files say.

Its repository is never used as one: where its branch stands is read as a text, and git reads the objects from a
repository of ours that has the agent's object store behind it. Objects are data; nothing among them is ever run.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Final

from forkjoin.errors import CannotHere, ForkjoinError
from forkjoin.model import Authored, Place
from forkjoin.workspaces.git import Git, private
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.taking import MOST_BYTES
from forkjoin.workspaces.worktrees import admin_of

MOST_COMMITS: Final = 1000
_ID: Final = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF: Final = re.compile(rb"ref: (refs/heads/[^\0\n]{1,1000})")
_LARGEST: Final = 16 * 1024 * 1024  # of a file that says where a branch stands
_SHORT, _LONG = 300, 10_000  # characters of an author, of a message
_FIELDS: Final = "%H%x00%an <%ae>%x00%at%x00%B%x00"


def authored(store: Store, place: Place, *, ref: str) -> tuple[tuple[Authored, ...], str]:
    """Return the commits between the base and where the clone's HEAD stands, oldest first, kept under *ref*.

    The second part says why they could not be kept, "" where they could or where there are none.
    """
    if not place.in_git:
        return (), ""
    try:
        if place.kind == "worktree":
            head = _head(admin_of(store, Path(place.root)), refs=store.alternates()[0].parent)
        else:
            head = _head(Path(place.root, ".git"))
        if not head or head == place.base:
            return (), ""
        return _taken(store, place, head, ref=ref), ""
    except (ForkjoinError, OSError, ValueError) as error:
        return (), f"commits made in the workspace could not be kept ({error}); its files were"


def _taken(store: Store, place: Place, head: str, *, ref: str) -> tuple[Authored, ...]:
    # A worktree's objects are in the user's store, which is behind the run's anyway.
    theirs = store.alternates()[0] if place.kind == "worktree" else Path(place.root, ".git", "objects")
    if not stat.S_ISDIR(theirs.lstat().st_mode):
        raise CannotHere(f"{theirs} is no folder")
    store.git()
    git = private(store.path, behind=theirs)
    if git.run("merge-base", "--is-ancestor", head, place.base).code == 0:
        return ()  # the branch was moved back: nothing is new
    found = _read(git, place.base, head)
    if len(found) > MOST_COMMITS:
        raise CannotHere(f"there are more than {MOST_COMMITS:,}")
    size = int(git.line("rev-list", "--objects", "--disk-usage", head, f"^{place.base}"))
    if size > MOST_BYTES:
        raise CannotHere(f"their objects take {size / 1024**3:.1f} GiB")
    wanted = f"{head}\n^{place.base}\n".encode()
    ours = store.git()
    with tempfile.TemporaryFile(dir=store.path) as packed:
        git.out("pack-objects", "-q", "--revs", "--stdout", stdin=wanted, into=packed)
        packed.seek(0)
        ours.out("index-pack", "--stdin", "--strict", "--fix-thin", stdin=packed)
    ours.out("update-ref", ref, head)
    return found


def _read(git: Git, base: str, head: str) -> tuple[Authored, ...]:
    words = ("log", "--reverse", f"--max-count={MOST_COMMITS + 1}", "--no-show-signature", f"--format={_FIELDS}")
    said = git.out(*words, head, f"^{base}", "--")
    fields = [field.decode("utf-8", "replace") for field in said.split(b"\0")[:-1]]
    rows = zip(*(iter(fields),) * 4, strict=True)
    return tuple(
        Authored(commit=name.strip(), author=author[:_SHORT], at=float(at), message=message.rstrip("\n")[:_LONG])
        for name, author, at, message in rows
    )


def _head(git_dir: Path, *, refs: Path | None = None) -> str:
    """Return the commit where HEAD stands, "" where it stands nowhere; nothing but plain files is read.

    *refs* is the folder that has the branches, where it is another.
    """
    if not git_dir.is_dir() or git_dir.is_symlink():
        return ""
    said = _text(git_dir, b"HEAD").strip()
    if found := _REF.fullmatch(said):
        home = refs or git_dir
        said = _text(home, found[1]).strip() or _packed(home, found[1])
    return said.decode() if _ID.fullmatch(said) else ""


def _packed(git_dir: Path, ref: bytes) -> bytes:
    rows = (line.split(b" ", 1) for line in _text(git_dir, b"packed-refs").split(b"\n"))
    return next((row[0] for row in rows if len(row) == 2 and row[1] == ref), b"")


def _text(git_dir: Path, name: bytes) -> bytes:
    """Return a file's content, b"" where it is none, or lies behind a link or outside."""
    if b".." in name.split(b"/"):
        return b""
    path = os.fsencode(git_dir) + b"/" + name
    try:
        if os.path.realpath(path) != os.path.realpath(os.fsencode(git_dir)) + b"/" + name:
            return b""
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with open(handle, "rb") as file:  # noqa: PTH123 - an open file, not a path
        return file.read(_LARGEST) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
