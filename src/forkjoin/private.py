"""Files and folders that are the user's alone, whatever the caller's umask: in them lies what programs said and did."""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder that may be there already, and what is missing above it; all of it of mode 0700.

    Raises OSError as `Path.mkdir` does.
    """
    missing = []
    for folder in (path, *path.parents):
        if folder.exists():
            break
        missing.append(folder)
    for folder in reversed(missing):  # one that came meanwhile is taken as it is
        folder.mkdir(mode=0o700, exist_ok=True)
    if not missing:
        path.mkdir(exist_ok=True)  # a file in its place is told


def write_file(path: Path, body: bytes) -> None:
    """Write a file that is there already or not; a new one has mode 0600."""
    with open(path, "wb", opener=opener) as file:
        file.write(body)


def opener(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=opener)`; a new one has mode 0600."""
    return os.open(path, flags, 0o600)
