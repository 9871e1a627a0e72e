"""A workspace opened: the base's files, a repository of its own on the base's objects, and what the task carries."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forkjoin.errors import CannotHere, PlanError
from forkjoin.failpoints import reached
from forkjoin.model import Place, Task, path_bytes
from forkjoin.private import make_folder
from forkjoin.workspaces.copies import restore
from forkjoin.workspaces.copying import copy_file
from forkjoin.workspaces.declared import alternatives
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.listing import listing
from forkjoin.workspaces.removal import remove_folder
from forkjoin.workspaces.store import INCLUDE, NOBODY, RAW, Store, make_repository, object_format
from forkjoin.workspaces.taking import refuse_too_much


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is remembered of a workspace where its agent cannot reach: its index, and the files carried into it."""

    folder: Path

    @property
    def index(self) -> Path:
        """The index as it was when the agent started."""
        return self.folder / "index"

    @property
    def carried(self) -> Path:
        """The names of carried files, NUL between them; written last: it says that the workspace is whole."""
        return self.folder / "carried"

    @property
    def set_up(self) -> Path:
        """How each file stood that the set-up made different from the base: a state and a name, NUL between them."""
        return self.folder / "set-up"


def open_shared(store: Store, task: Task) -> Place:
    """Return the user's own tree, for a task that writes nothing."""
    root = Path(store.tree.root)
    return Place(kind="shared", root=str(root), cwd=str(_inside(root, root, task.cwd)))


def open_workspace(store: Store, task: Task, commit: str, *, folder: Path, record: Record) -> Place:
    """Make the workspace *folder*/<name of the tree> on *commit*; whatever fails, nothing of it is left.

    Raises CannotHere where it cannot be made or is there already, PlanError where the task's `cwd` is not in it.
    """
    if folder.exists():
        if record.carried.exists():
            raise CannotHere(f"the workspace {folder} is there already; look at it, then delete it")
        remove_folder(folder)  # what an interrupted creation left
    root = folder / (store.top.name or "tree")
    make_folder(folder)
    root.mkdir(mode=0o700)
    reached("workspace.folder")
    make_folder(record.folder)
    try:
        return _opened(store, task, commit, root=root, record=record)
    except BaseException:
        remove_folder(folder)
        raise


def _opened(store: Store, task: Task, commit: str, *, root: Path, record: Record) -> Place:
    record.index.unlink(missing_ok=True)
    record.set_up.unlink(missing_ok=True)
    git = store.git(tree=root, index=record.index)
    git.out("read-tree", "--reset", "-u", commit)
    if store.tree.git is None:
        restore(store, root, commit)
        git.run("update-index", "-q", "--refresh")
    reached("workspace.files")
    _check(git, root, commit)
    if store.tree.git is not None:
        _own_repository(store, root / ".git", commit)
        shutil.copy2(record.index, root / ".git" / "index")
    reached("workspace.repository")
    carried = _carry(store, task, root, record)
    home = root / (store.tree.git.subdir if store.tree.git else "")
    cwd = _inside(root, home, task.cwd)
    record.carried.write_bytes(b"\0".join(carried))
    reached("workspace.open")
    return Place(kind="clone" if store.tree.git else "copy", root=str(root), cwd=str(cwd), base=commit)


def _check(git: Git, root: Path, commit: str) -> None:
    """Compare the workspace with its base: a checkout that printed errors may well have exited with 0."""
    found = listing(git, root, exclude=())
    if not found.empty:
        names = sorted((*found.gone, *found.present))[:5]
        shown = ", ".join(name.decode("utf-8", "replace") for name in names)
        raise CannotHere(
            f"the workspace {root} is not as its base {commit[:7]}: {shown}; names that differ only by case?"
        )


