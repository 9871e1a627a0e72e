"""Shims, agents and nurseries killed; the long form is `python tests/crash/casualties.py --trials 200`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from crash.forms import told_by

SCRIPT = Path(__file__).with_name("casualties.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_what_was_killed_is_lost_or_failed_and_nothing_of_it_lives(tmp_path: Path) -> None:
    said = told_by(SCRIPT, tmp_path / "told.json", "--trials", "5")
    assert (said["broken"], said["skipped"], said["survivors"], said["untrue"]) == ([], {}, 0, 0)
    assert said["struck"] >= 4
