"""git's pager for what is long, on a terminal; elsewhere bytes as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

from forkjoin.interfaces.cli.streaming import whole_lines
from forkjoin.interfaces.cli.talk import data_bytes, on_terminal
from forkjoin.model import MIB
from forkjoin.model.text import clean

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_NO, _YES = ("false", "no", "off", "0", ""), ("true", "yes", "on", "1")  # as git reads them in its settings
_LONGEST = 16 * MIB  # of a line that is held to be coloured as one
_HEADS = ("diff ", "index ", "+++ ", "--- ", "new file", "deleted file", "old mode", "new mode")


def paged(parts: Iterable[bytes], *, pager: bool = True) -> None:
    """Print a patch: on a terminal in colour, cleaned, and through the pager that git would take; else as it is."""
    command = _pager() if pager and on_terminal(sys.stdout) else ""
    if not command:
        for part in parts:
            data_bytes(part)
        return
    environ = {"LESS": "FRX", "LV": "-c"} | dict(os.environ)
    with subprocess.Popen(("/bin/sh", "-c", command), stdin=subprocess.PIPE, env=environ) as process:
        with suppress(BrokenPipeError):  # who has seen enough leaves
            assert process.stdin is not None  # noqa: S101 - it was asked for
            for part in whole_lines(parts, longest=_LONGEST):
                process.stdin.write(_coloured(part))
            process.stdin.close()
        while process.poll() is None:
            with suppress(KeyboardInterrupt):  # Ctrl-C is the pager's
                process.wait()


def _pager() -> str:
    """Return the command that `git diff` would take: what pager.diff says, else git's own choice; "" for none."""
    git = shutil.which("git")
    if git is None:
        return ""
    own = _said(git, "config", "--get", "pager.diff")
    if own is not None and own.lower() in _NO:
        return ""
    if own is not None and own.lower() not in _YES and "GIT_PAGER" not in os.environ:
        command: str | None = own
    else:
        command = _said(git, "var", "GIT_PAGER")  # GIT_PAGER, core.pager, PAGER, or less
    return "" if command in (None, "", "cat") else str(command)


def _said(git: str, *words: str) -> str | None:
    """Return what git says, None where it says it has none."""
    done = subprocess.run((git, *words), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None


def _coloured(part: bytes) -> bytes:
    text = clean(part.decode("utf-8", "replace"))
    if "NO_COLOR" in os.environ:
        return text.encode()
    return "\n".join(map(_line, text.split("\n"))).encode()


def _line(line: str) -> str:
    if line.startswith(_HEADS):
        return f"\x1b[1m{line}\x1b[m"
    colour = _COLOURS.get(line[:1], "")
    return f"{colour}{line}\x1b[m" if colour else line