def _own_repository(store: Store, git_dir: Path, commit: str) -> None:
    """Write the clone's own `.git`: no remote, no hooks, no gc; objects come from the run's and the user's stores."""
    repository = store.tree.git
    user = store.settings()
    settings = {
        "core.bare": "false",
        "core.logAllRefUpdates": "true",
        "core.autocrlf": "false",
        "core.hooksPath": os.devnull,
        "gc.auto": "0",
        "maintenance.auto": "false",
        **{name: user[name] for name in NOBODY},
        **object_format(repository),
    }
    make_repository(
        git_dir, settings, attributes=RAW, exclude=store.exclude(), alternates=(store.objects, *store.alternates())
    )
    branch = repository.branch if repository else ""
    if store.shallow:
        (git_dir / "shallow").write_bytes(store.shallow)
    if branch:
        (git_dir / "HEAD").write_bytes(f"ref: refs/heads/{branch}\n".encode())
    else:
        (git_dir / "HEAD").write_bytes(f"{commit}\n".encode())
    heads = f"{commit} refs/heads/{branch}\n".encode() if branch else b""
    (git_dir / "packed-refs").write_bytes(heads + store.tags())


def _inside(root: Path, home: Path, cwd: str) -> Path:
    """Return the folder where the agent starts; raise PlanError where it is not one of the workspace's."""
    folder = home / PurePosixPath(cwd)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise PlanError(f"cwd {cwd!r} leaves the tree", where="cwd", next_step="name a folder in it")
    if not folder.is_dir():
        raise PlanError(
            f"cwd {cwd!r} is no folder of the base", where="cwd", next_step="name one that is there when the run starts"
        )
    return folder


# -- carried files


def _carry(store: Store, task: Task, root: Path, record: Record) -> list[bytes]:
    """Copy untracked or ignored files that the task asks for; return their names."""
    top = store.top
    wanted = _wanted(store, task)
    if not wanted:
        return []
    patterns = record.folder / "carry"
    patterns.write_bytes(wanted)
    git = store.git(tree=top, index=record.index)
    out = git.out("ls-files", "-z", "--others", "--ignored", f"--exclude-from={patterns}")
    names = [name for name in out.split(b"\0") if name and not name.endswith(b"/")]
    source, target = os.fsencode(top) + b"/", os.fsencode(root) + b"/"
    states = {name: os.lstat(source + name) for name in names}
    refuse_too_much(states.values(), "carried files")
    carried = []
    for name, state in states.items():
        plain = stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)
        if plain and copied_into(source + name, target, name):
            carried.append(name)
    return carried


def copied_into(source: bytes, top: bytes, name: bytes) -> bool:
    """Copy a file, or a link as a link, over what is there; False where a link of the base stands in its way."""
    folder, _, _ = (top + name).rpartition(b"/")
    if _is_inside(top, folder):
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - bytes, which pathlib does not take
    if not removed_from(top, name):
        return False
    copy_file(source, top + name)
    return True


def removed_from(top: bytes, name: bytes) -> bool:
    """Remove a file or a link, where one is there; False where a link of the base stands in its way, or a folder."""
    folder, _, _ = (top + name).rpartition(b"/")
    try:
        if not _is_inside(top, folder):
            return False
        os.unlink(top + name)  # noqa: PTH108 - bytes, which pathlib does not take
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _is_inside(top: bytes, folder: bytes) -> bool:
    real = os.path.realpath(top) + b"/"
    return (os.path.realpath(folder) + b"/").startswith(real)


def _wanted(store: Store, task: Task) -> bytes:
    """Return the globs as lines of an exclude file, from the top of the repository."""
    if not task.carry:
        with suppress(OSError):
            return (store.top / INCLUDE).read_bytes()
        return b""
    subdir = store.tree.git.subdir if store.tree.git else ""
    above = "".join(f"\\{c}" if c in "\\*?[" else c for c in subdir)
    lines = (f"/{above}/{one}" if above else f"/{one}" for glob in task.carry for one in alternatives(glob))
    return b"".join(path_bytes(line).replace(b"\n", b"?") + b"\n" for line in lines)
