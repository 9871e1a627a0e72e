"""git's pager for what is long, on a terminal; elsewhere bytes as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

from forkjoin.interfaces.cli.talk import data_bytes, on_terminal
from forkjoin.model.text import clean

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
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
            for part in parts:
                process.stdin.write(_coloured(part))
            process.stdin.close()
        while process.poll() is None:
            with suppress(KeyboardInterrupt):  # Ctrl-C is the pager's
                process.wait()


def _pager() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run((git, "var", "GIT_PAGER"), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    command = done.stdout.decode("utf-8", "replace").strip()
    return "" if command in ("", "cat") else command


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
