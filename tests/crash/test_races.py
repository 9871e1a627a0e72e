"""Races of several runs on one repository; the long form is `python tests/crash/races.py --races 200`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="runs are killed, and their processes looked for in /proc"),
]
RACES = Path(__file__).with_name("races.py")


@pytest.mark.parametrize(
    ("kind", "races"), [("functions", 6), ("programs", 4), ("mixed", 5), ("killed", 3), ("resumed", 2)]
)
def test_no_two_runs_hold_one_path_and_no_two_owners_one_run(kind: str, races: int, tmp_path: Path) -> None:
    """In a process of its own: the races fork, and this one has threads."""
    told = tmp_path / "told.json"
    words = ["--races", str(races), "--kind", kind, "--most", "3", "--json", str(told)]
    done = subprocess.run(
        [sys.executable, str(RACES), *words], env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(told.read_text())
    assert (said["broken"], said["double_claims"], said["stuck"], said["owners"]) == ([], 0, 0, 1)
    assert said["told"] == said["losers"]
    assert said["tasks"] > 0
