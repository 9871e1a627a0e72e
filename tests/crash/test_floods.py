"""Floods in small: the long form is `python tests/crash/floods.py`, 5 GB and a line of 1 GB."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from crash.floods import trials

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc"),
]


def test_floods_hurt_neither_owner_nor_sibling_nor_reader_and_the_record_says_what_was_cut(tmp_path: Path) -> None:
    seen = trials(tmp_path, scale=0.02)
    assert [f"{one.name}: {one.broken}" for one in seen if one.broken] == []
    assert len(seen) == 8
    assert max(one.printed for one in seen) > 90 * 2**20
    assert max(one.kept_mib for one in seen) < 72
