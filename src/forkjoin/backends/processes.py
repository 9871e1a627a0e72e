"""Processes as the kernel knows them: who one is, who descends from whom, and how to end exactly that one.

Standard library only: the nursery and its shims import this file by itself, without the package around it.
Linux has all of it. Elsewhere (macOS; not tested) there is no pidfd, no subreaper and no /proc: a start time is 0, the
life of a process is asked by signal 0, and a daemon that left its group is not found.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator
    from typing import Any
else:
    import _signal as signal  # the same without its enums: nursery.py says why

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
MOST_ENVIRON = 8 * 1024 * 1024  # bytes of an environment that are looked at
MANY = 16  # processes that are all made to halt before the first is killed, so that they cannot outrun us
_PASSES = 50
_CHASES = 5


class Stat:
    """What `/proc/PID/stat` says; `start` and `cpu` in clock ticks, `start` since boot; `pages` in memory.

    `cpu` has what the children have used that it has reaped: a build burns its time in programs that last an instant.
    """

    __slots__ = ("cpu", "pages", "pid", "ppid", "start", "state", "threads")

    def __init__(self, pid: int, line: bytes) -> None:
        # The name of the program stands in brackets and may hold anything, brackets and spaces too.
        fields = line.rpartition(b")")[2].split()
        self.pid, self.state, self.ppid = pid, fields[0], int(fields[1])
        self.cpu, self.start = sum(map(int, fields[11:15])), int(fields[19])
        self.threads, self.pages = int(fields[17]), int(fields[21])

    @property
    def dead(self) -> bool:
        """Whether it has ended and only waits to be reaped."""
        return self.state in (b"Z", b"X", b"x")


def stat(pid: int) -> Stat | None:
    """Return the process's stat, None where there is no such process (or no /proc)."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return Stat(pid, os.read(fd, 4096))
    except (OSError, IndexError, ValueError):  # it went while it was read
        return None
    finally:
        os.close(fd)


