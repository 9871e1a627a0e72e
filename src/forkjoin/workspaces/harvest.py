"""What an attempt changed, taken out of a work tree that nobody vouches for.

git never sees the workspace as a repository: it compares the files with the index that was put aside when the agent
started, and the files' bytes are read here and handed to `git fast-import` (big files: to `git hash-object`). So no
setting, hook, filter, watcher or nested repository that an agent may have left has any part in it.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from forkjoin.errors import CannotHere, listed
from forkjoin.failpoints import reached
from forkjoin.model import Changes, Place, Task, path_text
from forkjoin.model.text import spelled
from forkjoin.workspaces.authored import authored
from forkjoin.workspaces.big import note_big
from forkjoin.workspaces.changes import compared, write_patch
from forkjoin.workspaces.differing import differences, without_set_up
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.git import Git, GitFailed
from forkjoin.workspaces.listing import Listing
from forkjoin.workspaces.meddling import Meddled, meddled
from forkjoin.workspaces.opening import Record
from forkjoin.workspaces.pointing import pointed
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.streaming import STREAMED, stream_in
from forkjoin.workspaces.taking import refuse_too_much

_CHUNK: Final = 1024 * 1024


def harvest(store: Store, task: Task, place: Place, *, record: Record, ref: str, patch: Path) -> Changes:
    """Return what differs from the base, as one commit under *ref* and as *patch*; repeatable.

    Raises CannotHere where the workspace is gone or was exchanged, NoRoom where the change is too big to keep.
    """
    root = Path(place.root)
    if not record.carried.exists():
        raise CannotHere(f"nothing is known of the workspace {root}: its record {record.folder} is not there")
    if root.resolve() != root or not root.is_dir():
        raise CannotHere(f"the workspace {root} is gone, or is no longer the folder it was")
    found = without_set_up(differences(store, root, place, record), root, record)
    beside = meddled(store, record.shared) if record.shared.exists() else Meddled()
    found.notes += beside.notes
    if found.empty:
        return Changes(files=beside.files, notes=_notes(found))
    refuse_too_much(found.present.values(), f"changes of {task.id} in {root}")
    if place.in_git:
        found.pointers = pointed(store, root, found.present, scratch=record.folder / "attributes")
    ours = store.git()
    reached("harvest.before")
    own, trouble = authored(store, place, ref=f"{ref}-commits")
    if found.pointers:
        found.notes.append(
            f"LFS files, kept as pointers and their content beside them: {_names(sorted(found.pointers))}"
        )
        if own:
            own, trouble = (), "its own commits are left out, for they may hold the content of LFS files"
    commit = _committed(store, task, place, ref=ref, found=found)
    store.names.flush()
    reached("harvest.committed")
    difference = compared(ours, store.tree, task, base=place.base, commit=commit)
    if not difference.files:
        return Changes(files=beside.files, notes=_notes(found))
    note_big(store, commit, difference.too_big)
    write_patch(ours, patch, base=place.base, commit=commit, without=difference.unpatched)
    # The record that names it is committed next, so its name must last, and those of the folders up to the run's.
    flush([folder for folder in patch.parents if folder.is_relative_to(store.path.parent)])
    reached("harvest.patch")
    inside = patch.relative_to(store.path.parent).as_posix()
    big = _names(difference.unpatched)
    big = f"landed, but too big for a patch, which is without: {big}" if big else ""
    notes = (*_notes(found), *filter(None, (trouble, big)))
    files = (*difference.files, *beside.files)
    return Changes(files=files, commit=commit, base=place.base, patch=inside, commits=own, notes=notes)


# -- the commit


def _committed(store: Store, task: Task, place: Place, *, ref: str, found: Listing) -> str:
    with tempfile.TemporaryFile(dir=store.path) as stream:
        _write_stream(stream, store, task, place, ref=ref, found=found)
        # Of less than a hundred objects git makes single files, for which it reads and compresses all once more.
        as_pack = ("-c", "fastimport.unpackLimit=1") if stream.tell() > STREAMED else ()
        stream.seek(0)
        return store.git().out(*as_pack, "fast-import", "--quiet", "--done", "--force", stdin=stream).strip().decode()


def _write_stream(
    stream: IO[bytes], store: Store, task: Task, place: Place, *, ref: str, found: Listing
) -> None:  # fmt: skip
    who = store.identity()
    subject = (task.description or task.id).strip().partition("\n")[0].encode("utf-8", "replace")
    when = b"%s %d +0000" % (who, int(time.time()))
    stream.write(b"commit %s\nmark :1\nauthor %s\ncommitter %s\n" % (ref.encode(), when, when))
    stream.write(b"data %d\n%s\nfrom %s\n" % (len(subject), subject, place.base.encode()))
    # Deletions first: a name may have become a folder, or a folder a name.
    for path in sorted(found.gone):
        stream.write(b"D %s\n" % _quoted(path))
    for path in sorted(found.present):
        _write_file(stream, store.git(), Path(place.root), path, found)
    stream.write(b"get-mark :1\ndone\n")


def _write_file(stream: IO[bytes], git: Git, root: Path, path: bytes, found: Listing) -> None:
    full = os.fsencode(root) + b"/" + path
    try:
        state = os.lstat(full)
        if stat.S_ISLNK(state.st_mode):
            target = os.readlink(full)  # noqa: PTH115 - bytes, which pathlib does not take
            stream.write(b"M 120000 inline %s\ndata %d\n%s\n" % (_quoted(path), len(target), target))
            return
        # Never through a link, and never waiting on a pipe that took the file's place.
        handle = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        found.odd.append(path)
        return
    with open(handle, "rb") as file:  # noqa: PTH123 - an open file, not a path
        state = os.fstat(handle)
        mode = b"100755" if state.st_mode & stat.S_IXUSR else b"100644"
        if pointer := found.pointers.get(path):
            stream.write(b"M %s inline %s\ndata %d\n%s\n" % (mode, _quoted(path), len(pointer), pointer))
            return
        if blob := _streamed(git, file, state.st_size):
            stream.write(b"M %s %s %s\n" % (mode, blob.encode(), _quoted(path)))
            return
        stream.write(b"M %s inline %s\ndata %d\n" % (mode, _quoted(path), state.st_size))
        _write_exactly(stream, file, state.st_size)
        stream.write(b"\n")


def _streamed(git: Git, file: IO[bytes], size: int) -> str:
    """Return the id of a big file's blob, "" where it is none or something still shortens it."""
    if size < STREAMED:
        return ""
    try:
        return stream_in(git, file, size)
    except GitFailed:
        file.seek(0)
        return ""


def _write_exactly(stream: IO[bytes], file: IO[bytes], size: int) -> None:
    """Copy *size* bytes; a file that something still writes to gives what it has, filled up with zeros."""
    left = size
    while left:
        part = file.read(min(left, _CHUNK)) or bytes(min(left, _CHUNK))
        stream.write(part)
        left -= len(part)


def _quoted(path: bytes) -> bytes:
    text = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"%s"' % text


def _notes(found: Listing) -> tuple[str, ...]:
    shown = (
        (found.nested, "repositories made inside the workspace were taken as plain folders"),
        (found.modules, "what was made inside submodules was left out"),
        (found.odd, "pipes, sockets and unreadable files were left out"),
    )
    return (*(f"{said}: {_names(paths)}" for paths, said in shown if paths), *found.notes)


def _names(paths: Sequence[bytes]) -> str:
    return listed(paths, 5, say=lambda path: spelled(path_text(path)))
