"""A power cut at 100 moments, each rebuilt as a disk could have come out of it: what was told is still true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("power.py")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the layer is for Linux")
def test_a_power_cut_takes_nothing_that_was_told(tmp_path: Path) -> None:
    out = tmp_path / "power.json"
    argv = [sys.executable, str(SCRIPT), "--replays", "100", "--workers", "2", "--json", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert (figures["replays"], figures["cuts_after_told"] > 80) == (100, True)