def start_of(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 where it is not there or that cannot be told."""
    found = stat(pid)
    return found.start if found is not None else 0


def stands_still(pid: int) -> bool:
    """Whether a process is stopped (SIGSTOP, Ctrl-Z); False where that cannot be told."""
    found = stat(pid)
    return found is not None and found.state == b"T"


def _read_boot_id() -> str:
    try:
        fd = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return "-"
    try:
        return os.read(fd, 64).decode("ascii").strip() or "-"
    finally:
        os.close(fd)


_BOOT = _read_boot_id()  # once: each shim is forked with it


def boot_id() -> str:
    """Return the id of this boot of the machine, "-" where it has none."""
    return _BOOT


def written(pid: int) -> str:
    """Return who a process is, for a file: "PID START BOOT"."""
    return f"{pid} {start_of(pid)} {boot_id()}"


def become_subreaper(name: bytes) -> bool:
    """Take in every orphan that descends from this process, and be called *name*; False where that cannot be."""
    try:
        _prctl(PR_SET_NAME, name)
        return bool(_prctl(PR_SET_CHILD_SUBREAPER, 1) == 0)
    except (OSError, AttributeError, TypeError):
        return False


def die_with(parent: int) -> bool:
    """Have the kernel kill this process when its parent ends; False where *parent* is no longer that."""
    try:
        _prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    except (OSError, AttributeError, TypeError):
        return True  # not here: the sweep has to do
    return os.getppid() == parent


def _load_prctl() -> Any:
    try:
        import ctypes  # some Pythons are built without it

        return ctypes.CDLL(None, use_errno=True).prctl
    except (ImportError, OSError, AttributeError):
        return None


_prctl = _load_prctl()


def descendants(root: int, *, without: frozenset[int] = frozenset()) -> list[Stat]:
    """Return the living processes that descend from *root*; those in *without* and theirs are left out."""
    return _below(root, _children(), without)


def tree(root: int, *, without: frozenset[int] = frozenset()) -> Iterator[Stat]:
    """Yield the processes below *root*, those that are dead and not reaped too, by what each says of its children.

    That costs the tree's own size, whatever else the machine runs; one that is born meanwhile may be missed. Those in
    *without* and theirs are left out.
    """
    if not os.path.exists("/proc/thread-self/children"):  # noqa: PTH110 - pathlib is too dear here
        yield from descendants(root, without=without)
        return
    todo, seen = _children_of(root, threads=2), {root, *without}
    while todo:
        pid = todo.pop()
        found = None if pid in seen else stat(pid)
        if found is not None:
            seen.add(pid)
            yield found
            todo += _children_of(pid, threads=found.threads)


def _children_of(pid: int, *, threads: int) -> list[int]:
    """Return the children of a process; each of its threads has its own."""
    try:
        own = os.listdir(f"/proc/{pid}/task") if threads > 1 else [str(pid)]  # noqa: PTH208 - pathlib is too dear here
    except OSError:
        return []
    return [child for thread in own for child in _numbers(f"/proc/{pid}/task/{thread}/children")]


def _numbers(path: str) -> list[int]:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib is too dear here
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def marked(name: bytes) -> dict[bytes, list[Stat]]:
    """Return the living processes of this user that have the environment variable *name*, by its value, and for each
    value all that descend from them; never this process or what descends from it only.
    """
    children, own = _children(), os.getpid()
    found: dict[bytes, dict[int, Stat]] = {}
    for process in [process for siblings in children.values() for process in siblings]:
        value = b"" if process.dead or process.pid == own else _variable(process.pid, name)
        if value:
            family = found.setdefault(value, {})
            family[process.pid] = process
            family.update((one.pid, one) for one in _below(process.pid, children, frozenset((own,))))
    return {value: list(family.values()) for value, family in found.items()}


def _children() -> dict[int, list[Stat]]:
    children: dict[int, list[Stat]] = {}
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib is too dear here
    except OSError:
        return {}
    for name in names:
        if name.isdigit() and (found := stat(int(name))) is not None:
            children.setdefault(found.ppid, []).append(found)
    return children


def _below(root: int, children: dict[int, list[Stat]], without: frozenset[int]) -> list[Stat]:
    below: list[Stat] = []
    todo, seen = [root], {root}  # what was read while processes moved may hold a circle
    while todo:
        for child in children.get(todo.pop(), ()):
            if child.pid not in without and child.pid not in seen:
                seen.add(child.pid)
                below.append(child)
                todo.append(child.pid)
    return [process for process in below if not process.dead]


def _variable(pid: int, name: bytes) -> bytes:
    """Return an environment variable as the process was given it; b"" where it has none, or is another user's."""
    try:
        if os.stat(f"/proc/{pid}").st_uid != os.geteuid():  # noqa: PTH116 - pathlib is too dear here
            return b""
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:  # noqa: PTH123 - pathlib is too dear here
            environ = b"\0" + file.read(MOST_ENVIRON)
    except OSError:
        return b""
    at = environ.find(b"\0" + name + b"=")
    return b"" if at < 0 else environ[at + len(name) + 2 :].partition(b"\0")[0]


def send(pid: int, start: int, number: int) -> bool:
    """Send a signal to exactly that process, never to another that got its pid since; False where it is gone."""
    if not hasattr(os, "pidfd_open"):
        return send_by_pid(pid, number)
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        found = stat(pid)  # read after the pidfd is held: if it is the right one now, the pidfd is the right one
        if found is None or (start and found.start != start):
            return False
        signal.pidfd_send_signal(fd, number)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def send_by_pid(pid: int, number: int) -> bool:
    """Send a signal to whatever has that pid; False where that cannot be."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def end_all(root: int, seen: set[tuple[int, int]], *, without: frozenset[int] = frozenset()) -> None:
    """Kill every living descendant of *root* but those in *without* and theirs; add each to *seen*."""
    found = descendants(root, without=without)
    halted: set[int] = set()
    passes = _PASSES if len(found) > MANY else 0
    while passes and (running := [process for process in found if process.pid not in halted]):
        for process in running:
            halted.add(process.pid)
            send(process.pid, process.start, signal.SIGSTOP)
        passes -= 1
        found = descendants(root, without=without)
    for process in found:
        seen.add((process.pid, process.start))
        send(process.pid, process.start, signal.SIGKILL)
    # Reading all of /proc takes longer than a process in flight lives: the next of its line stands in a list of the
    # kernel's.
    for _ in range(_CHASES):
        for process in tree(root, without=without):
            if process.state != b"Z":
                seen.add((process.pid, process.start))
                send(process.pid, process.start, signal.SIGKILL)


class Watch:
    """Looks whether one process is still there. `fd` turns readable when it ends; -1: ask `gone` now and then."""

    def __init__(self, pid: int, start: int) -> None:
        self.pid, self.start, self.fd = pid, start, -1
        if hasattr(os, "pidfd_open"):
            try:
                self.fd = os.pidfd_open(pid)
            except OSError:
                self.fd = -1

    def gone(self) -> bool:
        """Whether the process has ended, or another one has its pid."""
        if os.path.isdir("/proc/self"):  # noqa: PTH112 - pathlib is too dear here
            found = stat(self.pid)
            return found is None or found.dead or self.start not in (0, found.start)
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Let go of it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
