"""The moments of an owner's events: Unix time, of which a clock that is set meanwhile changes nothing."""

from __future__ import annotations

import time


class Moments:
    """The wall clock as it was when this was made, and what has passed since.

    The time in which the machine slept counts, where the system can tell it (CLOCK_BOOTTIME, Linux).
    """

    def __init__(self) -> None:
        self._wall, self._before = time.time(), _passed()

    def now(self) -> float:
        """Return Unix time."""
        return self._wall + _passed() - self._before


def _passed() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
