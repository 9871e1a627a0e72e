"""The agents whose transcripts we read; a new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from forkjoin.transcripts.acts import Act
from forkjoin.transcripts.claude import ClaudeReader
from forkjoin.transcripts.codex import CodexReader
from forkjoin.transcripts.opencode import OpenCodeReader
from forkjoin.transcripts.pi import PiReader
from forkjoin.transcripts.records import Record


class Reader(Protocol):
    """Reads one file's records in their order; it remembers what later ones refer to."""

    agent: str

    @staticmethod
    def knows(found: Record) -> bool:
        """Return whether a record is one of its kind."""
        ...

    def read(self, found: Record) -> Iterable[Act] | None:
        """Return what a record says; None where it is of a kind that is not known."""
        ...


READERS: tuple[type[Reader], ...] = (CodexReader, OpenCodeReader, PiReader, ClaudeReader)


def reader_of(found: Record) -> Reader | None:
    """Return a reader for files of which *found* is a record; None where it is nobody's."""
    return next((kind() for kind in READERS if kind.knows(found)), None)
