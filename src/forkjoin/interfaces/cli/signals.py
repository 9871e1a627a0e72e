"""Signals while a run is attended: noted by the handler, acted on by the loop. Only the command line installs any."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

_WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)


class Signals:
    """Notes SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH while the block lasts; `wait` ends early when one comes."""

    def __enter__(self) -> Signals:
        self._noted: list[int] = []
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._mouth, False)
        self._before: dict[int, Any] = {}
        for number in _WATCHED:
            # What was ignored on purpose (nohup, a background job of a plain shell) stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._mouth)
        os.close(self._ear)

    def taken(self) -> list[int]:
        """Return the signals that came since last asked, in order."""
        taken = self._noted[:]
        del self._noted[: len(taken)]
        return taken

    def wake(self) -> None:
        """End a `wait` from any thread."""
        with suppress(OSError):  # full: it is awake anyway; closed: nobody waits any more
            os.write(self._mouth, b"!")

    def wait(self, timeout_s: float, *, also: Sequence[int] = ()) -> None:
        """Sleep until a signal, a `wake`, input on one of the descriptors *also*, or the timeout."""
        ready = select.select([self._ear, *also], [], [], timeout_s)[0]
        if self._ear in ready:
            with suppress(BlockingIOError):
                os.read(self._ear, 4096)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._noted.append(number)
        self.wake()
