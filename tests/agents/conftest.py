"""Trees to look at, and a real run of an analyser on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from agents.planted import PLANTED, Ran, run_analyser, write


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """The planted project, in a folder of its own."""
    return write(tmp_path / "tree", PLANTED)


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write a small project of the test's own."""
    return lambda files: write(tmp_path / "tree", files)


@pytest.fixture
def ran(tmp_path: Path) -> Callable[..., Ran]:
    """Run one analyser on a tree; keywords beside `reads` are added to the environment."""

    def run(name: str, root: Path, *, reads: tuple[str, ...] | None = None, **environ: str) -> Ran:
        scratch = tmp_path / f"scratch-{name}"
        scratch.mkdir(exist_ok=True)
        return run_analyser(name, root, scratch, reads=reads, environ=environ)

    return run
