"""The terminal while the board is on it: its own screen, keys as they are pressed, and everything put back after."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from typing import IO, Any

from rich.console import Console
from rich.text import Text

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_NEXT = "\r\n"
_ESCAPES = {
    "\x1b[A": "up", "\x1bOA": "up", "k": "up",
    "\x1b[B": "down", "\x1bOB": "down", "j": "down",
    "\x1b[5~": "page-up", "\x1b[6~": "page-down", " ": "page-down",
    "\x1b[H": "top", "\x1b[1~": "top", "\x1bOH": "top", "g": "top",
    "\x1b[F": "bottom", "\x1b[4~": "bottom", "\x1bOF": "bottom", "G": "bottom",
    "\r": "enter", "\n": "enter", "\x1b": "back",
}  # fmt: skip


class Screen:
    """The alternate screen of a terminal; of a frame only the lines are written that differ from the last."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._shown: list[Text] | None = None  # None: nobody knows what is there
        self._console = Console(file=StringIO(), force_terminal=True, highlight=False, markup=False, emoji=False)

    def __enter__(self) -> Screen:
        self._write(_ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        self._write(_LEAVE)

    def size(self) -> os.terminal_size:
        """Return columns and lines as they are now."""
        try:
            return os.get_terminal_size(self._stream.fileno())
        except OSError:
            return os.terminal_size((80, 24))

    def show(self, lines: Sequence[Text]) -> None:
        """Put *lines* on the screen, writing only what is not there yet; the terminal draws it at once if it can."""
        columns = self.size().columns
        if self._shown is None:
            rows = [f"\x1b[H{_NEXT.join(self._row(line, columns) for line in lines)}\x1b[J"]
            self._shown = list(lines)
        else:
            rows = self._changed(self._shown, lines, columns)
            self._shown = list(lines)
        if rows:
            self._write(f"\x1b[?2026h{''.join(rows)}\x1b[?2026l")

    def forget(self) -> None:
        """Draw everything again at the next frame: the size has changed."""
        self._shown = None

    def _changed(self, before: Sequence[Text], lines: Sequence[Text], columns: int) -> list[str]:
        rows = [
            f"\x1b[{at}H{self._row(line, columns)}"
            for at, line in enumerate(lines, 1)
            if at > len(before) or not _alike(line, before[at - 1])
        ]
        if len(lines) < len(before):
            rows.append(f"\x1b[{len(lines) + 1}H\x1b[J")
        return rows

    def _row(self, line: Text, columns: int) -> str:
        # In its last column the cursor still stands on what it wrote: to erase from there would take the last letter.
        return self._ansi(line) + ("" if line.cell_len >= columns else "\x1b[K")

    def _ansi(self, line: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(line, end="", soft_wrap=True)
        return captured.get()

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            pass  # the terminal has gone; the run is told by SIGHUP


def _alike(line: Text, other: Text) -> bool:
    return line == other and line.style == other.style  # by itself == looks at no style of the whole line


class Keys:
    """Keys as they are pressed, as words: `up`, `enter`, `x`."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def pressed(self) -> list[str]:
        """Return the keys pressed since last asked; never blocks."""
        if self._fd is None or not select.select([self._fd], [], [], 0)[0]:
            return []
        try:
            typed = os.read(self._fd, 1024)
        except OSError:
            typed = b""
        if not typed:  # the terminal has gone: it would be readable for ever
            self._fd = None
        return keys_of(typed.decode("utf-8", "replace"))

    def descriptors(self) -> list[int]:
        """Return what to wait on for a key."""
        return [] if self._fd is None else [self._fd]


def keys_of(typed: str) -> list[str]:
    """Return the words for what was typed; unknown escape sequences are dropped whole."""
    found: list[str] = []
    while typed:
        taken = _taken(typed)
        if not taken.startswith("\x1b") or taken in _ESCAPES:
            found.append(_ESCAPES.get(taken, taken))
        typed = typed[len(taken) :]
    return found


def _taken(typed: str) -> str:
    if not typed.startswith(("\x1b[", "\x1bO")):
        return typed[0]
    end = next((at for at, char in enumerate(typed[2:], 2) if "@" <= char <= "~"), len(typed) - 1)
    return typed[: end + 1]


@contextmanager
def keys_of_terminal() -> Iterator[Keys]:
    """Give the keys of standard input while the block lasts; never any where it is no terminal or another job's."""
    fd = _keyboard()
    if fd is None:
        yield Keys(None)
        return
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSADRAIN)
        _without_suspend(fd)
        yield Keys(fd)
    finally:
        with suppress(termios.error):  # the terminal has gone: there is nothing to put back
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _keyboard() -> int | None:
    try:
        fd = sys.stdin.fileno()
        return fd if os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp() else None
    except (OSError, ValueError, AttributeError):
        return None


def _without_suspend(fd: int) -> None:
    # A board that is suspended would leave its screen on the terminal, and its run without an owner that answers.
    mode: list[Any] = termios.tcgetattr(fd)
    mode[6][termios.VSUSP] = b"\x00"
    termios.tcsetattr(fd, termios.TCSADRAIN, mode)
