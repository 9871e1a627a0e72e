"""Masking of known values in bytes, in whole texts and in streams that come in pieces. What is masked keeps its length.

Standard library only: shims import this file by itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = b"[redacted]"


class Mask:
    """Masks given values wherever they stand, longer ones first; one for each stream, for it remembers its end."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self._values = tuple(sorted(filter(None, values), key=len, reverse=True))
        self._longest = len(self._values[0]) if self._values else 0
        self._inside = frozenset(byte for value in self._values for byte in value[:-1])
        self._held = b""

    def whole(self, data: bytes) -> bytes:
        """Return *data* with every value masked; its length and its line breaks stay."""
        for value in self._values:
            if value in data:
                data = data.replace(value, masked(value))
        return data

    def piece(self, data: bytes) -> bytes:
        """Return the next bytes of a stream, masked; the end of them, where a value may begin there, comes later."""
        data = self._held + data
        kept = self._seam(data)
        self._held = data[kept:]
        return self.whole(data)[:kept] if kept else b""

    def rest(self) -> bytes:
        """Return what was held back, at the stream's end."""
        held, self._held = self._held, b""
        return self.whole(held)

    def _seam(self, data: bytes) -> int:
        """Return how many bytes can be let go: no value stands across the seam, and none may go on behind it."""
        kept, before = len(data) - self._open_end(data), len(data)
        while kept < before:
            before = kept
            for value in self._values:
                at = data.find(value, max(0, kept - len(value) + 1), kept + len(value) - 1)
                kept = min(kept, at) if at >= 0 else kept
        return kept

    def _open_end(self, data: bytes) -> int:
        """Return how many of the last bytes may be the beginning of a value that goes on in the next piece."""
        if not data or data[-1] not in self._inside:
            return 0
        most = 0
        for value in self._values:
            at = data.find(value[:1], max(0, len(data) - len(value) + 1))
            while at >= 0 and not value.startswith(data[at:]):
                at = data.find(value[:1], at + 1)
            most = max(most, len(data) - at) if at >= 0 else most
        return most


def masked(value: bytes) -> bytes:
    """Return what stands for a value: as long as it is, with its line breaks."""
    return b"\n".join(MARK.ljust(len(line), b"*")[: len(line)] for line in value.split(b"\n"))
