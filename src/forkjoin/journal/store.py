"""The journal's port; `sqlite.py` is the store on disk, `forkjoin.testing.MemoryJournal` its double."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from forkjoin.model import Event, Recorded, Text


class Journal(Protocol):
    """An append-only list of events with blobs beside it; what is appended is durable, and seen, after `commit`."""

    def text(self, content: str) -> Text:
        """Return *content* as a `Text`; a long one is put among the blobs, durable with the next `commit`."""

    def append(self, events: Sequence[Event], *, at: float) -> None:
        """Add events to the open transaction (Unix time *at*)."""

    def commit(self) -> int:
        """Make everything appended durable; return the last sequence number.

        The events of one commit get numbers without a gap, the last of them the one returned. Raises NoRoom where the
        disk is full or the journal stays locked; everything appended is kept and goes with the next `commit`.
        """

    def read(self, since: int = 0) -> Iterator[Recorded]:
        """Yield committed events with seq > *since*, in order; foreign ones too."""

    def changed(self) -> bool:
        """Whether another process has committed since the last `changed` or `read` (cheap: no events are read)."""

    def content(self, text: Text) -> str:
        """Return a text's content."""

    def close(self) -> None:
        """Commit nothing, let go of the file."""
