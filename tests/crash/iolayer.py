"""The layer between a process and its files (iolayer.c): compiled, set up by environment variables, its log read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("iolayer.c")


class NoCompiler(Exception):
    """There is no C compiler here; on Linux a trial that needs one has to fail, not to be skipped."""


def compiled(folder: Path) -> Path:
    """Compile the layer into *folder* and return the library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("no C compiler (cc, gcc) on the PATH: the I/O trials cannot run")
    library = folder / "iolayer.so"
    if not library.exists():
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def recording(library: Path, root: Path, log: Path) -> dict[str, str]:
    """Return the variables under which what happens below *root* is written to *log*."""
    return {"LD_PRELOAD": str(library), "IOLAYER_ROOT": f"{root}/", "IOLAYER_LOG": str(log)}


def failing(library: Path, root: Path, count: Path, what: str) -> dict[str, str]:
    """Return the variables under which a call fails; *what* is "KIND N ERRNO [always]"."""
    wanted = {"IOLAYER_FAIL": what, "IOLAYER_COUNT": str(count)}
    return {"LD_PRELOAD": str(library), "IOLAYER_ROOT": f"{root}/", **wanted}


@dataclass(frozen=True, kw_only=True)
class Op:
    """One operation: Create, Write, Truncate, Allocate, Sync, Rename, Link, Unlink, Mkdir, rmDir, sYmlink."""

    letter: str
    path: str
    more: str
    data: bytes


def operations(log: Path) -> Iterator[Op]:
    """Yield what was recorded, in order."""
    raw, at = log.read_bytes(), 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        letter, size, path, more = raw[at:end].decode().split(" ", 3)
        yield Op(letter=letter, path=path.replace("/./", "/"), more=more, data=raw[end + 1 : end + 1 + int(size)])
        at = end + 1 + int(size)
