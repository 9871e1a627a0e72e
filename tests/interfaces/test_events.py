"""`forkjoin log --jsonl`: every event once and in order, also over an owner's death; no reader holds a run up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_events_are_numbered_from_one_and_go_on_from_any_number(forkjoin, ended: str) -> None:
    code, out, _ = forkjoin("log", "--jsonl", ended + "/")
    events = _events(out)
    assert code == 0
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))
    assert events[0]["event"]["kind"] == "planned"
    assert events[-1]["event"]["kind"] == "closed"
    assert _events(forkjoin("log", "--jsonl", "--since", "5", ended + "/")[1]) == events[5:]
    assert forkjoin("log", "--jsonl", "--since", str(len(events)), ended + "/")[1] == ""


def test_of_a_task_only_its_own_are_told(forkjoin, ended: str) -> None:
    events = _events(forkjoin("log", "--jsonl", "bad")[1])
    assert {one["event"]["task"] for one in events if "task" in one["event"]} == {"bad"}
    assert any(one["event"]["kind"] == "ended" for one in events)


def test_people_get_words_and_programs_one_object(forkjoin, ended: str) -> None:
    out = forkjoin("log")[1]
    assert "bad: failed" in out
    assert "over: failed" in out
    assert "\x1b" not in out
    said = forkjoin.json("log", "--since", "3")
    assert said["events"][0]["seq"] == 4


@pytest.mark.parametrize("words", [("--since", "-1"), ("--stderr",), ("--brief",)])
def test_what_makes_no_sense_is_refused_with_what_to_do(forkjoin, ended: str, words: tuple[str, ...]) -> None:
    code, _, said = forkjoin("log", *words, ended + "/")
    assert (code, "error:" in said) == (2, True)


def _follow(forkjoin, run: str, since: int = 0) -> subprocess.Popen[str]:
    process: subprocess.Popen[str] = forkjoin.process("log", "--jsonl", "-f", "--since", str(since), run + "/")
    return process


def _latest(forkjoin) -> dict[str, object]:
    deadline = time.monotonic() + 20
    while not (runs := forkjoin.json("ls")["runs"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    latest: dict[str, object] = runs[0]
    return latest


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_follower_outlives_the_owner_and_misses_nothing(forkjoin) -> None:
    plan = forkjoin.plan(
        {"id": "slow", "shell": "sleep 4; echo x", "writes": []}, {"id": "b", "shell": "true", "writes": []}
    )
    owner = forkjoin.process("run", plan, "-q")
    run = str(_latest(forkjoin)["run"])
    out, said = forkjoin.tree.parent / "out", forkjoin.tree.parent / "said"
    with out.open("w") as stdout, said.open("w") as stderr:
        follower = forkjoin.process("log", "--jsonl", "-f", run + "/", stdout=stdout, stderr=stderr)
    _until(lambda: '"running"' in out.read_text())
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    _until(lambda: f"nobody drives run {run} just now" in said.read_text())
    assert follower.poll() is None
    assert forkjoin("resume", "-q")[0] == 0
    assert follower.wait(20) == 0
    events = _events(out.read_text())
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))
    assert [one["event"]["kind"] for one in events].count("owned") == 2
    assert events[-1]["event"]["kind"] == "closed"


def test_a_follower_that_was_killed_goes_on_where_it_was(forkjoin) -> None:
    plan = forkjoin.plan(*({"id": f"t{n}", "shell": f"sleep 0.{n}", "writes": []} for n in range(1, 9)))
    owner = forkjoin.process("run", plan, "-q")
    run = str(_latest(forkjoin)["run"])
    first = _follow(forkjoin, run)
    seen = [json.loads(first.stdout.readline()) for _ in range(5)]
    first.kill()
    first.communicate()
    rest = _events(_follow(forkjoin, run, since=int(seen[-1]["seq"])).communicate(timeout=30)[0])
    assert owner.wait(20) == 0
    owner.communicate()
    whole = seen + rest
    assert [one["seq"] for one in whole] == list(range(1, len(whole) + 1))
    assert sum(one["event"]["kind"] == "ended" for one in whole) == 8


@pytest.mark.parametrize("reader", ["full", "gone", "stopped"])
def test_a_reader_that_takes_nothing_does_not_hold_the_run_up(forkjoin, reader: str) -> None:
    tasks = [{"id": f"t{n}", "shell": "echo x", "writes": []} for n in range(40)]
    plan = forkjoin.plan(*tasks)
    if reader == "full":
        with Path("/dev/full").open("w") as full:
            process = forkjoin.process("run", "--jsonl", plan, stdout=full)
    else:
        read, write = os.pipe()
        process = forkjoin.process("run", "--jsonl", plan, stdout=write)
        os.close(write)
        if reader == "gone":
            os.close(read)
    run = str(_latest(forkjoin)["run"])
    deadline = time.monotonic() + 30
    while forkjoin.json("ls")["runs"][0]["state"] != "completed":
        assert time.monotonic() < deadline, forkjoin("show", run + "/")
        time.sleep(0.05)
    if reader == "stopped":
        assert os.read(read, 10)
        while os.read(read, 65536):
            pass
        os.close(read)
    assert process.wait(20) == 0, process.communicate()
    process.communicate()
