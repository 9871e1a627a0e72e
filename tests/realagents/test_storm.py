"""The CI-sized form of `storm.py`: 20 tasks against a provider that sends many of them away."""

from __future__ import annotations

from pathlib import Path

import pytest
from realagents.storm import trial


@pytest.mark.slow
def test_all_tasks_come_through_a_storm_with_few_requests_more_than_it_takes(tmp_path: Path) -> None:
    found = trial(tmp_path, tasks=20, seed=3, at_once=5)
    assert (found["completed"], found["exit"]) == (20, "ok"), found
    assert found["ratio"] <= 1.5, found
    assert found["peak"] <= 5, found
    assert found["bursts"] >= 2, found
    assert (round(found["spent"]["usd"], 2), found["spent"]["tokens"]) == (0.2, 2200), found
    assert any(one["cause"] == "provider limit" for one in found["lost"]), found
