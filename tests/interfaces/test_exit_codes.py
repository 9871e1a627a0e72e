"""Exit codes through real command lines: the first that applies of 130, 143, 2, 7, 6, 5, 4, 3, 1, 0."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
GOOD = {"id": "good", "shell": "echo fine", "writes": []}
BAD = {"id": "bad", "shell": "exit 1", "writes": []}
SLOW = {"id": "slow", "shell": "sleep 300", "writes": []}
FINDS = {"id": "finds", "agent": "static", "task": "ruff-correctness", "writes": []}


@pytest.fixture
def with_finding(forkjoin) -> None:
    (forkjoin.tree / "app.py").write_text("import os\n")


@pytest.mark.parametrize(
    ("tasks", "flags", "code", "word"),
    [
        ([GOOD], (), 0, "ok"),
        ([GOOD, FINDS], (), 0, "ok"),
        ([GOOD, FINDS], ("--fail-on", "critical"), 0, "ok"),
        ([GOOD, FINDS], ("--fail-on", "info"), 1, "findings"),
        ([GOOD, BAD, FINDS], ("--fail-on", "info"), 3, "some-failed"),
        ([GOOD, BAD], (), 3, "some-failed"),
        ([BAD], (), 4, "none-succeeded"),
        ([BAD], ("--fail-on", "info"), 4, "none-succeeded"),
        ([SLOW], ("--timeout", "300ms"), 4, "none-succeeded"),
        ([GOOD, SLOW], ("--timeout", "300ms"), 3, "some-failed"),
    ],
)
def test_what_became_of_the_tasks_decides(forkjoin, with_finding, tasks, flags, code: int, word: str) -> None:
    said = forkjoin.json("run", forkjoin.plan(*tasks), *flags, code=code)
    assert said["exit"] == word
    assert forkjoin.json("watch", *flags[:2] if flags[:1] == ("--fail-on",) else (), code=code)["exit"] == word


def test_a_finding_fails_report_and_review_alike(forkjoin, with_finding) -> None:
    assert forkjoin("review", "-q", "-p", "correctness", "--fail-on", "info")[0] == 1
    assert forkjoin("report", "--fail-on", "info")[0] == 1
    assert forkjoin("report", "--fail-on", "critical")[0] == 0
    assert forkjoin("report")[0] == 0


def test_the_environment_may_say_what_to_fail_on_and_the_flag_beats_it(
    forkjoin, with_finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORKJOIN_FAIL_ON", "info")
    plan = forkjoin.plan(FINDS)
    assert forkjoin("run", "-q", plan)[0] == 1
    assert forkjoin("run", "-q", "--fail-on", "critical", plan)[0] == 0


def test_a_wrong_plan_goes_before_a_machine_that_cannot(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORKJOIN_DEPTH", "1")
    assert forkjoin("run", forkjoin.plan({"id": "a"}))[0] == 2
    assert forkjoin("run", forkjoin.plan(GOOD))[0] == 7


def test_a_machine_that_cannot_goes_before_dependence(forkjoin) -> None:
    nobody = [{"id": name, "task": "do it", "writes": ["x"]} for name in ("a", "b")]
    code, _, err = forkjoin("run", "--policy", "strict", forkjoin.plan(*nobody))
    assert code == 7
    assert "no agent was chosen" in err


def test_dependence_is_6_before_anything_starts(forkjoin) -> None:
    writers = [{"id": name, "shell": "exit 1", "writes": ["x"]} for name in ("a", "b")]
    code, out, err = forkjoin("run", "--policy", "strict", forkjoin.plan(*writers))
    assert (code, out) == (6, "")
    assert "nothing was started" in err
    said = forkjoin("run", "--json", "--policy", "strict", forkjoin.plan(*writers))
    assert json.loads(said[1])["error"]["word"] == "not-independent"
    assert forkjoin.json("ls")["runs"] == []


def test_not_ready_in_time_goes_before_what_failed_already(forkjoin) -> None:
    forkjoin("run", "--detach", forkjoin.plan(BAD, SLOW))
    forkjoin("wait", "bad")
    assert forkjoin.json("wait", "--timeout", "50ms", code=5)["exit"] == "limit"
    said = forkjoin.json("output", "bad", "slow", "--timeout", "50ms", code=5)
    assert [out["retrieval_status"] for out in said["outputs"]] == ["success", "timeout"]
    assert forkjoin("output", "bad")[0] == 4
    assert forkjoin("stop", "--kill")[0] == 0
    assert forkjoin("wait")[0] == 4


@pytest.mark.parametrize(("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"),
                                                      (signal.SIGTERM, 143, "terminated")])  # fmt: skip
def test_a_signal_goes_before_everything_and_nothing_lives_on(forkjoin, number: int, code: int, word: str) -> None:
    process = forkjoin.process("run", "--json", "--fail-on", "info", forkjoin.plan(BAD, GOOD, SLOW))
    while "slow: running" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    said = json.loads(out)
    assert said["exit"] == word
    assert {task["id"]: task["state"] for task in said["tasks"]}["slow"] == "stopped"
    assert f"forkjoin retry {said['run']}" in err
    assert forkjoin.json("ls")["runs"][0]["state"] == "stopped"


@pytest.mark.parametrize("argv", [("wait",), ("output", "slow"), ("log", "-f", "slow"), ("watch",)], ids=" ".join)
def test_ctrl_c_in_what_only_reads_is_130_and_stops_nothing(forkjoin, argv: tuple[str, ...]) -> None:
    forkjoin("run", "--detach", forkjoin.plan(SLOW))
    while forkjoin.json("ls")["runs"][0]["state"] == "queued":  # on a busy machine its owner takes a while to come
        time.sleep(0.2)
    process = forkjoin.process(*argv)
    time.sleep(1.5)  # there is nothing to see of it while it waits
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert forkjoin.json("ls")["runs"][0]["state"] == "running"
    forkjoin("stop", "--kill")


def test_ctrl_c_as_older_versions_of_typer_pass_it_on_is_130_too(capsys: pytest.CaptureFixture[str]) -> None:
    from forkjoin.interfaces.cli.main import guarded

    def aborted() -> int:
        raise RuntimeError from KeyboardInterrupt()

    assert guarded(aborted, as_json=True) == 130
    assert capsys.readouterr() == ("", "")


def _repository(tree: Path) -> None:
    for words in (("init", "-q"), ("config", "user.name", "A"), ("config", "user.email", "a@example.org"),
                  ("commit", "-q", "--allow-empty", "-m", "begun")):  # fmt: skip
        subprocess.run(["git", "-C", str(tree), *words], check=True)


def test_the_word_of_a_run_that_is_landed_is_that_of_its_landing(forkjoin) -> None:
    """What the run brought is one object, and its word is the exit code of the process."""
    _repository(forkjoin.tree)
    task = {"id": "a", "shell": "echo new > made.txt", "writes": ["made.txt"]}
    said = forkjoin.json("run", "--land", forkjoin.plan(task, gate="false"), code=4)
    assert (said["tasks"][0]["state"], said["exit"]) == ("completed", "none-succeeded")


def test_where_it_cannot_be_landed_the_results_are_told_all_the_same(forkjoin, monkeypatch) -> None:
    _repository(forkjoin.tree)
    subprocess.run(["git", "-C", str(forkjoin.tree), "config", "--unset", "user.email"], check=True)
    subprocess.run(["git", "-C", str(forkjoin.tree), "config", "user.useConfigOnly", "true"], check=True)
    task = {"id": "a", "shell": "echo new > made.txt", "writes": ["made.txt"]}
    said = forkjoin.json("run", "--land", forkjoin.plan(task), code=7)
    assert (said["tasks"][0]["state"], said["exit"]) == ("completed", "machine")


@pytest.mark.slow
def test_ctrl_c_in_a_run_in_worktrees_keeps_what_was_made_and_the_users_repository(forkjoin) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(forkjoin.tree), *words], capture_output=True, text=True, check=True)
        return done.stdout

    _repository(forkjoin.tree)
    (forkjoin.tree / "mine.txt").write_text("mine\n")
    before = git("status", "--porcelain"), git("for-each-ref"), git("config", "--local", "--list")
    rows = [{"id": name, "shell": f"echo 1 > {name}.txt; echo made; sleep 60", "isolation": "worktree"}
            for name in ("a", "b")]  # fmt: skip
    process = forkjoin.process("run", "-v", forkjoin.plan(*rows))
    made = 0
    while made < 2:
        line = process.stderr.readline()
        assert line, process.poll()
        made += line.rstrip().endswith("made")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    run = forkjoin.json("ls")["runs"][0]
    assert (run["state"], run["unlanded"]) == ("stopped", ["a", "b"])
    assert [line for line in git("for-each-ref").splitlines() if "refs/forkjoin/" not in line] == before[1].splitlines()
    assert "a.txt" in forkjoin("diff", "a")[1]
    assert forkjoin("rm", "--discard", run["run"])[0] == 0
    assert len(git("worktree", "list").splitlines()) == 1
    assert (git("status", "--porcelain"), git("for-each-ref"), git("config", "--local", "--list")) == before
