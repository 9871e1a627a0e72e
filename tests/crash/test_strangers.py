"""Pids that were given away; the long form is `python tests/crash/strangers.py --trials 200`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from crash.forms import told_by

SCRIPT = Path(__file__).with_name("strangers.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_no_command_signals_a_stranger_who_got_a_pid_of_ours(tmp_path: Path) -> None:
    said = told_by(SCRIPT, tmp_path / "told.json", "--trials", "4")
    if said["skipped"] and os.geteuid() != 0:
        pytest.skip(f"not here: {said['skipped']}")
    assert (said["broken"], said["skipped"]) == ([], {})
    assert said["signalled"] == 0
    assert said["strangers"] >= 12
