"""What is kept of one task while its run's events are added up."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from forkjoin.model import ENDED, Edge, Other, Pause, TaskView, Usage

_Number = TypeVar("_Number", int, float)


class Seen(msgspec.Struct, kw_only=True):
    """`now` is what was seen, without the words of waiting; `waiting` counts the edges of `before` still to come."""

    now: TaskView
    before: list[tuple[int, Edge]] = []
    behind: list[int] = []
    waiting: int = 0
    others: tuple[Other, ...] = ()  # tasks of other runs it waits for
    note: str = ""  # how the last attempt ended, where another follows
    sent_away: bool = False  # its last attempt ended by its provider's limit, and another follows
    stopping: str = ""
    limits: int = 0  # how often the attempt has waited for its provider
    sign: float = 0.0  # when an owner was last heard of, before nobody drove the run
    used: Usage | None = None  # by all attempts that have ended
    shown: TaskView | None = None
    shown_held: tuple[str, Pause | None] = ("", None)

    @property
    def ended(self) -> bool:
        return self.now.state in ENDED

    @property
    def queued(self) -> bool:
        return self.now.state == "queued"

    def put(self, now: TaskView) -> None:
        self.now, self.shown = now, None

    def past(self, attempt: int) -> bool:
        """Whether an event of *attempt* comes late: that attempt has ended already."""
        now = self.now
        return 0 < attempt < now.attempt or (0 < attempt == now.attempt and (self.ended or self.queued))


def summed(one: Usage | None, other: Usage) -> Usage:
    """Add up what was used; what is not known of one is not known of the sum. Memory is the highest peak known."""
    if one is None:
        return other
    peaks = [peak for peak in (one.max_rss, other.max_rss) if peak is not None]
    return Usage(
        cpu_s=_plus(one.cpu_s, other.cpu_s),
        max_rss=max(peaks, default=None),
        input_tokens=_plus(one.input_tokens, other.input_tokens),
        output_tokens=_plus(one.output_tokens, other.output_tokens),
        usd=_plus(one.usd, other.usd),
    )


def _plus(one: _Number | None, other: _Number | None) -> _Number | None:
    return None if one is None or other is None else one + other
