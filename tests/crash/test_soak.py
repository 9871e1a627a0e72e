"""A short soak; the long one is `python tests/crash/soak.py --tasks 10000`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("soak.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_a_run_that_is_killed_again_and_again_ends_with_every_task_done_once(tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    words = ["--tasks", "200", "--every", "0.5", "1.5", "--json", str(out)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert figures["owners"] >= 2
    assert figures["killed"]["owner"] >= 1
