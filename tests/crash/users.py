"""Another user of the machine tries what forkjoin must not let happen: read, write, plant, signal, take its place.

The caller's umask is 000, and its state folder lies where everybody may write (a folder like /tmp). The other is uid
65534, which only root can become. `python tests/crash/users.py --trials 60 --json FILE` is the long form. Its keys:

trials, operations  how many trials, and what the other tried in them
succeeded           what of it came about; must be 0
open_modes          files and folders of ours that somebody else may open, were it not for the folder above; must be 0
refused             commands that refused a state folder which is not the user's alone
run_for_others      programs of a planted run that were run; must be 0
survivors           processes alive two seconds after the end; must be 0
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import sqlite3
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/users.py`
from crash.forms import Trial, long_form
from crash.looking import helpers, logged, supervisors

STRANGER = 65534
SHARED = "shared/state"  # where everybody may make things
PEEKS = ("peek-attached", "peek-detached", "peek-ended")
# What stands where the state folder is to be, made by the other beforehand; ours, but open to others, in the last ones.
PLACES = (
    "planted-folder", "planted-link", "planted-link-to-ours", "planted-dangling", "planted-file", "planted-pipe",
    "planted-shelf", "open-folder", "open-shelf",
)  # fmt: skip
KINDS = (*PEEKS, *PLACES)
VERBS = (
    ("ls",), ("resume",), ("resume", "--all", "--detach"), ("wait",), ("show",), ("log",), ("report",),
    ("doctor", "--fix"), ("rm", "--discard", "20260101-000000-aaaa"), ("stop",), ("watch",), ("check", "PLAN"),
    ("run", "PLAN", "-q"), ("run", "PLAN", "--detach"), ("doctor",),
)  # fmt: skip
ZEROS = ("succeeded", "open_modes", "run_for_others", "survivors")


def missing(_: str) -> str:
    """Say why it cannot be tried here."""
    return "" if os.geteuid() == 0 else "only root can become another user"


def one(made: Trial) -> None:
    """Run a trial of that kind."""
    os.umask(0)
    made.folder.chmod(0o755)
    made.folder.parent.chmod(0o755)
    (made.folder / "shared").mkdir()
    (made.folder / "shared").chmod(0o1777)
    if made.kind in PEEKS:
        peek(made)
    else:
        placed(made)


# -- a run that somebody else looks at


def peek(made: Trial) -> None:
    """Have the other try everything while a run is under way, or after it."""
    made.state = SHARED
    wait = f"while ! test -e {made.folder}/go; do sleep 0.1; done"
    plan = made.plan([
        {"id": "reader", "shell": f"echo secret; echo S reader >> {made.log}; {wait}", "writes": []},
        {"id": "writer", "shell": f"echo secret > w.txt; {wait}; echo done", "writes": ["w.txt"]},
    ])  # fmt: skip
    owner = made.start("run", plan, *(["-q"] if made.kind != "peek-detached" else ["--detach"]))
    made.until(lambda: logged(made.log)[0]["reader"] and list(made.home.glob("workspaces/*/*/*/w.txt")), "both began")
    if made.kind == "peek-ended":
        (made.folder / "go").touch()
        owner.wait(60)
    (run,) = made.runs()
    for name, attempt in operations(made, run, owner.pid).items():
        made.counts["operations"] += 1
        if as_stranger(attempt):
            made.counts["succeeded"] += 1
            made.broken.append(f"the other could: {name}")
    for path in ours(made.home):
        if path.lstat().st_mode & 0o077 and not path.is_symlink():
            made.counts["open_modes"] += 1
            made.broken.append(f"{stat.filemode(path.lstat().st_mode)} {path.relative_to(made.home)}")
    (made.folder / "go").touch()
    if made.done("wait", run).returncode != 0:
        made.broken.append("the run did not complete")
    owner.wait(60)
    made.alone(time.monotonic())


def ours(home: Path) -> list[Path]:
    """Return the files that we make for ourselves: not what lies in a workspace, or in the store of its objects."""
    found = [home, *home.rglob("*")]
    theirs = {"workspaces", "workspace", "git", "scratch"}  # what git, and the programs of tasks, make as they like
    return [path for path in found if not theirs & {part.name for part in path.relative_to(home).parents}]


def operations(made: Trial, run: str, owner: int) -> dict[str, Callable[[], object]]:
    """Return what the other tries, by name; each returns or raises as the system has it."""
    home, folder = made.home, made.home / "runs" / run
    attempt, place = folder / "tasks" / "reader" / "1", home / "workspaces" / run / "writer-1" / "tree"
    shims = helpers(home, "forkjoin-shim") or [os.getpid()]
    pids = [*shims, *supervisors(home)] or [owner]
    reads = [folder / name for name in ("journal.db", "journal.db-wal", "owner.lock", "lease", "nursery.log")]
    reads += [attempt / name for name in ("brief.md", "stdout.0000", "lock", "exit.json")]
    reads += [*home.glob("claims/*.db"), place / "w.txt", folder / "git" / "config", folder / "report.md"]
    listed = [home, home / "runs", home / "unfinished", home / "workspaces", home / "claims", folder, place, attempt]
    planted = home / "runs" / "20260101-000000-aaaa"
    tries: dict[str, Callable[[], object]] = {
        **{f"read {path.relative_to(home)}": path.read_bytes for path in reads},
        **{f"list {path.relative_to(home)}": lambda path=path: [*path.iterdir()] for path in listed},
        **{f"write {path.relative_to(home)}": lambda path=path: path.open("ab") for path in reads},
        "make a run": planted.mkdir,
        "make an unfinished run": (home / "unfinished" / "x").mkdir,
        "make an answer": lambda: (attempt / "exit.json").write_text("{}"),
        "a file in the clone": lambda: (place / "y.txt").write_text("y"),
        "move the state folder away": lambda: home.rename(home.with_name("away")),
        "put a link in its place": lambda: (
            home.with_name("link").symlink_to("/") or home.with_name("link").replace(home)
        ),
        "link to the journal": lambda: os.link(folder / "journal.db", made.folder / "shared" / "hard"),
        "take the owner's lock": lambda: fcntl.flock(os.open(folder / "owner.lock", os.O_RDONLY), fcntl.LOCK_SH),
        "take an attempt's lock": lambda: fcntl.flock(os.open(attempt / "lock", os.O_RDONLY), fcntl.LOCK_EX),
        "open the journal": lambda: sqlite3.connect(folder / "journal.db").execute("SELECT * FROM event").fetchall(),
        "add a wish": lambda: sqlite3.connect(folder / "journal.db").execute(
            "INSERT INTO event VALUES (1,1,1,1,1,1,1,1)"
        ),
    }
    for pid in pids:
        tries |= {
            f"signal {pid}": lambda pid=pid: os.kill(pid, 0),
            f"environment of {pid}": Path(f"/proc/{pid}/environ").read_bytes,
            f"memory of {pid}": lambda pid=pid: os.open(f"/proc/{pid}/mem", os.O_RDWR),
            f"descriptors of {pid}": lambda pid=pid: [*Path(f"/proc/{pid}/fd").iterdir()],
            f"trace {pid}": lambda pid=pid: traced(pid),
            f"cwd of {pid}": lambda pid=pid: Path(f"/proc/{pid}/cwd").readlink(),
        }
    for name in sockets():
        tries[f"connect to {name}"] = lambda name=name: socket.socket(socket.AF_UNIX).connect(name)
    return tries


def sockets() -> list[str]:
    """Return the names of sockets that are ours: none, for owner and nursery speak by a pair without a name."""
    names = [line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()[1:] if len(line.split()) > 7]
    return [f"\0{name[1:]}" if name.startswith("@") else name for name in names if "forkjoin" in name]


def traced(pid: int) -> None:
    """Attach to a process as a debugger would; raise where that is refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0x4206, pid, 0, 0):  # PTRACE_SEIZE
        raise PermissionError(ctypes.get_errno())


