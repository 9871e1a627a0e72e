"""A journal without a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from forkjoin.errors import JournalDamaged, NoRoom
from forkjoin.journal import codec
from forkjoin.model import Event, Recorded, Text


class MemoryJournal:
    """A `Journal` in memory; `another()` is a second handle on the same events, as another process would have.

    What is read went through the journal's own encoding, so it is what a file would have given back. While `full` is
    true a commit raises NoRoom and keeps what was appended.
    """

    def __init__(self, *, inline_most: int = 4096) -> None:
        self.full = False
        self._inline_most = inline_most
        self._shared: _Kept = _Kept()
        self._pending: list[tuple[float, bytes]] = []
        self._blobs: dict[str, str] = {}
        self._seen = 0
        self._own = 0

    def another(self) -> MemoryJournal:
        """Return a second handle on the same journal."""
        other = MemoryJournal(inline_most=self._inline_most)
        other._shared = self._shared
        other.changed()
        return other

    def text(self, content: str) -> Text:
        """Return *content* as a `Text`; a long one goes among the blobs."""
        content = codec.plain(content)
        if len(content) <= self._inline_most:
            return Text(inline=content, length=len(content))
        name = hashlib.sha256(content.encode()).hexdigest()
        self._blobs[name] = content
        return Text(blob=name, length=len(content))

    def append(self, events: Sequence[Event], *, at: float) -> None:
        """Add events, to be seen after `commit`."""
        self._pending += [(at, codec.encode(event)) for event in events]

    def commit(self) -> int:
        """Let everything appended be seen; return the last sequence number."""
        kept = self._shared
        if self._pending or self._blobs:
            if self.full:
                raise NoRoom("the journal in memory was told to be full; set `full` to False and commit again")
            kept.rows += self._pending
            kept.blobs |= self._blobs
            kept.commits += 1
            self._own += 1
            self._pending, self._blobs = [], {}
        return len(kept.rows)

    def read(self, since: int = 0) -> Iterator[Recorded]:
        """Yield committed events with seq > *since*."""
        self.changed()
        seq = since
        while seq < len(self._shared.rows):
            at, body = self._shared.rows[seq]
            seq += 1
            yield Recorded(seq=seq, at=at, event=codec.decode(body))

    def changed(self) -> bool:
        """Whether another handle has committed since the last `changed` or `read`."""
        foreign = self._shared.commits - self._own
        before, self._seen = self._seen, foreign
        return foreign != before

    def content(self, text: Text) -> str:
        """Return a text's content; JournalDamaged where it is not there."""
        if not text.blob:
            return text.inline
        content = self._blobs.get(text.blob, self._shared.blobs.get(text.blob))
        if content is None:
            raise JournalDamaged(f"text {text.blob[:12]} is missing")
        return content

    def close(self) -> None:
        """Drop what was not committed."""
        self._pending, self._blobs = [], {}


@dataclass(kw_only=True)
class _Kept:
    rows: list[tuple[float, bytes]] = field(default_factory=list)
    blobs: dict[str, str] = field(default_factory=dict)
    commits: int = 0
