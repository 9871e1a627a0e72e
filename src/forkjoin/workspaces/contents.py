"""Files of commits read out of a repository, all of them by two processes; what is too big is not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from forkjoin.workspaces.git import Git

LARGEST: Final = 128 * 1024 * 1024  # bytes of a file from which on git, too, looks for no lines in it


def contents(git: Git, names: Sequence[bytes], *, most: int, total: int) -> list[bytes | None]:
    """Return the files that *names* (`COMMIT:PATH`) stand for; b"" where there is none, or it is no plain file.

    None where it has over *most* bytes, and for each that no longer fits when *total* bytes are read.
    """
    found: list[bytes | None] = [b""] * len(names)
    wanted, left = dict[int, bytes](), total
    for at, (name, size) in enumerate(sizes(git, names)):
        if not name:
            continue
        if size > min(most, left):
            found[at] = None
            continue
        wanted[at], left = name, left - size
    if wanted:
        out = git.out("cat-file", "--batch", stdin=b"".join(name + b"\n" for name in wanted.values()))
        for at, content in zip(wanted, _batched(out), strict=True):
            found[at] = content
    return found


def sizes(git: Git, names: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield for each name (or id) the id and the size of its file; b"" and 0 where there is none."""
    if not names:
        return
    words = ("cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", "-z")
    out, at = git.out(*words, stdin=b"".join(name + b"\0" for name in names)), 0
    for name in names:
        missing = name + b" missing\n"  # a name may hold a line break
        if out.startswith(missing, at):
            at += len(missing)
            yield b"", 0
            continue
        end = out.index(b"\n", at)
        found, kind, size = out[at:end].split(b" ")
        at = end + 1
        yield (found, int(size)) if kind == b"blob" else (b"", 0)


def _batched(out: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        size = int(out[at:end].rpartition(b" ")[2])
        yield out[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
