"""A part of what a task said: of a long output only that part is read."""

from __future__ import annotations

import codecs
from pathlib import Path

import msgspec

from forkjoin.backends import window_bytes
from forkjoin.model import MIB

_WHOLE = MIB  # an output of at most so many bytes is read whole, and counted in characters
_MOST_CONTINUED = 4  # a character of UTF-8 has at most three bytes that continue it; then another begins


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A text, where what follows it begins, and how long all of it is."""

    text: str
    end: int
    total: int


def part_of_text(text: str, *, tail: bool, offset: int, most: int) -> Part:
    """Return *most* characters of *text* from *offset* on, or its last ones."""
    start = max(0, len(text) - most if tail else offset)
    part = text[start : start + most]
    return Part(text=part, end=start + len(part), total=len(text))


def part_of_output(folder: Path, *, tail: bool, offset: int, most: int) -> Part:
    """Return a part of an attempt's stdout; above 1 MiB it is counted in bytes, and never cut within a character."""
    head, total = window_bytes(folder, "stdout", start=0, size=_WHOLE)
    if total <= _WHOLE:
        return part_of_text(head.decode("utf-8", "replace"), tail=tail, offset=offset, most=most)
    start = min(total, max(0, total - most if tail else offset))
    data, total = window_bytes(folder, "stdout", start=start, size=most)
    within = _continued(data) if start else 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(memoryview(data)[within:], final=start + len(data) >= total)
    left = len(decoder.getstate()[0])
    if left and not text:  # less was asked for than a character
        text, left = decoder.decode(b"", final=True), 0
    return Part(text=text, end=start + len(data) - left, total=total)


def _continued(data: bytes) -> int:
    """Return how many bytes at the beginning belong to a character that began before."""
    return next((n for n, byte in enumerate(data[:_MOST_CONTINUED]) if byte & 0xC0 != 0x80), 0)
