"""The folder of one run on disk: where its files lie, its lock, and who owns it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import shlex
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from forkjoin.errors import CannotHere, ForkjoinError, NoRoom, RunOwned, UnknownId
from forkjoin.model import RunId, TaskId
from forkjoin.private import make_folder

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # in the order they sort; no look-alikes: people read ids aloud
_TRIES = 10
_LOOK_S = 0.05  # how often it is looked whether an owner is still there
_CHANCE, _SECRET = 2, 26  # letters by chance; of a secret id: 128 bits
_ID = re.compile(rf"\d{{8}}-\d{{6}}-[{_LETTERS}]{{2}}(?:[{_LETTERS}]{{{_CHANCE}}}|[{_LETTERS}]{{{_SECRET}}})")
UNFINISHED = "unfinished"
OWNER_LOG = "supervisor.log"  # what a detached owner said, beside its run
_SHELVES = ("runs", UNFINISHED, "workspaces", "claims", "discarded")


class RunFolder(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of one run: `<home>/runs/<run>/{journal.db, owner.lock, lease, tasks/<task>/<n>/, git/, report.*}`.

    While it is made, or removed, its *shelf* is `unfinished` instead of `runs`: what lies among the runs is whole.
    """

    home: Path
    run: RunId
    shelf: str = "runs"

    @property
    def path(self) -> Path:
        """The run's own folder."""
        return self.home / self.shelf / self.run

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.path / "journal.db"

    @property
    def lock(self) -> Path:
        """The file whose flock makes its holder the owner."""
        return self.path / "owner.lock"

    def attempt(self, task: TaskId, attempt: int) -> Path:
        """The folder of one attempt."""
        return self.path / "tasks" / task / str(attempt)


def new_run_folder(home: Path, *, secret: bool = False) -> RunFolder:
    """Make the unfinished folder of a new run, readable by its user alone; `finished` puts it among the runs.

    A *secret* id cannot be guessed: who has it was given it.

    Raises CannotHere where the state folder is not its user's alone or cannot be written, NoRoom on a full disk.
    """
    runs, unfinished = home / "runs", home / UNFINISHED
    refuse_others(home)  # what can be no folder of ours is said so; looked at again when all of it is there
    try:
        for shelf in (runs, unfinished):
            make_folder(shelf)
        refuse_others(home)
        sweep(home)
        while True:
            run = RunId(_new_id(_SECRET if secret else _CHANCE))
            with suppress(FileExistsError):
                (unfinished / run).mkdir(mode=0o700)
                return RunFolder(home=home, run=run, shelf=UNFINISHED)
    except OSError as error:
        raise cannot_write(runs, error) from error


def refuse_others(home: Path) -> None:
    """Raise CannotHere, with the remedy, where a state folder (or a shelf of it) is not its user's alone.

    What lies in it is run: whoever could put a run there could have programs run as this user. A link of one's own to
    another place is no harm; the link of somebody else may lead anywhere.
    """
    try:
        str(home).encode()
    except UnicodeEncodeError as error:
        said = str(home).encode(errors="backslashreplace").decode()
        raise CannotHere(f"{said} is not valid UTF-8; set FORKJOIN_HOME to a folder whose path is") from error
    for path in (home, *(home / shelf for shelf in _SHELVES)):
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                _refuse_others(path, path.lstat())
                _refuse_others(path, path.stat())
        except OSError as error:
            raise CannotHere(
                f"{path} is no folder to keep runs in: {error.strerror}; set FORKJOIN_HOME to one of your own"
            ) from error
        if path.is_symlink() and not path.exists():
            raise CannotHere(
                f"{path} is a link to {path.readlink()}, which is not there; make that folder (or mount its disk), "
                "or set FORKJOIN_HOME to a folder of your own"
            )


def _refuse_others(path: Path, found: os.stat_result) -> None:
    link = stat.S_ISLNK(found.st_mode)
    if found.st_uid != os.geteuid() and not (link and found.st_uid == 0):
        raise CannotHere(
            f"{path} belongs to another user ({found.st_uid}), who could have programs run as you; "
            "set FORKJOIN_HOME to a folder of your own"
        )
    if not link and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CannotHere(
            f"{path} can be written by others, who could have programs run as you; look what lies in it, then: "
            f"chmod 700 {shlex.quote(str(path))}, or set FORKJOIN_HOME to a folder of your own"
        )


