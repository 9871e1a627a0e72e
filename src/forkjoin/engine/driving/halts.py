"""Whether this process has stood still: stopped by a signal, frozen with its container, asleep with its machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from forkjoin.engine.driving.moments import Moments
from forkjoin.model import StoodStill

_HALTED_S = 1.0  # a pause that took that much longer than it was to; less is a busy moment
_QUEUED = Path("/proc/thread-self/schedstat")  # Linux: ns on a processor, ns waiting for one, turns


class Halts:
    """Measures pauses of the owner's loop, in the loop's thread. Work of our own, and waiting for a processor, is none.

    (Both are our overhead: the machine is busy, and nobody has stopped us.)
    """

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self.mark()

    def mark(self) -> None:
        """Here a pause begins."""
        self._since, self._used = self._moments.now(), _busy()

    def since_the_mark(self, meant: float) -> Iterator[StoodStill]:
        """Yield the halt where the pause, which was to take *meant* seconds, was one. The next begins here.

        (No moment lies between two pauses: what halts us may do so in the middle of a look.)
        """
        since, used = self._since, self._used
        self.mark()
        late = self._since - since - meant
        if late > _HALTED_S and late - (self._used - used) > _HALTED_S:
            yield StoodStill(since=since, until=self._since)


def _busy() -> float:
    """Return the seconds that this process has worked, and this thread has waited for a processor, so far."""
    waited = 0.0
    with suppress(OSError, ValueError, IndexError):  # not Linux, or not told here
        waited = int(_QUEUED.read_bytes().split()[1]) / 1e9
    return time.process_time() + waited
