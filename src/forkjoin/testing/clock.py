"""A clock in the test's hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class FakeClock:
    """A clock that stands still until it is told to go on. Seconds."""

    at: float = 0.0

    def now(self) -> float:
        """Return the time."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Go on by *seconds*."""
        self.at += seconds