def finished(folder: RunFolder) -> RunFolder:
    """Put a whole run among the runs, in one step and for good: a power cut leaves all of it or nothing.

    Raises FileExistsError where a run of that id is there already, CannotHere or NoRoom as `new_run_folder` does.
    """
    made = RunFolder(home=folder.home, run=folder.run)
    try:
        synced(folder.path)
        folder.path.rename(made.path)
        for shelf in (made.path.parent, made.home, made.home.parent):
            synced(shelf)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise FileExistsError(error.errno, error.strerror, str(made.path)) from error
        raise cannot_write(made.path.parent, error) from error
    return made


def put_aside(folder: RunFolder) -> RunFolder:
    """Take a run from among the runs, in one step, before its files go one by one; its lock is held by the caller."""
    aside = RunFolder(home=folder.home, run=folder.run, shelf=UNFINISHED)
    make_folder(aside.path.parent)
    folder.path.rename(aside.path)
    return aside


def unfinished(home: Path) -> list[RunFolder]:
    """Return what a launch or a removal that was killed has left: nobody holds its lock."""
    try:
        names = sorted(entry.name for entry in os.scandir(home / UNFINISHED) if is_run_id(entry.name))
    except OSError:
        return []
    folders = (RunFolder(home=home, run=RunId(name), shelf=UNFINISHED) for name in names)
    return [folder for folder in folders if not owned(folder)]


def sweep(home: Path) -> None:
    """Remove what is unfinished; what somebody is just making or removing is locked, and left alone."""
    for folder in unfinished(home):
        with suppress(ForkjoinError, OSError):
            if not folder.lock.exists():
                folder.path.rmdir()  # just made, perhaps: then its maker takes another name
                continue
            lock = OwnerLock.take(folder)
            try:
                shutil.rmtree(folder.path, ignore_errors=True)
            finally:
                lock.release()


