"""What differs in a work tree from what its agent was given: the base, what was carried, what its set-up made."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from forkjoin.model import SKIPPED_FOLDERS, Place, path_text
from forkjoin.workspaces.changes import tree_path
from forkjoin.workspaces.declared import covered
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.listing import Links, Listing, listing
from forkjoin.workspaces.opening import Record
from forkjoin.workspaces.sparse import gone_by_its_index
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.worktrees import admin_of

_GONE = b"gone"


def differences(store: Store, root: Path, place: Place, record: Record) -> Listing:
    """Return what differs, but for carried files and for new ones that the base ignores."""
    left_out: set[bytes] = set()
    with tempfile.TemporaryDirectory(dir=record.folder) as scratch:
        index = Path(scratch) / "index"
        shutil.copy2(record.index, index)
        git = store.git(tree=root, index=index)
        exclude = ("--exclude-standard",) if place.in_git else _skipped()
        found = listing(git, root, exclude=exclude)
        found.modules += _filled(root, store.modules(place.base).difference(found.modules))
        nested = {path: state for folder in found.nested for path, state in files_below(root, folder)}
        found.add(nested)
        left_out |= _hidden(store, place, found, Path(scratch), nested=bool(nested))
        if record.ignored.exists():
            wanted = _wanted(store, record)
            left_out = {path for path in left_out if not wanted(path)}
            found.add(_ignored(git, root, exclude, wanted))
        if place.in_git and (found.gone or record.sparse.exists()):
            found.gone, note = gone_by_its_index(git, _own_git(store, root, place), Path(scratch), found.gone)
            found.notes += [note] if note else []
    left_out.update(record.carried.read_bytes().split(b"\0"))
    found.present = {path: state for path, state in found.present.items() if path not in left_out}
    return found


def _own_git(store: Store, root: Path, place: Place) -> Path:
    return admin_of(store, root) if place.kind == "worktree" else root / ".git"


def _hidden(store: Store, place: Place, found: Listing, scratch: Path, *, nested: bool) -> set[bytes]:
    """Return the new files that the base ignores; none where what is ignored cannot have changed since."""
    if not found.new or not place.in_git:
        return set()
    changed_rules = any(path.rpartition(b"/")[2] == b".gitignore" for path in (*found.gone, *found.present))
    return found.new & _ignored_by_base(store, place.base, found.new, scratch) if changed_rules or nested else set()


def _filled(root: Path, modules: Iterable[bytes]) -> list[bytes]:
    """Return the submodules in which something lies: git looks into none that is no repository."""
    real = (path for path in modules if not Links(root).above(path + b"/x"))
    return sorted(path for path in real if any(True for _ in files_below(root, path)))


def _wanted(store: Store, record: Record) -> Callable[[bytes], bool]:
    globs = [path_text(glob) for glob in record.ignored.read_bytes().split(b"\0")]
    covers = covered(globs, folds_case=store.tree.folds_case)
    return lambda path: covers(tree_path(path, store.tree))


def _ignored(
    git: Git, root: Path, exclude: tuple[str, ...], wanted: Callable[[bytes], bool]
) -> dict[bytes, os.stat_result]:
    """Return the ignored files that are wanted, those of repositories among them too."""
    said = git.out("ls-files", "-z", "--others", "--ignored", *exclude)
    found: dict[bytes, os.stat_result] = {}
    for name in filter(None, said.split(b"\0")):
        if name.endswith(b"/"):
            found |= dict(files_below(root, name.rstrip(b"/")))
        else:
            with suppress(OSError):
                found[name] = os.lstat(os.fsencode(root) + b"/" + name)
    plain = {path: state for path, state in found.items() if stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)}
    return {path: state for path, state in plain.items() if wanted(path)}


def _skipped() -> tuple[str, ...]:
    return tuple(f"--exclude={name}/" for name in SKIPPED_FOLDERS)


def files_below(root: Path, folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """Yield the files of a repository that the agent made inside the workspace, as if it were a plain folder."""
    top = os.fsencode(root) + b"/"
    for inside, inner, files in os.walk(top + folder):
        links = [name for name in inner if stat.S_ISLNK(os.lstat(inside + b"/" + name).st_mode)]
        inner[:] = [name for name in inner if name.lower() != b".git" and name not in links]
        for name in (*files, *links):
            path = inside + b"/" + name
            with suppress(OSError):
                state = os.lstat(path)
                if name.lower() != b".git" and (stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)):
                    yield path.removeprefix(top), state


def _ignored_by_base(store: Store, base: str, paths: set[bytes], scratch: Path) -> set[bytes]:
    """Return which of the new files the base's own `.gitignore` files ignore, whatever the agent made of them."""
    rules = scratch / "rules"
    rules.mkdir()
    git = store.git(tree=rules, index=scratch / "rules.index")
    git.out("read-tree", base)
    names = [n for n in git.out("ls-files", "-z").split(b"\0") if n.rpartition(b"/")[2] == b".gitignore"]
    git.out("checkout-index", "-z", "--stdin", stdin=b"".join(name + b"\0" for name in names))
    # With ./ before it a name that begins with a colon is no pathspec magic.
    asked = b"".join(b"./" + path + b"\0" for path in sorted(paths))
    words = ("check-ignore", "-z", "--stdin", "--no-index")
    done = git.run(*words, stdin=asked)
    if done.code not in (0, 1):  # 1 = none of them
        raise git.failed(words, done)
    return {path.removeprefix(b"./") for path in done.out.split(b"\0")}


def changed_names(store: Store, place: Place, *, record: Record) -> frozenset[str]:
    """Return the files that differ from what the agent was given, relative to the tree."""
    root = Path(place.root)
    found = without_set_up(differences(store, root, place, record), root, record)
    return frozenset(tree_path(path, store.tree) for path in (*found.present, *found.gone))


# -- what a set-up made


def note_set_up(store: Store, place: Place, *, record: Record) -> None:
    """Remember how each file stands that differs from the base now, before the agent starts."""
    root = Path(place.root)
    found = differences(store, root, place, record)
    rows = [b"%s %s" % (_state(root, path), path) for path in sorted({*found.present, *found.gone})]
    record.set_up.write_bytes(b"\0".join(rows))
    flush([record.set_up])


def without_set_up(found: Listing, root: Path, record: Record) -> Listing:
    """Leave out what stands as the set-up left it: that is none of the agent's work."""
    if not record.set_up.exists():
        return found
    rows = (row.partition(b" ") for row in record.set_up.read_bytes().split(b"\0") if row)
    same = {path for state, _, path in rows if state == _state(root, path)}
    found.present = {path: state for path, state in found.present.items() if path not in same}
    found.new -= same
    found.gone -= same
    return found


def _state(root: Path, path: bytes) -> bytes:
    """Return what a file is in a word: its mode and the hash of its bytes."""
    full = os.fsencode(root) + b"/" + path
    try:
        state = os.lstat(full)
        if stat.S_ISLNK(state.st_mode):
            return b"link-" + hashlib.sha256(os.readlink(full)).hexdigest().encode()  # noqa: PTH115 - bytes, as above
        handle = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return _GONE
    with open(handle, "rb") as file:  # noqa: PTH123 - an open file, not a path
        kind = b"program-" if os.fstat(handle).st_mode & stat.S_IXUSR else b"file-"
        return kind + hashlib.file_digest(file, "sha256").hexdigest().encode()
