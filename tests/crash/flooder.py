"""What a flooding program does: `python flooder.py HOW BYTES`. A stream is the same each time, so its hash is known.

HOW is `nul`, `line`, `bytes` (most of them no UTF-8), `errors` (to stderr), `findings`, `value` (JSON), `endless`,
`drip` (a third of a letter at a time, for ever), `files` (BYTES files of a few bytes), `file` (one), `forks`, `memory`.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BLOCK = 1024 * 1024
_AT_ONCE = 4096
SENT = "nul", "line", "bytes", "errors", "findings", "value"


def stream(how: str, size: int) -> Iterator[bytes]:
    """Yield what a program of that kind prints, *size* bytes of it."""
    if how in ("findings", "value"):
        yield from _json(how, size)
        return
    block = {"nul": bytes(BLOCK), "line": b"x" * BLOCK}.get(how) or random.Random(7).randbytes(BLOCK)
    while size > 0:
        yield block[:size]
        size -= len(block)


def digest(how: str, size: int) -> tuple[int, str]:
    """Return the length and the hash of such a stream."""
    length, found = 0, hashlib.sha256()
    for block in stream(how, size):
        length += len(block)
        found.update(block)
    return length, found.hexdigest()


def _json(how: str, size: int) -> Iterator[bytes]:
    """Yield one JSON document of about *size* bytes that meets what was asked for."""
    if how == "value":
        one, head, end = b"[1],", b"[", b"[1]]"
    else:
        one, head, end = b'{"title":"t","severity":"low"},', b'{"findings":[', b'{"title":"t","severity":"low"}]}'
    many = max(0, size - len(head) - len(end)) // len(one)
    yield head
    for _ in range(many // _AT_ONCE):
        yield one * _AT_ONCE
    yield one * (many % _AT_ONCE) + end


def drip() -> None:
    """Say a euro sign, byte by byte, for ever."""
    while True:
        for byte in (b"\xe2", b"\x82", b"\xac"):
            os.write(1, byte)
            time.sleep(0.01)


def files(count: int) -> None:
    """Make so many small files in folders of a hundred."""
    for number in range(count):
        folder = Path("made", str(number // 100))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(f"{number}\n")


def file(size: int) -> None:
    """Make one file that does not get smaller when it is packed."""
    Path("made").mkdir()
    with Path("made", "big.bin").open("wb") as into:
        chance = random.Random(9)
        for at in range(0, size, BLOCK):
            into.write(chance.randbytes(min(BLOCK, size - at)))


def forks() -> None:
    """Fork without end, deaf to what asks it to stop."""
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(10_000):
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
    time.sleep(60)


def memory(size: int) -> None:
    """Take that much memory, and keep it."""
    kept = [bytearray(b"x" * BLOCK) for _ in range(0, size, BLOCK)]
    time.sleep(60)
    del kept


def main() -> None:
    """Flood."""
    how, size = sys.argv[1], int(sys.argv[2])
    acts = {"files": lambda: files(size), "file": lambda: file(size), "memory": lambda: memory(size)}
    acts |= {"drip": drip, "forks": forks}
    if how in acts:
        acts[how]()
    elif how == "endless":
        while True:
            os.write(1, b"y\n" * 32768)
    else:
        into = sys.stderr.buffer if how == "errors" else sys.stdout.buffer
        for block in stream(how, size):
            into.write(block)


if __name__ == "__main__":
    main()