def synced(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _new_id(letters: int) -> str:
    """Return an id by which runs sort by their start (UTC, to about a millisecond), with *letters* by chance."""
    now = time.time()
    tick = int(now % 1 * len(_LETTERS) ** 2)
    ticks = _LETTERS[tick // len(_LETTERS)] + _LETTERS[tick % len(_LETTERS)]
    chance = "".join(secrets.choice(_LETTERS) for _ in range(letters))
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{ticks}{chance}"


def is_run_id(name: str) -> bool:
    """Whether a file of that name can be one of ours: FORKJOIN_HOME may be a folder that holds more than our own."""
    return _ID.fullmatch(name) is not None


def cannot_write(folder: Path, error: OSError) -> CannotHere | NoRoom:
    """Return the error to raise for one of the system's, with its remedy."""
    remedy = "free some space, or set FORKJOIN_HOME to another folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom(f"no room in {folder}: {error.strerror}; {remedy}")
    return CannotHere(f"cannot write to {folder}: {error.strerror}; set FORKJOIN_HOME to a folder that can be written")


def cannot_go_on(folder: RunFolder, error: OSError) -> CannotHere | NoRoom:
    """Return the error to raise for one of the system's that keeps an owner from driving its run."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    said = f"run {folder.run} cannot go on: {folder.path}: {error.strerror or error}"
    next_step = f"{'make room' if full else 'mend that'}, then: forkjoin resume {folder.run}"
    return NoRoom(f"{said}; {next_step}") if full else CannotHere(f"{said}; {next_step}")


def run_folders(home: Path) -> Iterator[RunFolder]:
    """Yield the runs that have a journal, newest first; raise CannotHere where the folder is not this user's alone."""
    refuse_others(home)
    try:
        names = sorted((entry.name for entry in os.scandir(home / "runs")), reverse=True)
    except OSError:
        return
    for name in names:
        folder = RunFolder(home=home, run=RunId(name))
        if folder.journal.exists():
            yield folder


def without_journal(home: Path) -> list[Path]:
    """Return the folders of runs whose journal is gone: somebody deleted it, for it comes and goes with its folder."""
    try:
        names = sorted(entry.name for entry in os.scandir(home / "runs") if is_run_id(entry.name))
    except OSError:
        return []
    folders = (RunFolder(home=home, run=RunId(name)) for name in names)
    return [folder.path for folder in folders if folder.path.is_dir() and not folder.journal.exists()]


def find_run(home: Path, name: str) -> RunFolder:
    """Return the run of that id or of that unique beginning or end; raise UnknownId listing the known."""
    known = list(run_folders(home))
    hits = [folder for folder in known if folder.run == name] or [
        folder for folder in known if folder.run.startswith(name) or folder.run.endswith(f"-{name}")
    ]
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise UnknownId("single run", name, [folder.run for folder in hits], hint="say more of its id")
    gone = any(path.name == name for path in without_journal(home))
    hint = "its journal is gone; see: forkjoin doctor" if gone else "see: forkjoin ls"
    raise UnknownId("run", name, [folder.run for folder in known], hint=hint)


def removed(folder: RunFolder) -> UnknownId:
    """Return what to say of a run that is not there any more."""
    known = [other.run for other in run_folders(folder.home)]
    return UnknownId("run", folder.run, known, hint="it was removed meanwhile; see: forkjoin ls")


class OwnerLock:
    """The flock on a run's `owner.lock`: its holder is the owner, and the kernel frees it when the holder is gone."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, folder: RunFolder) -> OwnerLock:
        """Return the lock; raise RunOwned, naming the owner, where a living process holds it.

        Raises UnknownId where the run was removed, CannotHere where its folder may not be written.
        """
        try:
            descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError as error:
            raise removed(folder) from error
        except OSError as error:
            raise CannotHere(
                f"run {folder.run} can be read, not driven, nor removed: {folder.lock}: {error.strerror}; make its "
                "folder writable for this user"
            ) from error
        for _ in range(_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.02)  # somebody may be asking `owned`, which holds a shared lock for an instant
        else:
            os.close(descriptor)
            next_step = halted(folder) or f"follow it: forkjoin watch {folder.run}"
            raise RunOwned(f"run {folder.run} is owned by {_said(folder)}; {next_step}")
        lock = cls(descriptor)
        if not folder.lock.exists():  # removed by who held the lock until now
            lock.release()
            raise removed(folder)
        lock.sign()
        return lock

    @classmethod
    def handed(cls, descriptor: int) -> OwnerLock:
        """Return the lock that a parent took and handed down as an open file."""
        os.set_inheritable(descriptor, False)
        lock = cls(descriptor)
        lock.sign()
        return lock

    def sign(self) -> None:
        """Write who holds it, for people, where there is room: the lock itself is what counts."""
        with suppress(OSError):
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)

    def release(self) -> None:
        """Let it go; idempotent."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        """Let go of a lock that was forgotten: nobody drives the run, so somebody else may."""
        self.release()


def owned(folder: RunFolder) -> bool:
    """Return whether a living process owns the run."""
    try:
        descriptor = os.open(folder.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def wait_for_owner(folder: RunFolder, *, most_s: float, until: Callable[[], bool] = lambda: False) -> None:
    """Let the owner of a run that has nothing more to do come to its end, or to *until*, for at most *most_s* s."""
    latest = time.monotonic() + most_s
    while owned(folder) and not until() and time.monotonic() < latest:
        time.sleep(_LOOK_S)


def owner_pid(folder: RunFolder) -> int | None:
    """Return the pid that the owner signed its lock with; None where nobody owns the run, 0 where nobody signed."""
    return _signed(folder) if owned(folder) else None


def halted(folder: RunFolder) -> str:
    """Return what to do about an owner that stands still (Ctrl-Z, SIGSTOP), "" where it does not, or there is none."""
    from forkjoin.backends import stands_still

    pid = owner_pid(folder)
    if not pid or not stands_still(pid):
        return ""
    return (
        f"that process stands still (Ctrl-Z, SIGSTOP) and does nothing for the run: let it go on: kill -CONT {pid}; "
        f"or end it: kill -9 {pid}, then: forkjoin resume {folder.run}"
    )


def _said(folder: RunFolder) -> str:
    """Return who signed the lock, for a message."""
    pid = _signed(folder)
    return f"process {pid}" if pid else "another process"


def _signed(folder: RunFolder) -> int:
    try:
        return int(json.loads(folder.lock.read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
