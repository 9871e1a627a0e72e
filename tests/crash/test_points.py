"""Every fail point once and 200 at random, each followed by a resume that is killed in four of ten cases.

Within two minutes on two cores, if nothing is beside it: `.ci/run` begins with it. A trial costs 0.6 s of CPU:
`python tests/crash/points.py --random 1000` is the long form.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("points.py")


# A script of its own, for it forks and must have no threads.
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc")
def test_a_kill_at_a_point_loses_nothing_repeats_nothing_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "points.json"
    # Trials sleep half of their time.
    argv = [sys.executable, str(SCRIPT), "--random", "200", "--workers", "6", "--json", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    with capsys.disabled():
        print(f"\n{figures['points']} points once, 200 at random: {figures['seconds']} s, {figures['kills']} kills")
    assert figures["broken"] == []
    assert done.returncode == 0
    assert figures["kills"] >= figures["trials"] * 0.8
    assert figures["longest_resume_s"] <= 2.0
    assert figures["unreached"] == []
