"""Two tasks that change one file are told of while they run; real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")


def _run(repository: Path, plan: dict[str, object], *flags: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Run a plan; return the states of its tasks, and what happened."""
    words = ("run", "--json", "-C", str(repository), *flags, "-")
    told = subprocess.run(
        [*FORKJOIN, *words], input=json.dumps(plan), capture_output=True, text=True, timeout=150, check=False
    )
    result = json.loads(told.stdout)
    log = subprocess.run(
        [*FORKJOIN, "log", "--jsonl", result["run"]], capture_output=True, text=True, check=True, cwd=repository
    )
    events = [json.loads(line)["event"] for line in log.stdout.split("\n") if line]
    return {task["id"]: task["state"] for task in result["tasks"]}, events


def _of(events: list[dict[str, Any]], *kinds: str) -> list[tuple[str, str]]:
    return [(one["kind"], one["task"]) for one in events if one["kind"] in kinds]


def test_an_overlap_of_living_siblings_is_noted_once_for_each_and_the_later_is_stopped_where_asked(
    repository: Path, tmp_path: Path
) -> None:
    wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.5; done"
    tasks = [
        {"id": "a", "shell": f"echo a >> app.py; echo a > only-a; {wait}"},
        {"id": "b", "shell": f"echo b >> app.py; echo b > only-b; {wait}"},
        {"id": "c", "shell": f"echo c > only-c; sleep 12; touch {tmp_path}/go"},
    ]
    states, events = _run(repository, {"tasks": tasks})
    assert states == {"a": "completed", "b": "completed", "c": "completed"}
    (met,) = [one for one in events if one["kind"] == "overlapped"]
    assert (met["task"], met["first"], met["paths"]) == ("b", "a", ["app.py"])
    shown = subprocess.run([*FORKJOIN, "show"], capture_output=True, text=True, check=True, cwd=repository).stdout
    assert "overlap: a and b changed the same while both ran: app.py" in shown
    shown = subprocess.run([*FORKJOIN, "show", "a"], capture_output=True, text=True, check=True, cwd=repository).stdout
    assert "overlap: b changed the same while both ran: app.py" in shown
    (tmp_path / "go").unlink()
    states, events = _run(repository, {"tasks": tasks}, "--on-overlap", "stop")
    assert states == {"a": "completed", "b": "stopped", "c": "completed"}


def test_the_later_stands_still_until_the_earlier_has_ended(repository: Path, tmp_path: Path) -> None:
    tasks = [
        {"id": "a", "shell": f"echo a >> app.py; while [ ! -e {tmp_path}/go ]; do sleep 0.5; done"},
        {"id": "b", "timeout": 60, "shell": f"echo b >> app.py; sleep 14; touch {tmp_path}/go"},
        {"id": "c", "shell": f"sleep 20; touch {tmp_path}/go"},
    ]
    states, events = _run(repository, {"tasks": tasks}, "--on-overlap", "pause")
    assert states == {"a": "completed", "b": "completed", "c": "completed"}
    told = _of(events, "halted", "continued", "ended")
    assert told.index(("halted", "b")) < told.index(("continued", "b")) < told.index(("ended", "b"))
    assert told.index(("ended", "c")) < told.index(("ended", "b"))  # for it was not at work for long
    explained = subprocess.run(
        [*FORKJOIN, "explain", "--json"], capture_output=True, text=True, check=True, cwd=repository
    ).stdout
    (lost,) = [one for one in json.loads(explained)["account"]["lost"] if one["cause"] == "overlap"]
    assert lost["tasks"] == ["b"]
    assert lost["detail"] == "paused until a has ended: both changed app.py"
    assert lost["waited"] > 8  # c lets a go on after 20 s, and b was at work for a few of them


def test_a_word_that_is_none_is_refused(repository: Path) -> None:
    done = subprocess.run(
        [*FORKJOIN, "run", "--on-overlap", "panic", "-C", str(repository), "-a", "shell", "-t", "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "known: note, pause, stop" in done.stderr
