"""The longest remaining path starts first: real workflows under the real `step`, in virtual time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest

from forkjoin.model import Options
from forkjoin.testing import a_plan, a_task, simulate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rows():
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "order.py"), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


@pytest.mark.slow
def test_no_trace_takes_longer_than_list_scheduling(rows):
    assert len(rows) == 3 * len(list((ROOT / "tests" / "data" / "workflows").glob("*.json"))) == 24
    for row in rows:
        assert row["lower bound"] - 1e-6 <= row["forkjoin"] <= row["list scheduling"] + 1e-6, row


@pytest.mark.slow
def test_the_mean_is_better_than_first_come_even_without_estimates(rows):
    assert mean(row["first come"] / row["forkjoin"] for row in rows) > 1.02
    assert mean(row["first come"] / row["forkjoin, no estimates"] for row in rows) > 1.0


def test_without_estimates_the_task_with_most_behind_it_goes_first():
    from forkjoin.model import Edge

    edges = [Edge(first="b", then="c", kind="after"), Edge(first="c", then="d", kind="after")]
    run = simulate(a_plan("a", "b", "c", "d"), edges, {}, Options(max_parallel=1))
    assert run.order == ("b", "c", "a", "d")


def test_a_task_of_unknown_length_counts_as_the_middle_one_of_those_known():
    plan = a_plan(a_task("short", estimate=1.0), a_task("long", estimate=9.0), "unknown", a_task("usual", estimate=5.0))
    run = simulate(plan, (), {}, Options(max_parallel=1))
    assert run.order == ("long", "unknown", "usual", "short")
