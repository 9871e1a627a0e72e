"""What is still in the pipes when an attempt has ended is kept, however busy the machine is."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import forkjoin
from forkjoin import backends
from forkjoin.backends import output_bytes
from forkjoin.backends.segments import Capture


@pytest.fixture
def shim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The shim's module, found by the bare names of what lies beside it, on a machine on which a second passes between
    two looks at the clock."""
    before = set(sys.modules)
    for folder in (Path(forkjoin.__file__).parent, Path(backends.__file__).parent):
        monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module("shim")
    seconds = count()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    yield module
    for name in set(sys.modules) - before:
        del sys.modules[name]


def unmade(shim: Any, *streams: tuple[int, str], folder: Path) -> Any:
    """Return a shim that has nothing but open streams."""
    made = object.__new__(shim.Shim)
    made.streams = {fd: Capture(str(folder), name, 1024 * 1024) for fd, name in streams}
    made.kept = tuple(made.streams.values())
    return made


def test_on_a_slow_machine_the_last_of_both_streams_is_kept(shim: Any, tmp_path: Path) -> None:
    said = {"stdout": b"o" * 60_000 + b"the end", "stderr": b"e" * 60_000 + b"the end"}
    pipes = []
    for name, words in said.items():
        out, into = os.pipe()
        os.set_blocking(out, False)
        os.write(into, words)
        os.close(into)
        pipes.append((out, name))
    unmade(shim, *pipes, folder=tmp_path)._drain()
    for out, _ in pipes:
        os.close(out)
    assert output_bytes(tmp_path, "stdout", limit=100_000) == said["stdout"]
    assert output_bytes(tmp_path, "stderr", limit=100_000) == said["stderr"]


def test_who_writes_on_and_on_is_not_listened_to_for_ever(
    shim: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, reads = unmade(shim, (0, "stdout"), folder=tmp_path), list[int]()

    def read(_: int, size: int) -> bytes:
        reads.append(size)
        assert len(reads) < 1000
        return bytes(size)

    monkeypatch.setattr(shim.os, "read", read)
    made._drain()
    assert sum(reads) == made.kept[0].record()["bytes"], "what was read is kept"
