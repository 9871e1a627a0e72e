"""Big files put into the run's repository one by one: read once, in bounded memory, and compressed where that pays.

`git fast-import` would take them from a second copy, pack them, unpack them again and compress them three times over;
what is compressed already (archives, images, models, media) keeps its size and costs ten times the CPU of all else.
"""

from __future__ import annotations

import os
import zlib
from typing import IO, Final

from forkjoin.workspaces.git import Git

STREAMED: Final = 8 * 1024 * 1024  # bytes of a file from which on it is put there by itself
_SAMPLES: Final = 16  # spread evenly over the file
_SAMPLE: Final = 32 * 1024  # bytes of each
_PAYS: Final = 0.5  # at most this part of the bytes is left


def stream_in(git: Git, file: IO[bytes], size: int) -> str:
    """Return the id of a blob with the file's bytes, which is in the repository then.

    Raises GitFailed where the file has become shorter meanwhile.
    """
    level = 1 if _shrinks(file, size) else 0
    # Over its threshold git streams into a pack, as it stands on the disk.
    settings = ("-c", f"core.compression={level}", "-c", f"core.bigFileThreshold={STREAMED - 1}")
    return git.out(*settings, "hash-object", "-w", "--stdin", stdin=file).decode().strip()


def _shrinks(file: IO[bytes], size: int) -> bool:
    """Whether compression pays, by samples; the file's position stays where it was."""
    starts = (at * max(0, size - _SAMPLE) // (_SAMPLES - 1) for at in range(_SAMPLES))
    parts = [os.pread(file.fileno(), _SAMPLE, start) for start in starts]
    return sum(len(zlib.compress(part, 1)) for part in parts) <= _PAYS * sum(map(len, parts))
