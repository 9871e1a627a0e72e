"""A stream of any length, printed in pieces: no more of it is held than a window."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator

from forkjoin.interfaces.cli.talk import data_part
from forkjoin.model import MIB

Window = Callable[[int, int], tuple[bytes, int]]  # start, size -> those bytes, and the length of all
_BACK = 256 * 1024
_LONGEST = MIB  # of a line that is not finished; a longer one is printed in pieces


def last_lines(window: Window, count: int, *, whole: bool = False) -> tuple[int, int]:
    """Return where the last *count* lines (0: all) of what *window* reads begin and end.

    With *whole* a last line that has no end yet does not count.
    """
    total = window(0, 0)[1]
    end = _after_last_break(window, total) if whole else total
    return (0 if count <= 0 else _begin(window, end, count)), end


def chunks(window: Window, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from *start* to *end*, at most 1 MiB at a time."""
    while start < end and (data := window(start, min(MIB, end - start))[0]):
        start += len(data)
        yield data


def print_text(pieces: Iterable[bytes]) -> bool:
    """Print bytes as text that ends with one line break; return whether there was anything."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    last = ""
    for piece in pieces:
        last = _printed(decoder.decode(piece)) or last
    last = _printed(decoder.decode(b"", final=True)) or last
    if last and last != "\n":
        data_part("\n")
    return bool(last)


def print_lines(pieces: Iterable[bytes]) -> None:
    """Print bytes as they come, in whole lines but for the last one, and for one that is longer than 1 MiB."""
    print_text(whole_lines(pieces))


def whole_lines(pieces: Iterable[bytes], *, longest: int = _LONGEST) -> Iterator[bytes]:
    """Yield the same bytes, cut behind lines only; but for the last one, and for one of more than *longest* bytes."""
    rest = b""
    for piece in pieces:
        rest += piece
        end = len(rest) if len(rest) > longest else rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _printed(text: str) -> str:
    """Print a part; return its last character."""
    if text:
        data_part(text)
    return text[-1:]


def _after_last_break(window: Window, end: int) -> int:
    return next((at + 1 for at in _breaks(window, end)), 0)


def _begin(window: Window, end: int, count: int) -> int:
    """Return where the last *count* lines before *end* begin."""
    for number, at in enumerate(_breaks(window, end - 1)):  # the break that ends the last line begins none
        if number == count - 1:
            return at + 1
    return 0


def _breaks(window: Window, end: int) -> Iterator[int]:
    """Yield where line breaks stand before *end*, the last one first."""
    while end > 0:
        start = max(0, end - _BACK)
        data = window(start, end - start)[0]
        at = len(data)
        while (at := data.rfind(b"\n", 0, at)) >= 0:
            yield start + at
        end = start
