"""Sixteen workspaces at once; the long form is `python tests/crash/workspaces16.py --rounds 50`."""

from __future__ import annotations

from pathlib import Path

import pytest
from crash.forms import told_by

SCRIPT = Path(__file__).with_name("workspaces16.py")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("words", [("--rounds", "2"), ("--rounds", "1", "--worktrees")])
def test_sixteen_workspaces_at_once_are_whole_and_leave_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = told_by(SCRIPT, tmp_path / "told.json", *words)
    assert (said["failures"], said["moved"], said["left"], said["broken"]) == (0, 0, 0, [])
    assert said["workspaces"] == 16 * said["rounds"]
