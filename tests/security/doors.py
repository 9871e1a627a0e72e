"""Runs commands of forkjoin on a terminal each, and prints as JSON what they wrote (as latin-1 text).

    python tests/security/doors.py < COMMANDS     (a JSON list of lists of words)

Each is a fork of this process, which has loaded the program once; it must have no threads for that.
"""

from __future__ import annotations

import json
import os
import pty
import sys
from contextlib import suppress

from forkjoin.interfaces.cli.main import main

for name in ("forkjoin.engine.api", "forkjoin.engine.doctor.examining", "typer.rich_utils", "rich.live"):
    __import__(name)


def written(words: list[str]) -> bytes:
    """Return every byte that a command writes to a terminal of its own."""
    pid, ours = pty.fork()
    if pid == 0:
        code = 70
        try:
            sys.argv = ["forkjoin", *words]
            main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        finally:
            with suppress(Exception):
                sys.stdout.flush()
            os._exit(code)
    found = b""
    with suppress(OSError):  # the other end is closed
        while data := os.read(ours, 65536):
            found += data
    os.close(ours)
    os.waitpid(pid, 0)
    return found


if __name__ == "__main__":
    print(json.dumps([written(words).decode("latin-1") for words in json.load(sys.stdin)]))
