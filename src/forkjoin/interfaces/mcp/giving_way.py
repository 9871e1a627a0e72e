"""Loading modules in one thread while another answers: before each, the answer goes first.

Two threads share one interpreter, so that an answer takes twice as long beside a package that is being loaded. The
wait is in the loader: the finders are asked under the lock of all imports, and an answer may have to import as well.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Final

LONGEST_S: Final = 0.3  # that one module waits: what the answer needs may be just what is being loaded


@contextmanager
def giving_way(turn: threading.Lock) -> Iterator[None]:
    """While in here, this thread runs a module only when nobody holds *turn*, or has for LONGEST_S."""
    finder = _Finder(turn)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    def __init__(self, turn: threading.Lock) -> None:
        self._turn, self._thread = turn, threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        spec.loader = _Loader(spec.loader, self._turn)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, loader: SourceFileLoader, turn: threading.Lock) -> None:
        super().__init__(loader.name, loader.path)
        self._turn = turn

    def exec_module(self, module: ModuleType) -> None:
        if self._turn.acquire(timeout=LONGEST_S):
            self._turn.release()
        super().exec_module(module)