def as_stranger(attempt: Callable[[], object]) -> bool:
    """Whether *attempt* comes about when the other user makes it, in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(STRANGER, STRANGER, STRANGER)
            os.setresuid(STRANGER, STRANGER, STRANGER)
            attempt()
            code = 0
        except Exception:
            code = 1
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


# -- what stands where the state folder is to be


def placed(made: Trial) -> None:
    """Have every command meet a state folder that is not the user's alone: each refuses it, and says what to do."""
    bait = shutil.copytree(stopped_run(made), made.folder / "bait", symlinks=True)
    made.state = SHARED
    place(made, made.home, bait)
    before = listing(made.home)
    plan = made.plan([{"id": "mine", "shell": "echo mine", "writes": []}])
    for verb in VERBS:
        words = [plan if word == "PLAN" else word for word in verb]
        made.counts["operations"] += 1
        said = made.done(*words, patience_s=30.0)
        told = said.stderr + said.stdout
        if said.returncode != 7 or "FORKJOIN_HOME" not in told:
            made.counts["succeeded"] += 1
            made.broken.append(f"forkjoin {' '.join(verb)} ended with {said.returncode}: {told[-200:]}")
        made.counts["refused"] += said.returncode == 7
    if (made.folder / "go.ran").exists():
        made.counts["run_for_others"] += 1
        made.broken.append("a program of the planted run was run")
    if listing(made.home) != before:
        made.broken.append(f"something was changed in it: {listing(made.home) ^ before}")
    made.alone(time.monotonic())


