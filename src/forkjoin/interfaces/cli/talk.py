"""What is said and where: stdout is data, stderr is talk; nothing an agent wrote reaches a terminal unclean."""

from __future__ import annotations

import json
import sys
from typing import IO, Any

from forkjoin.model import to_builtins
from forkjoin.model.text import clean


def data(text: str) -> None:
    """Print a text for the caller on stdout; cleaned where that is a terminal, as it is where it is a pipe."""
    sys.stdout.write((clean(text) if sys.stdout.isatty() else text) + "\n")
    sys.stdout.flush()


def data_bytes(raw: bytes) -> None:
    """Print bytes on stdout as they are; as a cleaned text where that is a terminal."""
    if sys.stdout.isatty():
        sys.stdout.write(clean(raw.decode("utf-8", "replace")))
        sys.stdout.flush()
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()


def data_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON value on stdout; lines of a stream have no *indent*."""
    plain = to_builtins(value)
    text = json.dumps(plain, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a file name that is not UTF-8
        text = json.dumps(plain, indent=indent)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Say something to the person, on stderr; who has closed it is not told."""
    try:
        sys.stderr.write(clean(text) + "\n")
        sys.stderr.flush()
    except (BrokenPipeError, ValueError):
        pass


def on_terminal(stream: IO[str]) -> bool:
    """Return whether somebody is looking at *stream*."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
