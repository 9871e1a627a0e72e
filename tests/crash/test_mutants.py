"""The trials see what they are there to see: each of these mutants of the product turns them red."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from crash.mutants import planted

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the oracles read /proc"),
]


def _figures(script: str, words: list[str], out: Path, environ: dict[str, str] | None = None) -> dict[str, object]:
    argv = [sys.executable, str(HERE / script), "--json", str(out), "--workers", "2", *words]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert out.exists(), done.stderr[-2000:]
    figures: dict[str, object] = json.loads(out.read_text())
    return figures


# Each with a point at which a kill must show it, and the promise that is then seen to be broken.
SLICES = (
    ("lock taken after the fork", "turn.done#2", "duplicated"),
    ("effect before commit", "turn.decided", "untrue"),
    ("exit record written in place", "record.opened", "untrue"),
    ("sweep removed", "run.joined", "orphans"),
)


@pytest.mark.parametrize(("mutant", "point", "promise"), SLICES)
def test_a_mutant_turns_the_kill_trials_red(mutant: str, point: str, promise: str, tmp_path: Path) -> None:
    words = ["--only", point, "--random", "0"]
    found = _figures("points.py", words, tmp_path / "mutant.json", planted(mutant, tmp_path / "src"))
    assert found[promise], found


def test_the_same_trials_are_green_on_the_product_as_it_is(tmp_path: Path) -> None:
    words = ["--only", ",".join(point for _, point, _ in SLICES), "--random", "0"]
    found = _figures("points.py", words, tmp_path / "sound.json")
    assert (found["trials"], found["broken"]) == (len(SLICES), [])


@pytest.mark.parametrize("mutant", ["synchronous off", "exit record not synced", "names of git's objects not synced"])
def test_a_mutant_turns_the_power_trials_red(mutant: str, tmp_path: Path) -> None:
    words = ["--replays", "60", "--until-broken"]
    found = _figures("power.py", words, tmp_path / "mutant.json", planted(mutant, tmp_path / "src"))
    assert found["broken"], found
