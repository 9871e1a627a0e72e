"""What was changed in the user's own repository while a task worked in a worktree of it.

Settings and hooks that are written in a worktree run in the user's checkout, too. Nothing here is put back, for it may
as well be the user who changed it: it is named, and the task is not counted as having gone well.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from forkjoin.errors import listed
from forkjoin.model import Change, HowChanged, path_text
from forkjoin.model.text import spelled
from forkjoin.workspaces.changes import tree_path
from forkjoin.workspaces.git import of_user
from forkjoin.workspaces.store import Store
from forkjoin.workspaces.worktrees import OURS

_HARMLESS: Final = "branch."  # what git itself writes for a new branch: it runs nothing
_PLACES: Final = ("config.worktree", "hooks", "info", "modules")  # beside `config`, which is read key by key
_PASSED: Final = frozenset(("objects", "refs", "logs", "lfs", "index", "HEAD", "FETCH_HEAD", "ORIG_HEAD"))
_LARGEST: Final = 1024 * 1024  # bytes of a file that are looked through; of a larger one its size and time
_NAMED: Final = 5

_Seen: TypeAlias = dict[str, dict[str, str]]  # of settings, files and refs: what each name stands for
_Names: TypeAlias = dict[str, list[str]]  # of the same: names


@dataclass(frozen=True, kw_only=True)
class Meddled:
    """Files of the repository that run by themselves and were changed, as violations; and what else is to be said."""

    files: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def note_shared(store: Store, file: Path) -> None:
    """Write down how the user's repository stands where its worktrees can change it."""
    now = _seen(store)
    _write(file, _Known(first=now, start=now))


def note_again(store: Store, file: Path, *, before: bytes = b"") -> None:
    """Write down how it stands for an attempt that goes on in the workspace of an earlier one.

    What that one was told to have changed stays told; what was changed between the two is nobody's. *before* is what
    the file held, where the workspace was made anew meanwhile.
    """
    known, now = msgspec.json.decode(before or file.read_bytes(), type=_Known), _seen(store)
    # One that was never harvested is told all that differs.
    found = known.found if known.found is not None else _found(known, now)
    _write(file, _Known(first=known.first, start=now, earlier=found))


def meddled(store: Store, file: Path) -> Meddled:
    """Return what is not as it was written down in *file*, and remember there that it was told."""
    known, now = msgspec.json.decode(file.read_bytes(), type=_Known), _seen(store)
    found = _found(known, now)
    _write(file, replace(known, found=found))
    rows = [_row(store, "config", "modified")] if found["settings"] else []
    old, new = known.first["files"], now["files"]
    rows += [_row(store, name, _how(name in old, name in new)) for name in found["files"]]
    return Meddled(files=tuple(rows), notes=tuple(_said(found["settings"], [row.path for row in rows], found["refs"])))


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """How it stood before the first attempt in a workspace and before the present one, and what was told so far."""

    first: _Seen
    start: _Seen
    earlier: _Names = {}
    found: _Names | None = None


def _found(known: _Known, now: _Seen) -> _Names:
    """Return what differs since the present attempt started, and what earlier ones changed and nobody put back."""
    found = {}
    for kind, there in now.items():
        still = set(_differing(known.first[kind], there)).intersection(known.earlier.get(kind, ()))
        found[kind] = sorted({*_differing(known.start[kind], there), *still})
    found["settings"] = [key for key in found["settings"] if not key.startswith(_HARMLESS)]
    return found


def _write(file: Path, known: _Known) -> None:
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(msgspec.json.encode(known))
    new.replace(file)


def _said(keys: Sequence[str], files: Sequence[str], refs: Sequence[str]) -> Iterator[str]:
    if files:
        settings = f" (settings: {listed(keys, _NAMED, say=spelled)})" if keys else ""
        yield (
            f"changed in your own repository while it worked, by it or by somebody else: "
            f"{listed(files, _NAMED, say=spelled)}{settings}; it holds for your checkout too: look at it before you "
            "run git there"
        )
    if refs:
        names = listed(refs, _NAMED, say=spelled)
        yield f"refs of your repository changed while it worked, by it or by somebody else: {names}"


def _row(store: Store, name: str, how: HowChanged) -> Change:
    path = tree_path(os.fsencode(f".git/{name}"), store.tree)
    return Change(path=path, how=how, violation=True, runs=True)


def _how(before: bool, now: bool) -> HowChanged:
    return "modified" if before and now else "added" if now else "deleted"


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


# -- how it stands


def _seen(store: Store) -> _Seen:
    git = store.tree.git
    common = Path(git.common_dir) if git else store.top / ".git"
    files = {path_text(os.fsencode(path.relative_to(common))): _state(path) for path in _looked_at(common)}
    return {"settings": _settings(store, common / "config"), "files": files, "refs": _refs(store, common)}


def _settings(store: Store, file: Path) -> dict[str, str]:
    """Return the values of each key of a file of settings, as git reads it; nothing that it includes is read."""
    done = of_user(store.top).run("config", "-z", "--no-includes", "--list", "--file", str(file))
    if done.code != 0:
        return {"": _state(file)}
    found: dict[str, str] = {}
    for item in done.out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        key, _, value = item.partition("\n")
        found[key] = f"{found.get(key, '')}\0{value}"
    return found


def _refs(store: Store, common: Path) -> dict[str, str]:
    rows = of_user(store.top).run("for-each-ref", "--format=%(refname) %(objectname)").out.decode("utf-8", "replace")
    found = dict(row.split(" ", 1) for row in rows.split("\n") if row and not row.startswith("refs/forkjoin/"))
    return found | {"HEAD": _state(common / "HEAD")}


def _looked_at(common: Path) -> Iterator[Path]:
    """Yield the files that say what git runs and where it looks: of the checkout, of submodules, of other worktrees."""
    for place in _PLACES:
        yield from _files_of(common / place, _PASSED if place == "modules" else ())
    for admin in sorted((common / "worktrees").glob("*")):
        if not admin.name.startswith(OURS):
            yield from (admin / name for name in ("commondir", "gitdir", "config.worktree"))


def _files_of(path: Path, passed: Collection[str]) -> Iterator[Path]:
    if path.is_symlink() or path.is_file():
        yield path
        return
    for folder, inner, files in os.walk(path):
        inner[:] = [name for name in inner if name not in passed]
        links = [name for name in inner if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in (*files, *links) if name not in passed)


def _state(path: Path) -> str:
    try:
        if path.is_symlink():
            return f"link {path.readlink()}"
        state = path.stat()
        if state.st_size > _LARGEST or not path.is_file():
            return f"{state.st_mode} {state.st_size} {state.st_mtime_ns}"
        return f"{state.st_mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError:
        return ""
