"""What this machine and the state folder are like: one line a fact, whether it is well, what to do where it is not."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from forkjoin.engine.doctor.equipment import equipment
from forkjoin.engine.doctor.fact import Fact
from forkjoin.engine.doctor.runs import runs_facts
from forkjoin.engine.folder import (
    is_run_id,
    refuse_others,
    run_folders,
    sweep,
    unfinished,
)
from forkjoin.engine.settings import Settings
from forkjoin.errors import CannotHere
from forkjoin.journal import damaged_claims
from forkjoin.model import Options
from forkjoin.sources import repository_of
from forkjoin.workspaces.git import program
from forkjoin.workspaces.removal import remove_folder
from forkjoin.workspaces.worktrees import drop_worktrees, worktrees_alone

NETWORKED = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ncpfs", "ceph", "glusterfs", "lustre", "fuse.sshfs",
     "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "beegfs", "gpfs", "virtiofs")
)  # fmt: skip
_FEW_FILES, _LITTLE = 256, 1024**3


def examined(settings: Settings, tree: Path) -> list[Fact]:
    """Return the facts of this machine, of the state folder, and of what lies in it for *tree*'s repository."""
    home = Path(settings.home)
    facts = [*_machine(), *_limits(), *_tools(), *equipment(settings), *_state_folder(home)]
    if not _not_ours(home):  # else nothing in it is looked at
        facts += [*runs_facts(home), *_leftovers(home, tree)]
    return [*facts, _kept(settings)]


def file_system(mountinfo: str, path: Path) -> str:
    """Return the type of the file system that holds *path*, "" where that is not told.

    *mountinfo* is the text of /proc/self/mountinfo: fields, a dash, the type (proc(5)).
    """
    best, kind = -1, ""
    for line in mountinfo.split("\n"):
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 4 and after:
            mount = Path(fields[4].encode().decode("unicode_escape"))
            if path.is_relative_to(mount) and len(mount.parts) >= best:
                best, kind = len(mount.parts), after.split(" ")[0]
    return kind


def clear(settings: Settings, tree: Path, *, dry_run: bool) -> list[str]:
    """Remove what is provably ours and of no more use, in *tree*'s repository too (or only name it): return what."""
    home = Path(settings.home)
    refuse_others(home)
    told = [f"{folder.path}" for folder in unfinished(home)]
    if not dry_run:
        sweep(home)
    for folder in _workspaces_alone(home):
        told.append(str(folder))
        if not dry_run:
            remove_folder(folder)
    for common, admin, run in _worktrees_alone(home, tree):
        told.append(str(admin))
        if not dry_run:
            drop_worktrees(common, home.resolve(), run)
    for file in damaged_claims(home):
        told.append(str(file))
        if not dry_run:
            file.unlink(missing_ok=True)
    return told


def _machine() -> Iterator[Fact]:
    linux = sys.platform == "linux"
    yield Fact(name="system", verdict="ok" if linux else "warning", seen=f"{platform.system()} {platform.release()}",
               remedy="" if linux else "not tested there: a daemon that leaves its session may be missed")  # fmt: skip
    yield Fact(name="python", verdict="ok", seen=platform.python_version())
    pidfd = hasattr(os, "pidfd_open") and Path("/proc/self/stat").exists()
    yield Fact(name="processes", verdict="ok" if pidfd else "warning",
               seen="known by pid, start time and boot; watched by pidfd" if pidfd else "no pidfd or no /proc here",
               remedy="" if pidfd else "ends are noticed within a second, and a daemon may be missed")  # fmt: skip


