"""The pauses of providers: how long each lasts, and that it is over. What follows from them is the board's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

import msgspec

from forkjoin.model import Event, Lifted, Paused
from forkjoin.scheduling import Pause, until

_REASON = 200  # characters of what a provider said


class Limiting(msgspec.Struct):
    """Knows which providers are paused until when; *now* gives the moments of the owner's events (Unix time)."""

    now: Callable[[], float]
    luck: Callable[[], float] = random.random
    _until: dict[str, float] = {}

    def take_over(self, past: Iterable[Event]) -> None:
        """Go on with the pauses of a run that was taken up."""
        for event in past:
            if isinstance(event, Paused):
                self._until[event.provider] = event.until
            elif isinstance(event, Lifted):
                self._until.pop(event.provider, None)

    def pause(self, pause: Pause) -> Iterator[Paused]:
        """Yield the record of a pause that begins, or of one that lasts longer than was known."""
        over = until(pause, now=self.now(), luck=self.luck())
        if over > self._until.get(pause.provider, 0.0):
            self._until[pause.provider] = over
            reason = next((limit.reason for limit in pause.limits if limit.reason), "")
            yield Paused(
                provider=pause.provider, until=over, number=pause.number, at_once=pause.at_once, reason=reason[:_REASON]
            )

    def look(self) -> Iterator[Lifted]:
        """Yield the pauses that are over."""
        now = self.now()
        for provider in [one for one, over in self._until.items() if over <= now]:
            del self._until[provider]
            yield Lifted(provider=provider)