def stopped_run(made: Trial) -> Path:
    """Return a state folder with a run that has still something to do, as the other might plant one."""
    tasks = [
        {"id": "first", "shell": "sleep 60", "writes": []},
        {"id": "evil", "shell": f"touch {made.folder}/go.ran", "writes": [], "after": ["first"]},
    ]
    owner = made.start("run", made.plan(tasks), "-q")
    made.until(made.alive, "it has begun")
    owner.kill()
    owner.wait()
    for _ in range(3):
        made.tidy()
        time.sleep(0.1)
    return made.home


def place(made: Trial, home: Path, bait: Path) -> None:
    """Make what the kind says where the state folder is to be."""
    if made.kind == "planted-folder":
        bait.rename(home)
        theirs(home)
    elif made.kind == "planted-link":
        theirs(bait)
        linked(home, bait)
    elif made.kind == "planted-link-to-ours":  # a folder of ours that others may not write: the link is theirs
        bait.chmod(0o700)
        linked(home, bait)
    elif made.kind == "planted-dangling":
        linked(home, made.folder / "nothing")
    elif made.kind == "planted-file":
        home.write_text("x")
        os.chown(home, STRANGER, STRANGER)
    elif made.kind == "planted-pipe":
        os.mkfifo(home)
        os.chown(home, STRANGER, STRANGER)
    elif made.kind == "planted-shelf":
        bait.rename(home)
        home.chmod(0o755)
        theirs(home / "runs")
    else:
        bait.rename(home)
        (home if made.kind == "open-folder" else home / "runs").chmod(0o777)


def theirs(folder: Path) -> None:
    """Give a folder, with all in it, to the other."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    folder.chmod(0o777)


def linked(link: Path, to: Path) -> None:
    """Make the other's link."""
    link.symlink_to(to)
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)


def listing(folder: Path) -> set[str]:
    """Return what lies below, but for what reading a database leaves."""
    with suppress(OSError):
        names = [str(path) for path in folder.rglob("*")]
        return {name for name in names if not name.endswith(("-wal", "-shm"))}
    return set()


if __name__ == "__main__":
    sys.exit(long_form(__doc__, KINDS, one, zeros=ZEROS, missing=missing))