def _state_folder(home: Path) -> Iterator[Fact]:
    there = next(folder for folder in (home, *home.parents) if os.path.exists(folder))  # noqa: PTH110 - it never raises
    if not_ours := _not_ours(home):
        seen, _, remedy = not_ours.partition("; ")
        yield Fact(name="state folder", verdict="bad", seen=seen, remedy=remedy)
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Fact(name="state folder", verdict="bad", seen=f"{there} cannot be written",
                   remedy="set FORKJOIN_HOME to a folder that can be written")  # fmt: skip
    else:
        yield Fact(name="state folder", verdict="ok", seen=str(home))
    kind = ""
    with suppress(OSError):
        kind = file_system(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"), there.resolve())
    if kind in NETWORKED:
        yield Fact(name="file system", verdict="warning", seen=f"{kind}: a network file system",
                   remedy="locks and the journal need a local disk: set FORKJOIN_HOME to one")  # fmt: skip
    elif kind:
        yield Fact(name="file system", verdict="ok", seen=kind)
    free = shutil.disk_usage(there).free
    yield Fact(name="free space", verdict="ok" if free >= _LITTLE else "warning", seen=f"{free / 1024**3:.1f} GiB",
               remedy="" if free >= _LITTLE else "launches wait below 0.25 GiB; make room")  # fmt: skip


def _not_ours(home: Path) -> str:
    """Return why the state folder is not to be used, "" where it is its user's alone."""
    try:
        refuse_others(home)
    except CannotHere as error:
        return str(error)
    return ""


def _limits() -> Iterator[Fact]:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    enough = files == resource.RLIM_INFINITY or files >= _FEW_FILES
    yield Fact(name="open files", verdict="ok" if enough else "warning", seen=f"{files} at once",
               remedy="" if enough else "allow more: ulimit -n 1024")  # fmt: skip

    import psutil  # 15 ms: not for every import of this page

    memory = psutil.virtual_memory()
    share = memory.available / memory.total
    floor = Options().memory_floor
    yield Fact(name="memory", verdict="warning" if share < floor else "ok",
               seen=f"{memory.available / 1024**3:.1f} GiB available ({share:.0%})",
               remedy=f"launches wait below {floor:.0%}; end other programs" if share < floor else "")  # fmt: skip


def _tools() -> Iterator[Fact]:
    try:
        yield Fact(name="git", verdict="ok", seen=program())
    except CannotHere as error:
        yield Fact(name="git", verdict="warning", seen="none that is new enough", remedy=str(error))


def _leftovers(home: Path, tree: Path) -> Iterator[Fact]:
    refs = _refs(tree)
    known = {folder.run for folder in run_folders(home)}
    strange = [
        ref for ref in refs if _run_of(ref) not in known
    ]  # of another state folder, perhaps: never removed by us
    if refs:
        yield Fact(name="hidden refs", verdict="ok", seen=f"{len(refs)} keep bases alive; rm removes them",
                   remedy=f"{len(strange)} of other state folders: {strange[0]}" if strange else "")  # fmt: skip
    left = [str(folder.path) for folder in unfinished(home)] + [str(folder) for folder in _workspaces_alone(home)]
    if left:
        yield Fact(name="leftovers", verdict="warning", seen=f"{len(left)} without a run, such as {left[0]}",
                   remedy="remove them: forkjoin doctor --fix (with -n: only list them)")  # fmt: skip
    if worktrees := [str(admin) for _, admin, _ in _worktrees_alone(home, tree)]:
        yield Fact(name="worktrees", verdict="warning", seen=f"{len(worktrees)} of runs that are gone: {worktrees[0]}",
                   remedy="remove them: forkjoin doctor --fix (with -n: only list them)")  # fmt: skip
    for file in damaged_claims(home):
        yield Fact(name="claims", verdict="warning", seen=f"a damaged file of claims was set aside: {file}",
                   remedy="remove it: forkjoin doctor --fix")  # fmt: skip


def _kept(settings: Settings) -> Fact:
    limits = []
    if settings.retention_days is not None:
        limits.append(f"{settings.retention_days:g} days")
    if settings.retention_gib is not None:
        limits.append(f"{settings.retention_gib:g} GiB")
    return Fact(name="retention", verdict="ok", seen=" and ".join(limits) or "for ever (retention_days, retention_gib)")


def _workspaces_alone(home: Path) -> list[Path]:
    """Return folders of workspaces whose run is gone: neither among the runs nor being made or removed."""
    try:
        names = sorted(entry.name for entry in os.scandir(home / "workspaces") if is_run_id(entry.name))
    except OSError:
        return []
    shelves = ("runs", "unfinished")
    alone = (name for name in names if not any((home / shelf / name).exists() for shelf in shelves))
    return [home / "workspaces" / name for name in alone]


def _worktrees_alone(home: Path, tree: Path) -> list[tuple[Path, Path, str]]:
    """Return the repository, git's folder and the run of each worktree whose run and files are gone."""
    repository = repository_of(tree)
    if repository is None:
        return []
    shelves = (home / "runs", home / "unfinished")
    known = frozenset(path.name for shelf in shelves if shelf.is_dir() for path in shelf.iterdir())
    common = Path(repository.common_dir)
    return [(common, admin, run) for admin, run in worktrees_alone(common, home.resolve(), known).items()]


def _refs(tree: Path) -> list[str]:
    repository = repository_of(tree)
    if repository is None:
        return []
    listed = ["git", "-C", str(tree), "for-each-ref", "--format=%(refname)", "refs/forkjoin"]
    return subprocess.run(listed, check=False, capture_output=True, text=True).stdout.split()


def _run_of(ref: str) -> str:
    return ref.split("/")[2] if ref.count("/") > 2 else ""
