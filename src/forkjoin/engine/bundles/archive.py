"""The file of a bundle: a packed tar that is the same bytes for the same members, and that nobody can hide in.

It is read by our own few lines: a tar of strangers may hold links, devices, headers of a terabyte and names that climb.
What is not a plain file under a name that a bundle has is refused, whole, before anything is written.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from forkjoin.engine.bundles.packing import packing, unpacking
from forkjoin.errors import BadBundle, NoRoom
from forkjoin.model import MIB

FORMAT = 1  # of bundles that are written
HEAD, EVENTS = "forkjoin.json", "events.jsonl"
_BLOCK = 512
_MOST_BEHIND = 64 * 1024  # zeros that fill up the last record of a tar
_NAME = re.compile(
    r"forkjoin\.json|events\.jsonl|"
    r"tasks/[a-z0-9][a-z0-9-]{0,99}/[1-9]\d{0,5}/(?:brief\.md|changes\.patch|(?:stdout|stderr)\.\d{4,6})"
)
_OCTAL = re.compile(rb"[0-7]+")
_MOST_FILES = 500_000
_MOST_BYTES = 1024 * MIB
_MOST_OF = {EVENTS: 512 * MIB, HEAD: MIB}
_MOST_OF_ANY = 64 * MIB


def write_archive(path: Path, members: Iterable[tuple[str, bytes]], suffix: str) -> int:
    """Write *members* (name, content) into a new file at *path*, readable by its user alone; return its length.

    *suffix* says how it is packed. Raises NoRoom above what `read_archive` takes, OSError where it cannot be written,
    CannotHere where this Python cannot pack so.
    """
    total = 0
    with path.open("xb") as file:
        path.chmod(0o600)
        with (
            packing(file, suffix) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for name, content in members:
                total += len(content)
                if total > _MOST_BYTES or len(content) > _MOST_OF.get(name, _MOST_OF_ANY):
                    raise NoRoom(f"the run is larger than a bundle may be ({name}; 1 GiB in all); nothing was written")
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o600
                tar.addfile(member, io.BytesIO(content))
    return path.stat().st_size


def read_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member; raise BadBundle at what does not belong into a bundle."""
    seen: set[str] = set()
    total = 0
    with unpacking(path) as file:
        while (header := _header(file, path)) is not None:
            name, size = header
            total += size
            if name in seen:
                raise BadBundle(path, f"holds {name!r} twice")
            if len(seen) >= _MOST_FILES or total > _MOST_BYTES or size > _MOST_OF.get(name, _MOST_OF_ANY):
                raise BadBundle(path, f"is larger than a bundle may be, at {name!r}")
            seen.add(name)
            yield name, _exactly(file, size, path)
            _exactly(file, -size % _BLOCK, path)
        _end(file, path)


def _header(file: IO[bytes], path: Path) -> tuple[str, int] | None:
    """Return name and size of the next member, None at the end."""
    block = file.read(_BLOCK)
    if not block.strip(b"\0"):
        return None
    if len(block) < _BLOCK or not _sound(block):
        raise BadBundle(path, "is no tar, or is damaged")
    name = _text(block[:100])
    if prefix := _text(block[345:500]):
        name = f"{prefix}/{name}"
    if block[156:157] not in (b"0", b"\0"):
        raise BadBundle(path, f"holds {name[:200]!r}, which is no plain file")
    if not _NAME.fullmatch(name):
        raise BadBundle(path, f"holds {name[:200]!r}, which no bundle has")
    return name, _number(block[124:136])


def _sound(block: bytes) -> bool:
    try:
        said = _number(block[148:156])
    except ValueError:
        return False
    return said == sum(block[:148]) + 8 * 32 + sum(block[156:]) and block[257:262] == b"ustar"


def _number(field: bytes) -> int:
    """Return an octal number; what is none (binary sizes of many gigabytes) counts as too large."""
    digits = field.strip(b" \0")
    return int(digits, 8) if _OCTAL.fullmatch(digits) else _MOST_BYTES + 1


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _end(file: IO[bytes], path: Path) -> None:
    """Read on to the very end, where the packing's own checksum is."""
    left = _MOST_BEHIND
    while data := file.read(_BLOCK):
        left -= len(data)
        if left < 0 or data.strip(b"\0"):
            raise BadBundle(path, "holds something behind its end")


def _exactly(file: IO[bytes], size: int, path: Path) -> bytes:
    data = file.read(size) if size else b""
    if len(data) < size:
        raise BadBundle(path, "ends within a file")
    return data
