"""Trees to make workspaces of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces.sites import Site, a_repository


@pytest.fixture
def site(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    copy_of: Callable[[Callable[[Path], object], Path], None],
) -> Site:
    """A git repository with one commit: `a.txt`, `src/b.py`, and `*.log` ignored."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    copy_of(a_repository, tmp_path / "project")
    return Site(tree=tmp_path / "project", home=home)


@pytest.fixture
def plain(tmp_path: Path, home: Path) -> Site:
    """A folder outside git: `a.txt`, `src/b.py`, an empty folder, a link and a program."""
    made = Site(tree=tmp_path / "folder", home=home)
    made.write("a.txt", "one\n")
    made.write("src/b.py", "b = 1\n")
    made.write("tool", "#!/bin/sh\n", mode=0o755)
    (made.tree / "empty").mkdir()
    (made.tree / "link").symlink_to("a.txt")
    return made
