"""Every fail point once and 25 at random, each followed by a resume that is killed in four of ten cases.

A trial costs 0.9 s of CPU: `python tests/crash/points.py --random 1000` is the long form.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("points.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc"),
]


# In parts, so that they run side by side; a script of its own, for it forks and must have no threads.
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("points", ["--random", "0"]),
        ("random", ["--only", "none", "--random", "25"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_kill_at_a_point_loses_nothing_repeats_nothing_and_leaves_nothing(
    part: str, words: list[str], tmp_path: Path
) -> None:
    out = tmp_path / f"{part}.json"
    argv = [sys.executable, str(SCRIPT), "--workers", "3", "--json", str(out), *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert done.returncode == 0
    assert figures["kills"] >= figures["trials"] * 0.8
    assert figures["longest_resume_s"] <= 2.0
    assert figures.get("unreached", []) == []
