from __future__ import annotations

from pathlib import Path

import pytest
from landing.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A repository with one commit on main, and a user that git knows."""
    tree = tmp_path / "work"
    tree.mkdir()
    desk = Desk(tree)
    desk.git("init", "-q", "-b", "main")
    desk.git("config", "user.name", "A User")
    desk.git("config", "user.email", "user@example.org")
    desk.write("app.py", "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n")
    desk.write("notes.txt", "one\ntwo\nthree\n")
    desk.commit("First")
    return desk
