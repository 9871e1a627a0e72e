"""A program over a list of files of any length: `xargs` reads the names, separated by NUL, from a file."""

from __future__ import annotations

import os
from pathlib import Path

from forkjoin.agents.analysers.analyser import Launch, Look
from forkjoin.agents.analysers.scope import argument

_BYTES = 250_000  # of names in one call: far below every system's limit, far above one process per file


def batched(look: Look, script: str, *words: str, env: dict[str, str] | None = None) -> Launch:
    """Return the launch of a shell *script* that gets *words* and then file names as its arguments.

    The script says with exit code 255 that it failed, which ends the whole; otherwise it exits 0.
    """
    listed = Path(look.scratch) / "files"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_bytes(b"".join(os.fsencode(argument(path)) + b"\0" for path in look.files))
    argv = ("xargs", "-0", "-n", "5000", "-s", str(_BYTES), "/bin/sh", "-c", script, *words)
    return Launch(argv=argv, env=env or {}, stdin=str(listed))
