"""Reading what a shim keeps: the whole with its cuts marked, the end, and what is new while it runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from forkjoin.backends.segments import kept_segments, not_kept, segment_path, segment_size
from forkjoin.model import Exit

TICK_BYTES = 256 * 1024
FAR_BEHIND = 1024 * 1024
LONGEST_LINE = 4 * 1024 * 1024

StreamName = Literal["stdout", "stderr"]


def output_bytes(folder: Path | str, stream: StreamName, *, limit: int) -> bytes:
    """Return what is kept of a stream, at most about *limit* bytes of it.

    A line `[forkjoin: N bytes cut here]` stands where bytes are missing: those the shim did not keep, and, above the
    limit, those between the first quarter and the last three quarters of it. b"" where nothing is kept.
    """
    spans = _spans(str(folder), stream)
    kept = sum(span.size for span in spans)
    if kept > limit:
        head = limit // 4
        spans = [*_first(spans, head), *_last(spans, limit - head)]
    return b"".join(piece if isinstance(piece, bytes) else _read(*piece) for piece in _pieces(spans))


def output_lines(folder: Path | str, stream: StreamName) -> Iterator[bytes]:
    """Yield what is kept of a stream in lines, framed on LF only, cut at 4 MiB each; cuts are lines that say so.

    No more than a line and a piece of 256 KiB is held.
    """
    rest, skipping = b"", False
    for piece in _chunks(_spans(str(folder), stream)):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if not skipping:
                yield line[:LONGEST_LINE]
            skipping = False
        if len(rest) > LONGEST_LINE:
            if not skipping:
                yield rest[:LONGEST_LINE]
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest


def window_bytes(folder: Path | str, stream: StreamName, *, start: int, size: int) -> tuple[bytes, int]:
    """Return *size* bytes from *start* on of what is kept of a stream, cuts marked, and the length of all of that.

    Nothing but these bytes is read.
    """
    taken: list[bytes] = []
    at = 0
    for piece in _pieces(_spans(str(folder), stream)):
        length = len(piece) if isinstance(piece, bytes) else piece[2]
        first, last = max(0, start - at), min(length, start + size - at)
        if first < last:
            part = piece[first:last] if isinstance(piece, bytes) else _read(piece[0], piece[1] + first, last - first)
            taken.append(part)
        at += length
    return b"".join(taken), at


def whole(folder: Path | str, stream: StreamName, ended: Exit) -> bool:
    """Whether all of a stream was kept, and is there, but for what was cut by its cap.

    A full disk keeps less, and after a power cut less may be there than was kept.
    """
    said = ended.stdout if stream == "stdout" else ended.stderr
    there = sum(span.size for span in _spans(str(folder), stream))
    return there >= said.bytes - said.cut and not_kept(stream) not in ended.error


def unchanged(folder: Path | str, stream: StreamName, ended: Exit) -> bool:
    """Whether a stream is whole, and byte by byte what its record says; of a cut one the length is all there is.

    After a power cut a file may have its length and not its bytes. All that is kept is read.
    """
    said = ended.stdout if stream == "stdout" else ended.stderr
    if said.cut or not said.sha256:
        return whole(folder, stream, ended)
    found = hashlib.sha256()
    for span in _spans(str(folder), stream):
        found.update(_read(span.path, span.skip, span.size))
    return found.hexdigest() == said.sha256


def tail_bytes(folder: Path | str, stream: StreamName, n: int) -> bytes:
    """Return the last *n* bytes of a stream, fewer where it is shorter or was cut within them."""
    pieces: list[bytes] = []
    at = -1
    for span in reversed(_last(_spans(str(folder), stream), n)):
        if at not in (-1, span.offset + span.size):
            break
        pieces.append(_read(span.path, span.skip, span.size))
        at = span.offset
    return b"".join(reversed(pieces))


class _Span(msgspec.Struct, frozen=True, kw_only=True):
    """Kept bytes: `size` of them from `skip` in a file, standing at `offset` of the stream."""

    path: str
    offset: int
    size: int
    skip: int = 0


def _spans(folder: str, stream: str) -> list[_Span]:
    segments = kept_segments(folder, stream)
    # All segments have one size; only the last, or one that met a full disk, is shorter.
    size = max((size for _, size in segments), default=0)
    return [
        _Span(path=segment_path(folder, stream, index), offset=index * size, size=length)
        for index, length in segments
        if length
    ]


def _pieces(spans: list[_Span]) -> Iterator[bytes | tuple[str, int, int]]:
    """Yield what stands where bytes are missing, and of each span its path, where in it to begin, and its size."""
    at = 0
    for span in spans:
        if span.offset > at:
            yield b"\n[forkjoin: %d bytes cut here]\n" % (span.offset - at)
        yield span.path, span.skip, span.size
        at = span.offset + span.size


def _chunks(spans: list[_Span]) -> Iterator[bytes]:
    """Yield what is kept, with its cuts, at most 256 KiB at a time."""
    for piece in _pieces(spans):
        if isinstance(piece, bytes):
            yield piece
            continue
        path, skip, size = piece
        for at in range(skip, skip + size, TICK_BYTES):
            yield _read(path, at, min(TICK_BYTES, skip + size - at))


def _first(spans: list[_Span], n: int) -> list[_Span]:
    taken = []
    for span in spans:
        if n <= 0:
            break
        taken.append(_Span(path=span.path, offset=span.offset, size=min(n, span.size)))
        n -= span.size
    return taken


def _last(spans: list[_Span], n: int) -> list[_Span]:
    taken: list[_Span] = []
    for span in reversed(spans):
        if n <= 0:
            break
        skip = max(0, span.size - n)
        taken.append(_Span(path=span.path, offset=span.offset + skip, size=span.size - skip, skip=skip))
        n -= span.size
    return taken[::-1]


def _read(path: str, skip: int, size: int) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a str at hand, thousands of times
            file.seek(skip)
            return file.read(size)
    except OSError:  # the running shim has just cut it
        return b""


class Tail(msgspec.Struct, kw_only=True):
    """Follows one stream by its offset while its shim writes it; far behind, it skips ahead."""

    folder: str
    cap: int
    stream: StreamName = "stdout"
    offset: int = 0
    total: int = 0

    def read(self) -> bytes:
        """Return new bytes, at most 256 KiB; `total` is the stream's length as far as it is written."""
        size = segment_size(self.cap)
        self.measure()
        if self.total - self.offset > FAR_BEHIND:
            self.offset = self.total - TICK_BYTES
        if self.offset >= self.total:
            return b""
        index, at = divmod(self.offset, size)
        data = _read(self._path(index), at, TICK_BYTES)
        # Nothing where there should be something: it was cut, so the story goes on in the next segment.
        self.offset = self.offset + len(data) if data else min(self.total, (index + 1) * size)
        return data

    def measure(self) -> None:
        """Bring `total` up to what is written now."""
        size = segment_size(self.cap)
        index = self.total // size
        length = _length(self._path(index))
        if length < 0 and not self.total:  # nothing said yet: the common case, and the cheapest
            return
        while (more := _length(self._path(index + 1))) >= 0:
            index, length = index + 1, more
        if length < 0 or length >= size:  # what follows may have been cut in the meantime: look what there is
            index, length = max(kept_segments(self.folder, self.stream), default=(0, 0))
        self.total = max(self.total, index * size + length)

    def _path(self, index: int) -> str:
        return segment_path(self.folder, self.stream, index)


def _length(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a str at hand, thousands of times
    except OSError:
        return -1
