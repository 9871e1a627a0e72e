"""Named points at which a trial can kill a process of ours -9; nothing happens where the variable is not set.

`FORKJOIN_FAILPOINTS=DIR`: whoever reaches a point appends a record of 64 bytes to `DIR/hits`, owner, nursery and shims
alike, so that its place in the file is a number over the whole run. Where `DIR/kill` names that number, or the
point (`NAME`, or `NAME#3` for its third time), the process is killed there. Standard library only: the nursery and
the shim load it too. (The idea: fail points of FreeBSD, and of the `fail` crate.)
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # the same without its enums: nursery.py says why

VARIABLE = "FORKJOIN_FAILPOINTS"
WIDTH = 64
_folder = os.environ.get(VARIABLE, "")


def reached(name: str) -> None:
    """Say that the point *name* is reached; in a trial that wants it so, this is the last thing the process does."""
    if _folder:
        _hit(name)


def _hit(name: str) -> None:
    record = f"{name} {os.getpid()}".ljust(WIDTH - 1)[: WIDTH - 1] + "\n"
    fd = os.open(f"{_folder}/hits", os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, record.encode("ascii"))
        number = os.lseek(fd, 0, os.SEEK_CUR) // WIDTH
        wanted = _wanted()
        if wanted and _is_wanted(fd, name, number, wanted):
            os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os.close(fd)


def _wanted() -> set[str]:
    try:
        with open(f"{_folder}/kill", encoding="ascii") as file:  # noqa: PTH123 - pathlib is too dear for the shim
            return set(file.read().split())
    except OSError:
        return set()


def _is_wanted(fd: int, name: str, number: int, wanted: set[str]) -> bool:
    if str(number) in wanted or name in wanted:
        return True
    if not any(one.startswith(f"{name}#") for one in wanted):
        return False
    hits = os.pread(fd, number * WIDTH, 0).decode("ascii").split("\n")
    return f"{name}#{sum(hit.startswith(f'{name} ') for hit in hits)}" in wanted
