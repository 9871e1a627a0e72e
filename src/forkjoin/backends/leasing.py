"""Whether an attempt's owner lives; and where it does not, until when another one is waited for.

Standard library only: shims import this file by itself.
"""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from forkjoin.backends import processes
else:
    import processes

LOOK_S = 1.0  # how often it is looked who owns the run now, and where there is no pidfd to watch by, whether it lives
NEVER = float("inf")


class Lease:
    """Times are of the monotonic clock: `end` is when an attempt without an owner is ended, `poll` the next look."""

    def __init__(self, file: str, poller: select.poll, *, lasts_s: float) -> None:
        self._file, self._poller, self._lasts_s = file, poller, lasts_s
        self._owner = ""
        self._watch: processes.Watch | None = None
        self.end = self.poll = NEVER

    @property
    def fd(self) -> int:
        """The open file that says that the owner is gone; -1 where none is watched."""
        return -1 if self._watch is None else self._watch.fd

    def follow(self, owner: str) -> bool:
        """Watch *owner*, as a lease names it; False where that one is gone, and nobody new is watched."""
        pid, start, boot, _token = owner.split()
        watch = processes.Watch(int(pid), int(start))
        if watch.gone() or boot != processes.boot_id():
            watch.close()
            return False
        self._owner, self._watch = owner, watch
        self.end, self.poll = NEVER, NEVER
        if watch.fd >= 0:
            self._poller.register(watch.fd, select.POLLIN)
        else:
            self.poll = time.monotonic() + LOOK_S
        return True

    def lapse(self) -> None:
        """The owner is gone: from now on another one is waited for."""
        if self._watch is not None:
            if self._watch.fd >= 0:
                self._poller.unregister(self._watch.fd)
            self._watch.close()
            self._watch = None
        now = time.monotonic()
        self.poll, self.end = now + LOOK_S, now + self._lasts_s

    def look(self, now: float) -> bool:
        """Look for an owner who has come; return whether the one there was is found to be gone."""
        self.poll = now + LOOK_S
        if self._watch is not None:
            return self._watch.gone()
        try:
            with open(self._file, encoding="ascii") as file:  # noqa: PTH123 - pathlib is too dear here
                owner = file.read(256)
            if owner != self._owner:
                self.follow(owner)
        except (OSError, ValueError):  # nobody has come yet
            pass
        return False
