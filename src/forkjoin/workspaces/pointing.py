"""Changed files of git-lfs: a pointer is what is kept of each in a commit, and its content beside it.

git-lfs is not run, nor any filter: a pointer names the hash and the size of the content, and the content lies under its
hash, first in the run's own repository and, once a commit of the user's leads to it, in the user's local store.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from forkjoin.errors import CannotHere, NoRoom
from forkjoin.private import make_folder
from forkjoin.workspaces.contents import contents
from forkjoin.workspaces.copying import copy_file
from forkjoin.workspaces.durable import flush
from forkjoin.workspaces.lfs import LARGEST, POINTER, marked, own_attributes, own_objects, users_objects
from forkjoin.workspaces.store import Store

_FORM: Final = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
_CHUNK: Final = 1024 * 1024
_MOST: Final = 64 * 1024 * 1024  # bytes of files as small as a pointer that are read of one landing


def pointed(store: Store, root: Path, present: Mapping[bytes, os.stat_result], *, scratch: Path) -> dict[bytes, bytes]:
    """Keep the content of the changed files that are git-lfs's; return a pointer for each.

    What is empty or a pointer already stays as it is. The workspace's own attributes decide, as `git add` there would.
    """
    plain = [path for path, state in present.items() if stat.S_ISREG(state.st_mode) and state.st_size]
    if not _maybe(store, root, plain):
        return {}
    found: dict[bytes, bytes] = {}
    for path in marked(store, root, index=None, scratch=scratch, paths=plain):
        with suppress(FileNotFoundError):
            if pointer := _kept(own_objects(store), os.fsencode(root) + b"/" + path):
                found[path] = pointer
    return found


def give_content(store: Store, new: Sequence[str], old: Sequence[str]) -> int:
    """Copy to the user's local store what pointers name that are behind *new* and not behind *old*; return how many.

    What is there already stays. Raises CannotHere or NoRoom where the store cannot be written.
    """
    own = own_objects(store)
    if not own.is_dir():
        return 0
    git = store.git()
    said = git.out("rev-list", "--objects", *new, *(f"^{one}" for one in old if one), "--")
    names = [line.partition(b" ")[0] for line in said.split(b"\n") if line]
    given = 0
    for content in contents(git, names, most=LARGEST, total=_MOST):
        said_of = POINTER.fullmatch(content or b"")
        if said_of and (source := below(own, said_of[1].decode())).is_file():
            given += _given(source, below(users_objects(store), source.name))
    return given


def below(objects: Path, oid: str) -> Path:
    """Return where a store of git-lfs has an object."""
    return objects / oid[:2] / oid[2:4] / oid


def _given(source: Path, target: Path) -> bool:
    if target.exists():
        return False
    new = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_file(os.fsencode(source), os.fsencode(new))
        flush([new])
        new.replace(target)
        flush([*target.parents[:3]])
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        said = f"the content of an LFS file cannot be put into {target.parent}: {error.strerror}; nothing was landed"
        raise (NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else CannotHere)(said) from error
    return True


def _maybe(store: Store, root: Path, paths: Iterable[bytes]) -> bool:
    """Whether any attributes that count for one of *paths* speak of lfs: asked without a process, for few do."""
    if "lfs" in own_attributes(store):
        return True
    top = os.fsencode(root)
    folders = {b""}
    for path in paths:
        while (path := path.rpartition(b"/")[0]) and path not in folders:
            folders.add(path)
    return any(_speaks_of_it(top + b"/" + folder + b"/.gitattributes") for folder in folders)


def _speaks_of_it(path: bytes) -> bool:
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:  # noqa: PTH123 - an open file, not a path
            return stat.S_ISREG(os.fstat(handle).st_mode) and b"lfs" in file.read(100 * _CHUNK)
    return False


def _kept(objects: Path, path: bytes) -> bytes:
    """Copy a file under its hash; return its pointer, b"" where it is one itself, or no plain file any more."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        return b""
    with open(handle, "rb") as file:  # noqa: PTH123 - an open file, not a path
        if not stat.S_ISREG(os.fstat(handle).st_mode) or POINTER.fullmatch(file.read(LARGEST + 1)):
            return b""
        file.seek(0)
        make_folder(objects)
        new = objects / f"new.{secrets.token_hex(8)}"
        try:
            oid, size = _copied(file, new)
            target = below(objects, oid)
            make_folder(target.parent)
            new.replace(target)
            flush([*target.parents[:5]])
        finally:
            new.unlink(missing_ok=True)
    return _FORM.format(oid, size).encode()


def _copied(file: IO[bytes], new: Path) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    with new.open("wb") as copy:
        for part in iter(lambda: file.read(_CHUNK), b""):
            hashed.update(part)
            copy.write(part)
            size += len(part)
        copy.flush()
        os.fsync(copy.fileno())
    return hashed.hexdigest(), size


def keep_content(run_folder: Path, kept: Path) -> None:
    """Put the content that pointers in a run's patches name beside the patches in *kept*."""
    own = run_folder / "git" / "lfs"
    if own.is_dir():
        shutil.copytree(own, kept / "lfs", copy_function=_linked, dirs_exist_ok=True)


def _linked(source: str, target: str) -> None:
    with suppress(FileExistsError):
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
