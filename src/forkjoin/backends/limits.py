"""What the processes of an attempt use, and which of its limits that breaks. Standard library only: a shim's own.

Looked at now and then, not counted by the kernel: that would need a control group, which few users may make. One look
reads two or three files of /proc for each process of the tree, and none of any other process.
"""

from __future__ import annotations

import os
import resource

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from forkjoin.backends import processes
else:
    import processes

_PAGE = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024


class Breach:
    """A limit that is broken: its name (the word of the record), what was found, and what is allowed."""

    __slots__ = ("allowed", "name", "used")

    def __init__(self, name: str, *, used: float, allowed: float) -> None:
        self.name, self.used, self.allowed = name, used, allowed


class Limits:
    """The limits of the tree below the process *root*: `memory` and `disk` in bytes, `count` of processes."""

    def __init__(self, root: int, *, memory: int, count: int, disk: int) -> None:
        self._root, self._memory, self._count, self._disk = root, memory, count, disk

    def look(self) -> Breach | None:
        """Return the first limit that is broken now, None where none is."""
        living: list[int] = []
        resident, written = 0, _written(self._root)  # what is reaped is on the account of whoever reaped it
        for process in processes.tree(self._root):
            written += _written(process.pid)
            if not process.dead:
                living.append(process.pid)
                resident += process.pages * _PAGE
            if len(living) > self._count:
                return Breach("processes", used=len(living), allowed=self._count)
        if written > self._disk:
            return Breach("disk", used=written, allowed=self._disk)
        # Pages that many processes share are in the resident memory of each; the exact sum is dear, and seldom needed.
        if resident > self._memory and (used := sum(map(_proportional, living))) > self._memory:
            return Breach("memory", used=used, allowed=self._memory)
        return None


def cpu_s() -> float:
    """Return the seconds of processors that all below this process have used, those that have been reaped too.

    It never falls: who ends is on the account of whoever reaps it.
    """
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = sum(process.cpu for process in processes.descendants(os.getpid()))
    return reaped.ru_utime + reaped.ru_stime + alive / os.sysconf("SC_CLK_TCK")


def _written(pid: int) -> int:
    """Return the bytes a process and those it has reaped had written to disks; 0 where that may not be asked."""
    return _field(f"/proc/{pid}/io", b"\nwrite_bytes:")


def _proportional(pid: int) -> int:
    """Return the bytes of memory of a process, each page shared by n processes as one n-th."""
    return _field(f"/proc/{pid}/smaps_rollup", b"\nPss:") * _KIB


def _field(path: str, name: bytes) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        said = os.read(fd, 4096)
    except OSError:  # it went meanwhile
        return 0
    finally:
        os.close(fd)
    words = said.partition(name)[2].split(None, 1)
    return int(words[0]) if words else 0
