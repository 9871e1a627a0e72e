"""Floods in small: the long form is `python tests/crash/floods.py`, 5 GB and a line of 1 GB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("floods.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc"),
]


def test_floods_hurt_neither_owner_nor_sibling_nor_reader_and_the_record_says_what_was_cut(tmp_path: Path) -> None:
    """In a process of its own: owners are forked from it, and a big one would hide how they grow."""
    out = tmp_path / "floods.json"
    argv = [sys.executable, str(SCRIPT), "--scale", "0", "--json", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert len(figures["rows"]) == 15
    assert sum(row["cut"] > 0 for row in figures["rows"]) >= 2
