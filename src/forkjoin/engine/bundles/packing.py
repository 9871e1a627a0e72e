"""How a bundle is packed: gzip or Zstandard, by its name when it is written, by its first bytes when it is read.

Zstandard is part of Python from 3.14 on (PEP 784); below it is `backports.zstd`, the same module for older Pythons.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from forkjoin.engine.bundles.naming import GZ, ZST, packing_of
from forkjoin.errors import BadBundle, CannotHere

_LEVEL = {ZST: 9, GZ: 6}  # Zstandard's 9 takes the time of gzip's 6, for a tenth less bytes
_WINDOW_LOG = 27  # the most memory that a frame may ask for: 128 MiB


@contextmanager
def packing(file: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    """Pack into *file* what is written; the same content and library give the same bytes.

    Raises CannotHere where this Python cannot.
    """
    packed: Any
    if suffix == ZST:
        zstd = _zstd()
        options = {
            zstd.CompressionParameter.compression_level: _LEVEL[ZST],
            zstd.CompressionParameter.checksum_flag: 1,
        }
        packed = zstd.ZstdFile(file, mode="wb", options=options)
    else:
        packed = gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL[GZ], mtime=0)
    with packed:
        yield packed


@contextmanager
def unpacking(path: Path) -> Iterator[IO[bytes]]:
    """Yield the content of the packed file *path*, read as it is asked for; raise BadBundle for what is none.

    Raises CannotHere where this Python cannot unpack it.
    """
    broken: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)
    packed: Any
    try:
        kind = packing_of(path)
        if kind == ZST:
            zstd = _zstd()
            broken = (*broken, zstd.ZstdError)
            packed = zstd.ZstdFile(path, options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
        elif kind == GZ:
            packed = gzip.open(path, "rb")  # noqa: SIM115 - it is closed below
        else:
            raise BadBundle(path, "is packed neither by zstd nor by gzip")
        with packed:
            yield packed
    except broken as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadBundle(path, f"cannot be read: {why}") from error


def _zstd() -> ModuleType:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        missing = "was built without zstd" if sys.version_info >= (3, 14) else "lacks the package backports.zstd"
        next_step = "use .tar.gz, or " + (
            "a Python that has it" if sys.version_info >= (3, 14) else "pip install backports.zstd"
        )
        raise CannotHere(f"this Python {missing}, which .tar.zst needs; {next_step}") from error
    return zstd
