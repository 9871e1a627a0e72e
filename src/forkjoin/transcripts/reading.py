"""One file, line by line, as a session; what cannot be read is counted."""

from __future__ import annotations

from collections import Counter

from forkjoin.model import TranscriptFile
from forkjoin.transcripts.folding import Session
from forkjoin.transcripts.records import Record, record
from forkjoin.transcripts.table import Reader, reader_of

_LOOKED = 200  # records that may stand before the first that says whose file it is
_KINDS = 100  # unknown kinds that are counted by name


class Reading:
    """The reading of one file: `line` takes its lines in their order, `file` says what was read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.session = Session()
        self._reader: Reader | None = None
        self._before: list[tuple[int, Record]] = []
        self._lines = self._damaged = 0
        self._unknown: Counter[str] = Counter()

    def line(self, raw: bytes) -> None:
        """Take in one line; an empty one is none."""
        if not raw.strip():
            return
        self._lines += 1
        found = record(raw)
        if found is None:
            self._damage()
        elif self._reader is not None:
            self._read(self._reader, found, self._lines)
        elif len(self._before) < _LOOKED:
            self._before.append((self._lines, found))
            self._reader = reader_of(found)
            if self._reader is not None:
                for number, one in self._before:
                    self._read(self._reader, one, number)
                self._before = []

    def cut(self) -> None:
        """Count a line that is too long to be looked at."""
        self._lines += 1
        self._damage()

    @property
    def file(self) -> TranscriptFile:
        """Return what was read so far."""
        known = self._reader is not None
        return TranscriptFile(
            path=self.path,
            agent=self._reader.agent if self._reader is not None else "",
            lines=self._lines,
            tasks=len(self.session.jobs),
            damaged=self._damaged,
            unknown=dict(self._unknown.most_common()),
            why="" if known else "no transcript of Claude Code, Codex, OpenCode or Pi" if self._lines else "empty",
        )

    def _damage(self) -> None:
        self._damaged += 1
        self.session.doubt(self._lines)

    def _read(self, reader: Reader, found: Record, line: int) -> None:
        acts = reader.read(found)
        if acts is None:
            kind = str(found.get("type"))[:60]
            self._unknown[kind if kind in self._unknown or len(self._unknown) < _KINDS else "other"] += 1
            return
        for act in acts:
            self.session.add(act, line)
