"""Two tasks that change one file are told of while they run; real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")


def _run(repository: Path, plan: dict[str, object], *flags: str) -> tuple[dict[str, str], list[str]]:
    """Run a plan; return the states of its tasks, and what was said of overlaps."""
    words = ("run", "--json", "-C", str(repository), *flags, "-")
    told = subprocess.run(
        [*FORKJOIN, *words], input=json.dumps(plan), capture_output=True, text=True, timeout=150, check=False
    )
    result = json.loads(told.stdout)
    log = subprocess.run(
        [*FORKJOIN, "log", "--jsonl", result["run"]], capture_output=True, text=True, check=True, cwd=repository
    )
    said = [line for line in log.stdout.split("\n") if "overlap: " in line]
    return {task["id"]: task["state"] for task in result["tasks"]}, said


def test_an_overlap_of_living_siblings_is_noted_once_for_each_and_the_later_is_stopped_where_asked(
    repository: Path, tmp_path: Path
) -> None:
    wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    tasks = [
        {"id": "a", "shell": f"echo a >> app.py; echo a > only-a; {wait}"},
        {"id": "b", "shell": f"echo b >> app.py; echo b > only-b; {wait}"},
        {"id": "c", "shell": f"echo c > only-c; sleep 12; touch {tmp_path}/go"},
    ]
    states, said = _run(repository, {"tasks": tasks})
    assert states == {"a": "completed", "b": "completed", "c": "completed"}
    assert len(said) == 2, said
    assert all("app.py" in line and "only" not in line for line in said)
    (tmp_path / "go").unlink()
    states, said = _run(repository, {"tasks": tasks}, "--on-overlap", "stop")
    assert states == {"a": "completed", "b": "stopped", "c": "completed"}


def test_a_word_that_is_none_is_refused(repository: Path) -> None:
    done = subprocess.run(
        [*FORKJOIN, "run", "--on-overlap", "panic", "-C", str(repository), "-a", "shell", "-t", "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "known: note, stop" in done.stderr
