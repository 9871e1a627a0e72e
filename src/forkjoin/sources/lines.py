"""What stands at given lines of files."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from forkjoin.model import MIB

_LARGEST = 16 * MIB  # a longer file is no source
_CHARS = 200  # of a line: enough to know it by


def lines_at(root: Path, places: Mapping[str, frozenset[int]]) -> dict[str, dict[str, str]]:
    """Return {path: {line: text}} for *places*, lines counted from 1, each text without spaces at its ends and bounded.

    Files that are not there, lie outside *root*, are links or too large have none.
    """
    found: dict[str, dict[str, str]] = {}
    for path, numbers in places.items():
        lines = _lines(root, path)
        told = {str(n): lines[n - 1].strip()[:_CHARS] for n in sorted(numbers) if 0 < n <= len(lines)}
        if told:
            found[path] = told
    return found


def _lines(root: Path, path: str) -> list[str]:
    """Return the lines of a file of the tree; [] for what is none."""
    parts = path.split("/")
    if not path or path.startswith("/") or ".." in parts or "\0" in path:
        return []
    try:
        if not (root / path).resolve().is_relative_to(root.resolve()):
            return []  # a link leads out of the tree
        handle = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError, RuntimeError):
        return []
    with os.fdopen(handle, "rb") as file:
        seen = os.fstat(file.fileno())
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > _LARGEST:
            return []
        try:
            return file.read(_LARGEST).decode("utf-8", "replace").split("\n")
        except OSError:
            return []
