"""What is said and where: stdout is data, stderr is talk; nothing an agent wrote reaches a terminal unclean."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import msgspec

from forkjoin.model import to_builtins, to_json
from forkjoin.model.text import clean

# What a line begins with, below whose end the rest of it hangs: `error: `, `  4.14 s  `, `[ 0.3 s] `, `  app.py  `.
_HEAD = re.compile(r" *(?:\[[^]]{1,12}\] |ideal |chain |[\d.]+ (?:s|m|h|ms)  +|\S+(?:  +|(?<=:) ))")
_AT_ONCE = 1024 * 1024  # characters
# In JSON these stand in strings alone, and say the same as \u escapes: no terminal takes them for commands.
_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def data(text: str) -> None:
    """Print a text for the caller on stdout; cleaned where that is a terminal, as it is where it is a pipe."""
    said = clean(text) if sys.stdout.isatty() else text
    for at in range(0, len(said), _AT_ONCE):  # a long text is not held twice more, as bytes
        sys.stdout.write(said[at : at + _AT_ONCE])
    sys.stdout.write("\n")
    sys.stdout.flush()


def data_lines(lines: Iterable[str]) -> None:
    """Print lines of ours on stdout, each as `data` does; on a terminal they break between words."""
    for line in lines:
        data("\n".join(hung(line, widest())))


def hung(text: str, width: int) -> list[str]:
    """Return *text* in lines of at most *width* columns (0: any), between words; what goes on hangs below its line.

    A word that is longer than a line (a path, a name) stays whole, so that it can be copied.
    """
    if not width or all(len(line) <= width for line in text.split("\n")):
        return text.split("\n")
    from textwrap import wrap

    lines: list[str] = []
    for line in text.split("\n"):
        head = _HEAD.match(line)
        hang = head.end() if head and head.end() <= width // 3 else 2 + len(line) - len(line.lstrip())
        lines += wrap(
            line, max(width, 20), subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return lines


def data_part(text: str) -> None:
    """Print a part of a text on stdout, with no line break of ours; cleaned where that is a terminal."""
    sys.stdout.write(clean(text) if sys.stdout.isatty() else text)
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
    sys.stdout.write(_json_text(value, indent) + "\n")
    sys.stdout.flush()


def data_json_with(before: dict[str, Any], name: str, items: Iterable[Any], after: dict[str, Any]) -> None:
    """Print one JSON object on stdout: *before*, the list *name* of *items*, *after*; one item is held at a time."""
    sys.stdout.write(_json_text(before, 2).removesuffix("\n}") + f",\n  {json.dumps(name)}: [")
    any_ = False
    for item in items:
        text = _json_text(item, 2).replace("\n", "\n    ")  # between its parts: in strings they are escaped
        sys.stdout.write(f"{',' if any_ else ''}\n    ")
        sys.stdout.write(text)
        any_ = True
    sys.stdout.write(("\n  ]," if any_ else "],") + _json_text(after, 2).removeprefix("{") + "\n")
    sys.stdout.flush()


def _json_text(value: Any, indent: int | None) -> str:
    try:
        raw = to_json(value)  # json.dumps with an indent is Python code: half a second for the check of 10,000 tasks
        text = (raw if indent is None else msgspec.json.format(raw, indent=indent)).decode()
    except UnicodeEncodeError:  # a file name that is not UTF-8
        text = json.dumps(to_builtins(value), indent=indent)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str) -> None:
    """Say something to the person, on stderr; who has closed it is not told."""
    try:
        sys.stderr.write("\n".join(hung(clean(text), _columns(sys.stderr))) + "\n")
        sys.stderr.flush()
    except ValueError:  # closed
        pass
    except OSError:  # a full disk, a terminal or a reader that has gone: what is said never decides how it ends
        let_go(sys.stderr)


@contextmanager
def even_unread() -> Iterator[None]:
    """Print what stands inside; where the reader, or the terminal, leaves meanwhile, the exit code after it is told."""
    try:
        yield
    except OSError as error:
        if not (isinstance(error, BrokenPipeError) or (error.errno == errno.EIO and _is_device(sys.stdout))):
            raise
        let_go(sys.stdout)


def let_go(stream: IO[str]) -> None:
    """Point *stream* at nothing, so that the interpreter's last flush does not complain of a reader that has gone."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def _is_device(stream: IO[str]) -> bool:
    """Whether it is a terminal or was one: one that has gone says no more that it is."""
    try:
        return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def on_terminal(stream: IO[str]) -> bool:
    """Return whether somebody is looking at *stream*."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _columns(stream: IO[str]) -> int:
    """Return the width of the terminal that *stream* is; 0: it is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def line_width() -> int:
    """Return the width to wrap lines to: the terminal's, at most 120; 100 where there is none."""
    return min(120, shutil.get_terminal_size((100, 24)).columns)


def widest() -> int:
    """Return the width beyond which a line is cut: that of the terminal; 0 where there is none, for nothing is cut."""
    return line_width() if on_terminal(sys.stdout) else 0
