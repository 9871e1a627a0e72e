"""Full disks, really full: a small file system of its own below the state folder; the long form is `fulldisk.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from crash.fulldisk import CASES, NO_NAMESPACE

SCRIPT = Path(__file__).with_name("fulldisk.py")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
@pytest.mark.parametrize("name", CASES)
def test_a_full_disk_stops_launches_keeps_results_and_forgets_no_stop(name: str, tmp_path: Path) -> None:
    out = tmp_path / "fulldisk.json"
    argv = [sys.executable, str(SCRIPT), "--patience", "3", "--only", name, "--json", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == NO_NAMESPACE:
        pytest.skip(done.stderr.strip())
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert len(figures["rows"]) >= 1
