"""Plays what an attempt printed, in its rhythm: `python -I -S player.py FOLDER SPEED SECONDS MARKS`.

FOLDER holds the recorded segments; MARKS are `seconds:bytes` pairs: by then so much of stdout had come. SPEED 0 waits
for nothing. Standard library only: it is run by a bare interpreter.
"""

from __future__ import annotations

import os
import sys
import time

_PIECE = 1 << 20


def main() -> None:
    """Write both streams as they were kept; what was cut from a stream's middle is not there to be played."""
    folder, speed, seconds, marks = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    began = time.monotonic()
    said = _Stream(folder, "stdout", 1)
    for mark in filter(None, marks.split(",")):
        at, _, until = mark.partition(":")
        _wait(began, float(at), speed)
        said.play(int(until))
    _wait(began, seconds, speed)
    said.play(None)
    _Stream(folder, "stderr", 2).play(None)


def _wait(began: float, at: float, speed: float) -> None:
    if speed > 0:
        time.sleep(max(0.0, began + at / speed - time.monotonic()))


class _Stream:
    """A recorded stream, written piece by piece to a descriptor."""

    def __init__(self, folder: str, name: str, descriptor: int) -> None:
        names = os.listdir(folder) if os.path.isdir(folder) else []  # noqa: PTH112, PTH208 - pathlib is too dear here
        numbers = sorted(int(one[len(name) + 1 :]) for one in names if one.startswith(f"{name}."))
        self._paths = [f"{folder}/{name}.{number:04d}" for number in numbers]
        self._descriptor, self._at, self._fd = descriptor, 0, -1

    def play(self, until: int | None) -> None:
        """Write up to byte *until* (None: all there is)."""
        while until is None or self._at < until:
            data = self._next(_PIECE if until is None else min(_PIECE, until - self._at))
            if not data:
                return
            self._at += len(data)
            while data:
                data = data[os.write(self._descriptor, data) :]

    def _next(self, size: int) -> bytes:
        while self._fd >= 0 or self._paths:
            if self._fd < 0:
                self._fd = os.open(self._paths.pop(0), os.O_RDONLY | os.O_CLOEXEC)
            data = os.read(self._fd, size)
            if data:
                return data
            os.close(self._fd)
            self._fd = -1
        return b""


if __name__ == "__main__":
    main()
