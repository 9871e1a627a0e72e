from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from landing.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, copy_of: Callable[[Callable[[Path], object], Path], None]) -> Desk:
    """A repository with one commit on main, and a user that git knows."""
    copy_of(_first, tmp_path / "work")
    return Desk(tmp_path / "work")


def _first(tree: Path) -> None:
    tree.mkdir()
    desk = Desk(tree)
    desk.git("init", "-q", "-b", "main")
    desk.git("config", "user.name", "A User")
    desk.git("config", "user.email", "user@example.org")
    desk.write("app.py", "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n")
    desk.write("notes.txt", "one\ntwo\nthree\n")
    desk.commit("First")
