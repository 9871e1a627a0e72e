"""A stream kept in segments of one size: `stdout.0000`, `stdout.0001`, ...; segment n begins at byte n x size.

Beyond the cap the oldest segment of the middle goes, so head and tail stay. A segment that is short or not there,
with a later one after it, is a cut. Known secrets are masked before they reach a file.
Standard library only: shims import this file by itself.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib
    from collections.abc import Sequence
if TYPE_CHECKING or __package__:
    from forkjoin.backends import masking
else:
    import masking
try:
    from _sha2 import sha256  # type: ignore[import-not-found]  # the interpreter's own, from 3.12 on
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # and before
    except ImportError:  # built without
        from hashlib import sha256

SEGMENT = 4 * 1024 * 1024
SMALLEST = 4096
SHORT = 256 * 1024  # bytes of a stream that are held until it is known whether more come


def segment_size(cap: int) -> int:
    """Return the size of a segment, in bytes, of a stream of which at most *cap* bytes are kept (at least 16 KiB)."""
    return max(SMALLEST, min(SEGMENT, cap // 4))


def segment_path(folder: str, stream: str, index: int) -> str:
    """Return where segment *index* of *stream* lies."""
    return f"{folder}/{stream}.{index:04d}"


def not_kept(stream: str) -> str:
    """Return how the error of a stream begins of which some bytes found no place, other than by its cap."""
    return f"{stream}: bytes from "


class Digest:
    """The SHA-256 of a stream. A short one is hashed by the interpreter's own code, at its end.

    OpenSSL's does it at five times the speed, and takes longer to be loaded than a short stream to be hashed.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._of_long: hashlib._Hash | None = None

    def update(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._of_long is not None:
            self._of_long.update(data)
            return
        self._held.append(data)
        self._size += len(data)
        if self._size > SHORT:
            self._of_long = _fast(b"".join(self._held))
            self._held.clear()

    def hexdigest(self) -> str:
        """Return the hash of all that came."""
        return (self._of_long or sha256(b"".join(self._held))).hexdigest()


def _fast(data: bytes) -> hashlib._Hash:
    try:
        from hashlib import sha256 as fast
    except (ImportError, OSError):  # no descriptor, or no memory, is left to load it
        return sha256(data)  # type: ignore[no-any-return]  # as typed as what is not found can be
    return fast(data)


class Capture:
    """Keeps what a stream says, bounded; never raises and never blocks the stream: what cannot be kept is counted."""

    def __init__(self, folder: str, stream: str, cap: int, secrets: Sequence[bytes] = ()) -> None:
        self.length, self.error = 0, ""
        self._folder, self._stream = folder, stream
        self._size = segment_size(cap)
        self._most = max(4, cap // self._size)
        self._kept: dict[int, int] = {}
        self._fd, self._index, self._broken = -1, -1, False
        self._mask = masking.Mask(secrets) if secrets else None
        self._digest = Digest()

    def write(self, data: bytes) -> None:
        """Keep *data*, the next bytes of the stream, with its secrets masked."""
        self._write(data if self._mask is None else self._mask.piece(data))

    def _write(self, data: bytes) -> None:
        if not data:
            return
        self._digest.update(data)
        view = memoryview(data)
        while view:
            index, at = divmod(self.length, self._size)
            piece = view[: self._size - at]
            if index != self._index:
                self._turn_to(index)
            if not self._broken:
                self._keep(piece)
            self.length += len(piece)
            view = view[len(piece) :]

    def close(self) -> None:
        """Make what is kept durable; nothing is written behind that."""
        if self._mask is not None:
            self._write(self._mask.rest())
        self._flush()

    def _flush(self) -> None:
        if self._fd >= 0:
            try:
                os.fsync(self._fd)
            except OSError as error:
                self._failed(error)
            os.close(self._fd)
            self._fd = -1

    def record(self) -> dict[str, object]:
        """Return the stream's true length, the hash of all of it, how much was cut and where the first cut is."""
        cut_at = 0
        for index in sorted(self._kept):
            if index * self._size != cut_at:
                break
            cut_at += self._kept[index]
        cut = self.length - sum(self._kept.values())
        return {
            "bytes": self.length,
            "sha256": self._digest.hexdigest(),
            "cut": cut,
            "cut_at": cut_at if cut else 0,
        }

    def _turn_to(self, index: int) -> None:
        self._flush()
        if len(self._kept) >= self._most:
            self._drop()
        self._index, self._broken = index, False
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._fd = os.open(segment_path(self._folder, self._stream, index), flags, 0o600)
        except OSError as error:
            self._failed(error)
        else:
            self._kept[index] = 0

    def _drop(self) -> None:
        oldest = sorted(self._kept)[self._most // 4]
        del self._kept[oldest]
        try:
            os.unlink(segment_path(self._folder, self._stream, oldest))  # noqa: PTH108 - pathlib is too dear here
        except OSError:
            return

    def _keep(self, piece: memoryview) -> None:
        try:
            while piece:
                done = os.write(self._fd, piece)
                self._kept[self._index] += done
                piece = piece[done:]
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        # Later segments are tried again: a disk that was full for a while still keeps the stream's end.
        self._broken = True
        if not self.error:
            self.error = f"{not_kept(self._stream)}{self.length} on could not all be kept: {error.strerror}"


def kept_segments(folder: str, stream: str) -> list[tuple[int, int]]:
    """Return (index, size in bytes) of the segments that are there, in order; none where the folder is not there."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name, _, number = entry.name.partition(".")
                if name == stream and number.isdigit():
                    found.append((int(number), entry.stat(follow_symlinks=False).st_size))
    except OSError:
        return []
    return sorted(found)
