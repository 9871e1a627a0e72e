"""The terminal while the board is on it: its own screen, keys as they are pressed, and everything put back after."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import IO, Any

from rich.console import Console
from rich.text import Text

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_ESCAPES = {
    "\x1b[A": "up", "\x1bOA": "up", "k": "up",
    "\x1b[B": "down", "\x1bOB": "down", "j": "down",
    "\x1b[5~": "page-up", "\x1b[6~": "page-down", " ": "page-down",
    "\x1b[H": "top", "\x1b[1~": "top", "\x1bOH": "top", "g": "top",
    "\x1b[F": "bottom", "\x1b[4~": "bottom", "\x1bOF": "bottom", "G": "bottom",
    "\r": "enter", "\n": "enter", "\x1b": "back",
}  # fmt: skip


class Screen:
    """The alternate screen of a terminal; frames are written whole, and only where they differ."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._shown: str | None = None
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
        """Put *lines* on the screen; the terminal draws them at once where it can."""
        frame = "\x1b[K\r\n".join(self._ansi(line) for line in lines) + "\x1b[K\x1b[J"
        if frame != self._shown:
            self._shown = frame
            self._write(f"\x1b[?2026h\x1b[H{frame}\x1b[?2026l")

    def forget(self) -> None:
        """Draw everything again at the next frame: the size has changed."""
        self._shown = None

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
