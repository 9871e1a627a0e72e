"""Telling whoever wants to hear it what happens in a run, while this process drives it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import TypeAlias

from forkjoin.engine.records.reader import LOOK_S, RunReader
from forkjoin.errors import RunClosed
from forkjoin.model import Recorded

Watcher: TypeAlias = Callable[[Recorded], None]
_LOOK_BACK_S = 0.005  # how often a watcher that has still to be told something is looked at


class Teller:
    """Tells a run's events to a watcher in a thread of its own, each once and in order, until `finish`.

    What a watcher raises becomes a RuntimeWarning and ends the telling; so does closing the run, without a word.
    """

    def __init__(self, run: RunReader, watcher: Watcher | None) -> None:
        self._run, self._watcher, self._over = run, watcher, Event()
        self._thread = Thread(target=self._tell, daemon=True, name=f"forkjoin-watcher-{run.id}")
        if watcher is not None:
            self._thread.start()

    def finish(self) -> None:
        """Wait until all that was committed so far has been told."""
        self._over.set()
        if self._watcher is not None:
            self._thread.join()

    async def finished(self) -> None:
        """Do what `finish` does without blocking the running loop."""
        import asyncio  # whoever awaits this has it

        self._over.set()
        while self._thread.is_alive():
            await asyncio.sleep(_LOOK_BACK_S)

    def _tell(self) -> None:
        since, last = 0, False
        while not last and self._watcher is not None:
            last = self._over.is_set()
            for recorded in self._news(since):
                try:
                    self._watcher(recorded)
                except Exception as error:
                    name = type(error).__name__
                    told = f"on_event raised {name}: {error}; it is told no more, run {self._run.id} goes on"
                    warnings.warn(told, RuntimeWarning, stacklevel=1)
                    return
                since = recorded.seq
            self._over.wait(LOOK_S)

    def _news(self, since: int) -> list[Recorded]:
        with suppress(RunClosed):  # by whoever waited for its end, and wants to hear no more
            return self._run.events(since)
        return []
