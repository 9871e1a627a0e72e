"""Twelve floods in small: the long form, all fifteen with 5 GB and a line of 1 GB, is `python tests/crash/floods.py`.

With `--scale 0` it is all fifteen in small.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from crash.floods import CASES

SCRIPT = Path(__file__).with_name("floods.py")
# What differs little from another: bytes (thirty at once print them, too), and what a schema says (findings have one).
LONG_FORM = {"no text", "schema", "1 MiB by schema"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc"),
]


def test_floods_hurt_neither_owner_nor_sibling_nor_reader_and_the_record_says_what_was_cut(tmp_path: Path) -> None:
    """In a process of its own: owners are forked from it, and a big one would hide how they grow."""
    out = tmp_path / "floods.json"
    chosen = [case.name for case in CASES if case.name not in LONG_FORM]
    only = [word for name in chosen for word in ("--only", name)]
    argv = [sys.executable, str(SCRIPT), "--scale", "0", "--json", str(out), *only]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures = json.loads(out.read_text())
    assert figures["broken"] == []
    assert [row["name"] for row in figures["rows"]] == chosen
    assert len(chosen) == 12
    assert sum(row["cut"] > 0 for row in figures["rows"]) >= 2
