"""Clocks that jump, processes that are halted, a machine that sleeps.

The long form is `python tests/crash/clocks.py --trials 200`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from crash.forms import told_by

KINDS = ("halt-all", "halt-shims", "halt-calls", "wall-back", "slept", "boot")
SCRIPT = Path(__file__).with_name("clocks.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_no_task_is_timed_out_falsely_and_a_deadline_holds(tmp_path: Path) -> None:
    words = [word for kind in KINDS for word in ("--kind", kind)]
    said = told_by(SCRIPT, tmp_path / "told.json", "--trials", str(len(KINDS)), *words)
    if said["skipped"] and os.geteuid() != 0:
        pytest.skip(f"not here: {said['skipped']}")
    assert (said["broken"], said["skipped"]) == ([], {})
    assert (said["false_timeouts"], said["missed"], said["insane"]) == (0, 0, 0)
