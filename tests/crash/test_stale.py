"""Locks whose holders were killed; the long form is `python tests/crash/stale.py --trials 200`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from crash.forms import told_by

SCRIPT = Path(__file__).with_name("stale.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_a_lock_whose_holder_was_killed_is_free_and_the_users_own_are_left(tmp_path: Path) -> None:
    said = told_by(SCRIPT, tmp_path / "told.json", "--trials", "8")
    if said["skipped"] and os.geteuid() != 0:
        pytest.skip(f"not here: {said['skipped']}")
    assert (said["broken"], said["skipped"]) == ([], {})
    assert (said["stuck"], said["removed"]) == (0, 0)
    assert said["held"] >= 2
