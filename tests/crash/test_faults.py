"""Ten I/O faults of all kinds, at moments of chance: the run says so honestly, and goes on when they are gone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("faults.py")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the layer is for Linux")
def test_a_fault_loses_nothing_and_is_told_honestly(tmp_path: Path) -> None:
    out = tmp_path / "faults.json"
    argv = [sys.executable, str(SCRIPT), "--most", "5", "--json", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert figures["hit"] >= 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the layer is for Linux")
def test_an_answer_that_could_not_be_kept_is_no_answer(tmp_path: Path) -> None:
    """Every write of a shim fails from some moment on: no task may pass for completed with a part of its answer."""
    out = tmp_path / "faults.json"
    argv = [sys.executable, str(SCRIPT), "--fault", "write 51 24", "--json", str(out)]
    subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert json.loads(out.read_text())["broken"] == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")
def test_a_fault_that_the_kernel_tells_of(tmp_path: Path) -> None:
    out = tmp_path / "faults.json"
    argv = [sys.executable, str(SCRIPT), "--most", "4", "--strace", "--json", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert figures["hit"] >= 2
