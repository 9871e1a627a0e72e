"""`forkjoin resume`: a run whose owner was killed goes on, once, and whoever comes second is told who has it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from forkjoin.engine import attach, settings_from
from forkjoin.interfaces.cli.verbs import stop

pytestmark = pytest.mark.slow


def _tasks(tree: Path) -> list[dict[str, object]]:
    """`slow` takes two seconds, and for as long as the file `hold` is there."""
    log, hold = tree.parent / "log", tree.parent / "hold"
    wait = f"sleep 2; while [ -e {hold} ]; do sleep 0.1; done"
    return [
        {"id": "quick", "shell": f"echo quick >> {log}; echo done-quick", "writes": []},
        {"id": "slow", "shell": f"echo slow >> {log}; {wait}; echo done-slow", "writes": []},
        {"id": "last", "shell": f"echo last >> {log}; echo done-last", "writes": [], "after": ["slow"]},
    ]


@pytest.fixture
def orphan(forkjoin) -> str:
    """A run whose owner was killed -9 while `slow` ran; returns its id."""
    return _orphan(forkjoin)


@pytest.fixture
def held(forkjoin) -> tuple[str, Path]:
    """Such a run, and the file that keeps `slow` from ending until it is removed."""
    hold: Path = forkjoin.tree.parent / "hold"
    hold.touch()
    return _orphan(forkjoin), hold


def _orphan(forkjoin) -> str:
    process = forkjoin.process("run", forkjoin.plan(*_tasks(forkjoin.tree)), "-q")
    deadline = time.monotonic() + 20
    log = forkjoin.tree.parent / "log"
    while not log.exists() or "slow" not in log.read_text() or not _ended(forkjoin, "quick"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run: str = forkjoin.json("ls")["runs"][0]["run"]
    return run


def _ended(forkjoin, task: str) -> bool:
    runs = forkjoin.json("ls")["runs"]
    if not runs:
        return False
    tasks = forkjoin.json("ls", runs[0]["run"])["tasks"]
    return any(one["id"] == task and one["state"] == "completed" for one in tasks)


def test_a_run_goes_on_where_it_was_and_nothing_completed_runs_again(forkjoin, orphan: str) -> None:
    assert forkjoin.json("ls")["runs"][0]["owner"] is None
    assert f"forkjoin resume {orphan}" in forkjoin("ls")[1]
    assert f"forkjoin resume {orphan}" in forkjoin("show")[1]
    code, out, said = forkjoin("resume", "-q")
    assert code == 0, said
    assert f"run {orphan}: " in said
    assert "1 still to run" in said
    assert "3 of 3 tasks ok" in out
    assert sorted((forkjoin.tree.parent / "log").read_text().split()) == ["last", "quick", "slow"]


def test_who_comes_second_is_told_who_has_it(forkjoin, held: tuple[str, Path]) -> None:
    orphan, hold = held
    first = forkjoin.process("resume", "-q")
    deadline = time.monotonic() + 30
    while forkjoin.json("ls")["runs"][0]["owner"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    code, _, said = forkjoin("resume", orphan)
    assert (code, f"owned by process {first.pid}" in said) == (2, True), said
    assert forkjoin.json("resume")["runs"] == []
    hold.unlink()
    assert first.wait(20) == 0
    first.communicate()


def test_who_follows_its_output_is_told_that_nobody_drives_it(forkjoin, held: tuple[str, Path]) -> None:
    orphan, hold = held
    code, _, said = forkjoin("log", "-f", f"{orphan}/slow")
    assert (code, said) == (0, f"nobody drives run {orphan} just now; go on with it: forkjoin resume {orphan}\n")
    hold.unlink()
    assert forkjoin("resume", orphan, "-q")[0] == 0
    assert forkjoin("log", "-f", f"{orphan}/slow")[2] == ""


def test_of_several_one_that_has_an_owner_keeps_no_other_from_going_on(forkjoin, held: tuple[str, Path]) -> None:
    orphan, hold = held
    owned = forkjoin.json("run", "--detach", "-a", "shell", "-t", f"while [ -e {hold} ]; do sleep 0.1; done")["run"]
    said = forkjoin.json("resume", owned, orphan, code=2)
    assert [(one["run"], one["resumed"]) for one in said["runs"]] == [(orphan, True)]
    assert [(one["run"], one["word"]) for one in said["refused"]] == [(owned, "owned")]
    hold.unlink()
    assert forkjoin("wait", owned, orphan)[0] == 0


def test_eight_at_once_have_one_winner(forkjoin, orphan: str) -> None:
    all_of_them = [forkjoin.process("resume", orphan, "-q") for _ in range(8)]
    said = [process.communicate(timeout=40)[1] for process in all_of_them]
    losers = [text for text in said if "is owned by" in text or "is over already" in text]
    assert len(losers) == 7, said
    assert sorted((forkjoin.tree.parent / "log").read_text().split()) == ["last", "quick", "slow"]


def test_in_the_background_the_ids_come_at_once(forkjoin, orphan: str) -> None:
    said = forkjoin.json("resume", "--all", "--detach")
    assert said["runs"] == [
        {"run": orphan, "resumed": True, "found": {"running": 1, "ended": 0, "lost": 0, "queued": 1}}
    ]
    assert forkjoin.json("wait", orphan)["runs"][0]["state"] == "completed"
    again = forkjoin.json("resume", "--detach", orphan)
    assert again["runs"][0]["resumed"] is False


def test_an_ended_run_is_said_to_be_over_and_nothing_is_to_be_resumed_where_nothing_is(forkjoin, orphan: str) -> None:
    assert forkjoin("resume", "-q")[0] == 0
    code, _, said = forkjoin("resume", orphan)
    assert (code, "is over already: completed" in said) == (0, True)
    assert "nothing to resume" in forkjoin("resume")[2]
    assert forkjoin("resume", "--all", orphan)[0] == 2
    assert forkjoin("resume", "unknown")[0] == 2


def test_what_ended_while_nobody_looked_is_collected(forkjoin, orphan: str) -> None:
    folder = attach(orphan, settings=settings_from(os.environ, forkjoin.tree)).folder
    deadline = time.monotonic() + 10
    while not (folder / "tasks" / "slow" / "1" / "exit.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    said = forkjoin.json("resume", "--detach")
    assert said["runs"][0]["found"]["ended"] == 1
    assert forkjoin.json("wait", orphan)["runs"][0]["state"] == "completed"
    shown = forkjoin.json("show", f"{orphan}/slow")["tasks"][0]
    assert shown["answer"].strip() == "done-slow"
    assert shown["seconds"] < 4


def test_an_owner_that_stands_still_is_said_to_and_what_helps(
    forkjoin, held: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(stop, "_WAIT_S", 0.2)
    orphan, hold = held
    owner = forkjoin.process("resume", orphan, "-q")
    request.addfinalizer(owner.kill)  # one that was left standing would never end
    request.addfinalizer(lambda: hold.unlink(missing_ok=True))
    deadline = time.monotonic() + 30
    while forkjoin.json("ls")["runs"][0]["owner"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert f"follow it: forkjoin watch {orphan}" in forkjoin("resume", orphan)[2]
    owner.send_signal(signal.SIGSTOP)
    remedy = f"kill -CONT {owner.pid}; or end it: kill -9 {owner.pid}, then: forkjoin resume {orphan}"
    while remedy not in forkjoin("resume", orphan)[2]:
        assert time.monotonic() < deadline
    code, _, said = forkjoin("stop", "--kill", f"{orphan}/")
    assert (code, remedy in said, "--kill" in said) == (5, True, False), said
    (fact,) = [fact for fact in forkjoin.json("doctor")["facts"] if fact["name"] == "halted"]
    assert (fact["verdict"], remedy in fact["remedy"], orphan in fact["seen"]) == ("warning", True, True)
    owner.send_signal(signal.SIGCONT)
    owner.communicate(timeout=30)
    assert forkjoin.json("ls")["runs"][0]["state"] == "stopped"
    hold.unlink()


def test_an_owner_that_was_halted_as_it_wrote_is_no_full_disk(capsys: pytest.CaptureFixture[str]) -> None:
    """It keeps the journal locked, so that the wish is kept beside it, as on a full disk."""
    late = {"tasks": [], "kept": True, "late": True}
    stop._say_why([stop._End(run="r", halted="kill -CONT 7", **late), stop._End(run="full", halted="", **late)])
    first, second = capsys.readouterr().err.splitlines()
    assert ("kill -CONT 7" in first, "disk" in first) == (True, False)
    assert ("run full" in second, "the disk is full" in second) == (True, True)


def test_a_run_whose_tree_is_not_there_waits_for_it_and_loses_nothing(forkjoin, held: tuple[str, Path]) -> None:
    orphan, hold = held
    hold.unlink()
    tree = forkjoin.tree.rename(forkjoin.tree.with_name("moved"))
    for verb in (("resume", orphan), ("resume", "--detach", orphan), ("wait", orphan), ("watch", orphan)):
        code, _, said = forkjoin(*verb)
        assert (code, f"its tree, {forkjoin.tree}, is not there; put it back" in said) == (7, True), said
    tree.rename(forkjoin.tree)
    code, out, said = forkjoin("resume", orphan, "-q")
    assert (code, "3 of 3 tasks ok" in out) == (0, True), said


def test_a_run_whose_tree_is_gone_for_good_can_be_stopped(forkjoin, held: tuple[str, Path]) -> None:
    orphan, _ = held
    forkjoin.tree.rename(forkjoin.tree.with_name("moved"))
    assert forkjoin("stop", f"{orphan}/")[0] == 0
    assert "is over already" in forkjoin("resume", orphan)[2]


def test_a_folder_that_was_deleted_under_ones_feet_is_named(forkjoin) -> None:
    forkjoin.tree.rmdir()
    code, _, said = forkjoin("ls")
    assert (code, said) == (7, "error: the folder you are in was deleted; cd to one that is there, or say -C DIR\n")
