"""A folder read once, as a frozen value."""

# ruff: noqa: PTH114, PTH118, PTH120
# Reason: names are bytes here, as the file system has them; pathlib takes none
from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from forkjoin.errors import NoRoom, PlanError
from forkjoin.model import SKIPPED_FOLDERS, GitTree, Link, Tree, path_text
from forkjoin.sources.languages import languages
from forkjoin.sources.repository import is_ignored, listed, repository_of

_SKIPPED = frozenset(map(os.fsencode, SKIPPED_FOLDERS))


def read_tree(root: Path, *, limit_files: int = 200_000, without: Path | None = None) -> Tree:
    """Return the files below *root* that git tracks or does not ignore; outside git all but the `SKIPPED_FOLDERS`.

    A file as root is a tree of that one file. Nested repositories and submodules are not part of the tree, nor is what
    lies in the folder *without* (our own state folder may lie in the tree). Without a
    git program every folder is read as one outside git. Raises PlanError where *root* is not there or not readable,
    NoRoom above *limit_files*, CannotHere where git refuses the repository.
    """
    top, only = _root(root)
    git = repository_of(top)
    unreadable: set[bytes] = set()
    names: Iterator[bytes]
    if only is not None:
        names = iter((only,))
    elif git is None:
        names = _walked(os.fsencode(top), unreadable)
    else:
        found, closed = listed(top)
        if not found and git.subdir and is_ignored(top):
            # A folder the repository around it knows nothing of is no part of it: dot files kept in HOME, build/.
            git, names = None, _walked(os.fsencode(top), unreadable)
        else:
            names = iter(found)
            unreadable.update(closed)
    ours = _below(top, without)
    taken = list(islice((name for name in names if not (ours and name.startswith(ours))), limit_files + 1))
    if len(taken) > limit_files:
        raise NoRoom(
            f"{top} has more than {limit_files:,} files; name a folder in it (-C), or ignore what is not source"
        )
    return _tree(top, git, taken, unreadable)


def _root(given: Path) -> tuple[Path, bytes | None]:
    """Return the folder to read, and the one file in it where only that was meant."""
    try:
        path = given.resolve(strict=True)
        mode = path.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PlanError(f"cannot be read: {why}", where=str(given), next_step="name a folder or a file") from None
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise PlanError("is neither a folder nor a file", where=str(given))
    top = path if stat.S_ISDIR(mode) else path.parent
    try:
        str(path).encode()
    except UnicodeEncodeError:
        where = str(given).encode(errors="backslashreplace").decode()
        raise PlanError("its path is not valid UTF-8", where=where, next_step="rename it") from None
    if not os.access(top, os.R_OK | os.X_OK):
        raise PlanError("may not be read", where=str(given), next_step="look at its permissions")
    return top, None if stat.S_ISDIR(mode) else os.fsencode(path.name)


def _below(top: Path, folder: Path | None) -> bytes:
    """Return how the names of what lies in *folder* begin, relative to *top*; b"" where it does not lie below that."""
    real = top if folder is None else folder.resolve()
    if real == top or not real.is_relative_to(top):
        return b""
    return os.fsencode(real.relative_to(top)) + b"/"


def _walked(top: bytes, unreadable: set[bytes]) -> Iterator[bytes]:
    def note(error: OSError) -> None:
        unreadable.add(os.path.relpath(os.fsencode(error.filename), top))

    for folder, inner, files in os.walk(top, onerror=note):
        below = os.path.relpath(folder, top) if folder != top else b""
        linked = [name for name in inner if os.path.islink(os.path.join(folder, name))]
        inner[:] = [name for name in inner if name not in _SKIPPED and name not in linked]
        # A file named `.git` is the door of a worktree or submodule: no more source than the folder is.
        yield from (os.path.join(below, name) for name in (*files, *linked) if name != b".git")


class _Seen(msgspec.Struct):
    """What looking at every file brought together."""

    files: list[bytes] = []
    links: list[bytes] = []
    plain: list[tuple[bytes, os.stat_result]] = []


def _tree(top: Path, git: GitTree | None, names: list[bytes], unreadable: set[bytes]) -> Tree:
    base = os.fsencode(top)
    seen = _looked_at(base, names, unreadable)
    bytes_of = {name: found.st_size for name, found in seen.plain}
    sized = sorted((path_text(name), bytes_of.get(name, 0)) for name in seen.files)
    return Tree(
        root=str(top),
        files=tuple(name for name, _ in sized),
        links=tuple(sorted((_link(base, name) for name in seen.links), key=lambda link: link.path)),
        hardlinks=_hardlinks(seen.plain),
        git=git,
        folds_case=_folds_case(base, seen.files),
        unreadable=tuple(sorted(map(path_text, unreadable))),
        total_bytes=sum(bytes_of.values()),
        sizes=tuple(size for _, size in sized),
        languages=languages(base, seen.plain),
    )


def _looked_at(base: bytes, names: list[bytes], unreadable: set[bytes]) -> _Seen:
    seen = _Seen()
    for name in names:
        try:
            found = os.lstat(os.path.join(base, name))
        except PermissionError:
            unreadable.add(os.path.dirname(name) or b".")
            continue
        except OSError:
            continue  # tracked but deleted, or gone since it was listed
        if stat.S_ISLNK(found.st_mode):
            seen.links.append(name)
        elif stat.S_ISREG(found.st_mode):
            seen.plain.append((name, found))
        else:
            continue  # a submodule, a socket, a pipe: nothing to read
        seen.files.append(name)
    return seen


def _link(base: bytes, name: bytes) -> Link:
    real_top = os.path.realpath(base)
    target = os.path.realpath(os.path.join(base, name))
    inside = target == real_top or target.startswith(real_top.rstrip(b"/") + b"/")
    return Link(path=path_text(name), target=path_text(os.path.relpath(target, real_top)) if inside else "")


def _hardlinks(plain: list[tuple[bytes, os.stat_result]]) -> tuple[tuple[str, ...], ...]:
    groups: dict[tuple[int, int], list[str]] = {}
    for name, found in plain:
        if found.st_nlink > 1:
            groups.setdefault((found.st_dev, found.st_ino), []).append(path_text(name))
    return tuple(sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1))


def _folds_case(base: bytes, files: list[bytes]) -> bool:
    """Ask for an existing name in the other case; the tree's own folder serves where no file has a letter."""
    known = set(files)
    candidates = ((base, name) for name in files if name.swapcase() != name and name.swapcase() not in known)
    folder, name = next(candidates, os.path.split(base))
    if name.swapcase() == name:
        return False
    try:
        one = os.lstat(os.path.join(folder, name))
        other = os.lstat(os.path.join(folder, name.swapcase()))
    except OSError:
        return False
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino) and one.st_nlink <= 1 + stat.S_ISDIR(one.st_mode)
