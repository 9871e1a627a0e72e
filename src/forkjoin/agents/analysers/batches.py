"""A program over a list of files of any length: `xargs` reads the names, separated by NUL, from a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from forkjoin.agents.analysers.analyser import BadOutput, Launch, Look
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


def in_each(folders: Sequence[str], line: str, *, env: dict[str, str] | None = None) -> Launch:
    """Return the launch of a shell *line* in each of *folders* (of the tree), one after another.

    Before each its folder is printed, so that `parts` can tell whose output it is. One that fails ends the whole.
    """
    return Launch(argv=("/bin/sh", "-c", _EACH.format(line=line), "sh", *folders), env=env or {})


def parts(stdout: bytes, program: str) -> Iterator[tuple[str, bytes]]:
    """Yield (folder, its output) of what `in_each` started; raise BadOutput where no folder stands before it."""
    before, *pieces = _MARK.split(stdout)
    if before.strip() or not pieces:
        raise BadOutput(before[:200].decode("utf-8", "replace"), f"{program} printed something we did not ask for")
    for folder, said in zip(pieces[::2], pieces[1::2], strict=True):
        yield folder.decode("utf-8", "surrogateescape"), said


_MARK = re.compile(rb"^forkjoin: in (.*)\n", re.MULTILINE)
_EACH = """for folder in "$@"; do
  printf '\\nforkjoin: in %s\\n' "$folder"
  ( cd -- "./$folder" && {{ {line}; }} ) || exit $?
done
"""
