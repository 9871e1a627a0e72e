"""Oracles that stand outside the system: /proc, a log that the tasks write themselves, and what lies on the disk."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import select
import sqlite3
import subprocess
from pathlib import Path

Count = collections.Counter[str]


def processes() -> list[int]:
    """Return the ids of all processes."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - often: no paths are made


def content(path: str) -> bytes:
    """Return what a file holds, b"" where it is not there (any more).

    By raw calls: the trials look at all of /proc again and again, and by pathlib that was a third of what they cost.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    parts = []
    try:
        while part := os.read(fd, 1 << 16):
            parts.append(part)
    except OSError:  # a process that is ending
        return b""
    finally:
        os.close(fd)
    return b"".join(parts)


def parent_and_state(pid: int) -> tuple[int, str]:
    """Return a process's parent and state letter; (0, "X") of one that is gone."""
    said = content(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (int(said[1]), said[0].decode()) if len(said) > 1 else (0, "X")


def helpers(home: Path, *names: str) -> list[int]:
    """Return our nurseries or shims (by *names*) of the runs below *home*: told from others by where their log goes."""
    wanted = {f"{name}\n".encode() for name in names}
    return [pid for pid in processes() if content(f"/proc/{pid}/comm") in wanted and _logs_into(home, pid)]


def _logs_into(home: Path, pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/fd/2").startswith(str(home))  # noqa: PTH115 - a path of a process, as it is
    except OSError:
        return False


def supervisors(home: Path) -> list[int]:
    """Return the detached owners of runs below *home*."""
    return [pid for pid in processes() if supervises(home, pid)]


def supervises(home: Path, pid: int) -> bool:
    """Whether a process is a detached owner of a run below *home*."""
    line = content(f"/proc/{pid}/cmdline")
    return b"forkjoin.engine.supervise" in line and str(home).encode() in line


def marked(home: Path) -> list[int]:
    """Return the living processes of any attempt below *home*, by the mark in their environment."""
    mark = b"\0" + f"FORKJOIN_ATTEMPT={home}/".encode()
    return [
        pid
        for pid in processes()
        if mark in b"\0" + content(f"/proc/{pid}/environ") and parent_and_state(pid)[1] not in "ZX"
    ]


def alive(home: Path) -> list[int]:
    """Return what lives of the attempts below *home*: their processes, and our nurseries and shims."""
    return marked(home) + helpers(home, "forkjoin-nurse", "forkjoin-shim")


def ended_within(pid: int, seconds: float) -> bool:
    """Wait for the end of a child of ours, and leave it to be waited for; False where it lives on."""
    fd = os.pidfd_open(pid)
    try:
        return bool(select.select([fd], [], [], seconds)[0])
    finally:
        os.close(fd)


def torn_records(home: Path) -> list[str]:
    """Return the exit records below *home* that are not whole: at no moment there may be one."""
    found = []
    for record in home.glob("runs/*/tasks/*/*/exit.json"):
        try:
            json.loads(record.read_bytes())
        except ValueError:
            found.append(str(record.relative_to(home)))
        except OSError:  # removed meanwhile
            continue
    return found


def ended_attempts(home: Path) -> set[tuple[str, int]]:
    """Return the attempts, as task and number, that have an exit record."""
    return {(record.parts[-3], int(record.parts[-2])) for record in home.glob("runs/*/tasks/*/*/exit.json")}


def succeeded(home: Path) -> set[tuple[str, int]]:
    """Return those of them whose program ended well: no other attempt may ever follow."""
    found = set()
    for record in home.glob("runs/*/tasks/*/*/exit.json"):
        with contextlib.suppress(OSError, ValueError):  # removed meanwhile; torn_records tells of one that is not whole
            if json.loads(record.read_bytes()).get("code") == 0:
                found.add((record.parts[-3], int(record.parts[-2])))
    return found


def left_on_disk(home: Path, tree: Path) -> list[str]:
    """Return what is left below *home* and hidden in the user's repository when every run was removed."""
    left = [
        str(path.relative_to(home))
        for folder in ("runs", "workspaces", "unfinished")
        for path in home.glob(f"{folder}/*")
    ]
    if not (tree / ".git").exists():
        return left
    refs = git(tree, "for-each-ref", "--format=%(refname)", "refs/forkjoin").split()
    changed = git(tree, "status", "--porcelain").split("\n")
    return left + refs + [line for line in changed if line]


def logged(log: Path) -> tuple[Count, Count]:
    """Return how often each task began and came to its end, as the tasks themselves wrote it: `S NAME`, `E NAME`."""
    lines = [line.split() for line in content(str(log)).decode().splitlines()]
    return (
        collections.Counter(name for word, name in lines if word == "S"),
        collections.Counter(name for word, name in lines if word == "E"),
    )


def unjournaled(home: Path, log: Path) -> Count:
    """Return the starts that tasks wrote themselves and no journal holds: effects that went before their commit.

    An owner that comes later would adopt them, so they are looked for while there is none.
    """
    began, known = logged(log)[0], Count()
    for journal in home.glob("runs/*/journal.db"):
        with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
            known.update(name for (name,) in reader.execute("SELECT task FROM event WHERE kind = 'starting'"))
    return began - known


def planned(journal: Path) -> bool:
    """Whether the plan is committed: before that there is no run, nor an id that anybody was told."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
            return bool(reader.execute("SELECT count(*) FROM event").fetchone()[0])
    except sqlite3.Error:
        return False


def taken_up_at(journal: Path, ended: set[tuple[str, int]]) -> float:
    """Return when a run's last owner had it and had collected the attempts that had *ended* before it came."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
        rows = reader.execute("SELECT at, kind, task, attempt FROM event WHERE kind IN ('owned', 'ended')").fetchall()
    return max((at for at, kind, task, number in rows if kind == "owned" or (task, number) in ended), default=0.0)


def git(tree: Path, *words: str) -> str:
    """Return what git says of the user's repository."""
    return subprocess.run(["git", "-C", str(tree), *words], check=True, capture_output=True, text=True).stdout


def repository(tree: Path) -> None:
    """Make a repository with one commit."""
    tree.mkdir(parents=True)
    line = "git init -q . && git config user.email t@example.org && git config user.name T && echo x > f && git add f"
    subprocess.run(f"{line} && git commit -qm x", shell=True, cwd=tree, check=True)


def environ(home: Path) -> dict[str, str]:
    """Return the environment of a trial: nothing of ours, and a state folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORKJOIN")}
    return kept | {"FORKJOIN_HOME": str(home)}
