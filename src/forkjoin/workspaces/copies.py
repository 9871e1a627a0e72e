"""A tree outside git: kept as a commit of the run's own repository, opened with the modes and times it had."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from forkjoin.errors import NoRoom
from forkjoin.model import SKIPPED_FOLDERS, Base, path_bytes
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.listing import Listing
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.taking import MOST_BYTES, MOST_FILES, left_out, take_in


def copied(store: Store) -> Base:
    """Keep the tree's files as a commit of the run's own repository, and beside it what a commit cannot hold."""
    tree, top = store.tree, Path(store.tree.root)
    if tree.total_bytes > MOST_BYTES or len(tree.files) > MOST_FILES:
        raise NoRoom(
            f"{tree.root} has {len(tree.files):,} files with {tree.total_bytes / 1024**3:.1f} GiB; outside git at most "
            f"{MOST_FILES:,} with {MOST_BYTES / 1024**3:g} GiB are copied; name a folder in it (-C), or use git"
        )
    index = store.path / "copy.index"
    git = store.git(tree=top, index=index)
    index.unlink(missing_ok=True)
    found = Listing()
    for path in map(path_bytes, tree.files):
        with suppress(OSError):
            found.present[path] = os.lstat(os.fsencode(top) + b"/" + path)
    take_in(git, top, found)
    commit = git.line("commit-tree", git.line("write-tree"), "-m", "forkjoin: the folder as the run found it")
    index.unlink(missing_ok=True)
    store.git().out("update-ref", store.ref("base"), commit)
    _write_manifest(store, top, found)
    count = len(found.present)
    note = f"base: a copy of {count:,} file{'s' if count != 1 else ''} (no git repository)"
    return Base(kind="copy", commit=commit, note=note + left_out(found))


def _write_manifest(store: Store, top: Path, found: Listing) -> None:
    """Write down modes and times of files, and the folders: what makes a copy more than a checkout."""
    rows = [b"%d %d %s" % (s.st_mode, s.st_mtime_ns, path) for path, s in found.present.items()]
    for folder, inner, _ in os.walk(os.fsencode(top)):
        below = os.path.relpath(folder, os.fsencode(top))
        if store.beside and store.beside == below + b"/":
            inner.clear()
            continue
        inner[:] = [name for name in inner if os.fsdecode(name) not in SKIPPED_FOLDERS]
        with suppress(OSError):
            rows.append(b"%d 0 %s" % (os.lstat(folder).st_mode, below))
    manifest = store.path / "manifest"
    manifest.write_bytes(b"\0".join(rows))
    flush([manifest])


def restore(store: Store, root: Path, commit: str) -> None:
    """Give a checked out copy the folders, modes and times of the tree; files that are another's work keep theirs."""
    ours = store.git()
    other = ours.out("diff-tree", "-r", "-z", "--no-renames", "--name-only", store.ref("base"), commit)
    theirs = set(other.split(b"\0"))
    rows = [row.split(b" ", 2) for row in (store.path / "manifest").read_bytes().split(b"\0") if row]
    # Folders deepest first and after the files: a folder's mode may forbid to write in it.
    for mode, time_ns, path in sorted(rows, key=lambda row: (row[1] == b"0", -row[2].count(b"/"))):
        _restored(os.fsencode(root) + b"/" + path, int(mode), int(time_ns) if path not in theirs else None)


def _restored(path: bytes, mode: int, time_ns: int | None) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(mode):
            os.makedirs(path, exist_ok=True)  # noqa: PTH103 - bytes, which pathlib does not take
            os.chmod(path, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101 - as above
        elif stat.S_ISREG(mode):
            os.chmod(path, stat.S_IMODE(mode) & 0o777 | stat.S_IWUSR)  # noqa: PTH101 - as above
        if time_ns:
            os.utime(path, ns=(time_ns, time_ns), follow_symlinks=False)
