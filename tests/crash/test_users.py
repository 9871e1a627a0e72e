"""Another user of the machine can do nothing; the long form is `python tests/crash/users.py --trials 60`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from crash.forms import told_by

SCRIPT = Path(__file__).with_name("users.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_can_neither_read_nor_write_nor_plant_nor_signal(tmp_path: Path) -> None:
    kinds = ("peek-attached", "planted-folder", "planted-link", "open-folder")
    words = [word for kind in kinds for word in ("--kind", kind)]
    said = told_by(SCRIPT, tmp_path / "told.json", "--trials", str(len(kinds)), *words)
    assert (said["broken"], said["skipped"], said["succeeded"], said["open_modes"]) == ([], {}, 0, 0)
    assert said["run_for_others"] == 0
    assert said["operations"] >= 50 + 3 * 15
    assert said["refused"] == 3 * 15
