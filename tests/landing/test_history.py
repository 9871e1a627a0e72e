"""Landing replayed on a generated history: every merge comes out as git's own, or is told with its files."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "landing.py"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "merges"), [(1, 300), (2, 60)])
def test_every_merge_of_a_history_comes_out_as_gits_own(tmp_path: Path, seed: int, merges: int):
    spec = importlib.util.spec_from_file_location("bench_landing", BENCH)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    sys.modules["bench_landing"] = bench
    spec.loader.exec_module(bench)
    figures = bench.replayed(bench.generated(tmp_path / "history", merges=merges, seed=seed), tmp_path, merges=merges)
    assert figures.wrong == []
    assert figures.clean + figures.conflicting == merges
    assert min(figures.clean, figures.conflicting) >= merges // 10  # both happen often
