"""Kinds of kill, at a moment of chance; the long form with all kinds is `python tests/crash/kills.py --trials 200`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from crash.kills import KINDS, trial

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc"),
]
# Those that no fail point is: a single owner, nursery or shim dies at every point of test_points.py.
HERE = [at for at, (_, victims) in enumerate(KINDS) if {"agent", "pause"} & {*victims}]


@pytest.mark.parametrize("number", HERE, ids=lambda n: "-".join((KINDS[n][0], *KINDS[n][1])))
def test_a_kill_loses_nothing_repeats_nothing_and_leaves_nothing(number: int, tmp_path: Path) -> None:
    mode, victims = KINDS[number]
    made = trial(tmp_path / "trial", mode, victims, seed=number)
    assert made.broken == [], f"killed: {made.killed}; states: {made.states}"
