"""Reading what tasks printed and changed: big, binary, growing; and names that fit more than one thing."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

import forkjoin.engine as forkjoin_engine
from forkjoin.errors import UnknownId

pytestmark = pytest.mark.slow


def test_a_big_answer_is_bounded_and_the_rest_is_one_command_away(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "seq 1 200000")
    code, out, err = forkjoin("output", "1")
    assert (code, len(out)) == (0, 32_001 if not out[:32_000].endswith("\n") else len(out))
    (command,) = re.findall(r"forkjoin (output --offset \d+ \S+)", err)
    rest = forkjoin(*command.split())[1]
    assert (out.removesuffix("\n") + rest).split("\n")[5000:5003] == ["5001", "5002", "5003"]


def test_a_big_log_is_its_last_lines_unless_all_are_asked_for(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "seq 1 5000")
    assert forkjoin("log", "1")[1].split() == [str(n) for n in range(4801, 5001)]
    assert forkjoin("log", "-n", "3", "1")[1] == "4998\n4999\n5000\n"
    assert len(forkjoin("log", "-n", "0", "1")[1].split()) == 5000
    assert forkjoin("log", "-n", "9999", "1")[1] == forkjoin("log", "-n", "0", "1")[1]


def test_binary_output_is_text_with_marks_and_json_stays_json(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", r"printf 'a\000\377\376b\n'")
    for said in (
        forkjoin.json("log", "1")["text"],
        forkjoin.json("output", "1", "--mode", "full")["outputs"][0]["text"],
    ):
        assert said.startswith("a")
        assert said.rstrip().endswith("b")
        assert "\ufffd" in said
    assert forkjoin("log", "1")[0] == 0


def test_a_log_of_nothing_says_where_to_look(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "echo only >&2")
    code, out, err = forkjoin("log", "1")
    assert (code, out) == (0, "")
    (command,) = re.findall(r"forkjoin (log --stderr \S+)", err)
    assert forkjoin(*command.split())[1] == "only\n"
    code, out, err = forkjoin("output", "1")
    assert (code, out) == (0, "")
    assert "answered nothing" in err


def test_a_followed_log_is_whole_lines_each_once_to_the_end(forkjoin) -> None:
    slowly = "for n in 1 2 3 4; do printf 'half '; sleep 0.4; echo $n; done; printf 'no newline'"
    forkjoin("run", "--detach", "-a", "shell", "-t", slowly)
    code, out, _ = forkjoin("log", "-f", "1")
    assert code == 0
    assert out == "half 1\nhalf 2\nhalf 3\nhalf 4\nno newline\n"
    assert forkjoin("log", "-f", "1")[1] == out


def test_a_followed_log_begins_with_its_last_lines(forkjoin) -> None:
    forkjoin("run", "--detach", "-a", "shell", "-t", "seq 1 50; sleep 1; echo last")
    deadline = time.monotonic() + 10
    while "50" not in forkjoin("log", "1")[1] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert forkjoin("log", "-f", "-n", "2", "1")[1] == "49\n50\nlast\n"


def test_a_brief_is_read_back_and_follow_does_not_print_json(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "echo one")
    assert "## Task" in forkjoin("log", "--brief", "1")[1] or "Task" in forkjoin("log", "--brief", "1")[1]
    code, _, err = forkjoin("log", "-f", "--json", "1")
    assert code == 2
    assert "--jsonl" in err


def test_tail_and_full_are_what_the_program_printed(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "seq 1 100; exit 3")
    assert forkjoin("output", "--mode", "tail", "--max-chars", "7", "1")[1].split() == ["99", "100"]
    assert forkjoin("output", "--mode", "full", "1")[1].split() == [str(n) for n in range(1, 101)]
    assert forkjoin("output", "--offset", "999999", "1")[1] == ""


def test_outputs_of_several_stand_under_their_names_in_the_order_asked(forkjoin, ended: str) -> None:
    out = forkjoin("output", "writer", "good", "bad")[1]
    assert re.findall(r"^== (\S+): (\S+) ==$", out, re.MULTILINE) == [
        ("writer", "completed"), ("good", "completed"), ("bad", "failed"),
    ]  # fmt: skip


def test_an_unknown_name_among_known_ones_prints_nothing_at_all(forkjoin, ended: str) -> None:
    code, out, err = forkjoin("output", "good", "nope")
    assert (code, out) == (2, "")
    assert "nope" in err


def test_an_ambiguous_run_lists_those_it_may_be(forkjoin) -> None:
    runs = [forkjoin.json("run", "-a", "shell", "-t", "true")["run"] for _ in range(2)]
    shared = runs[0][:4]
    code, out, err = forkjoin("show", f"{shared}/1")
    assert (code, out) == (2, "")
    assert all(run in err for run in runs)
    assert "say more of its id" in err
    assert forkjoin.json("show", f"{runs[0]}/1")["run"] == runs[0]
    assert forkjoin.json("ls", runs[0].rpartition("-")[2])["run"] == runs[0]


def test_a_task_goes_before_a_run_of_that_name(forkjoin) -> None:
    first = forkjoin.json("run", "-a", "shell", "-t", "echo old")["run"]
    end = first.rpartition("-")[2]
    assert forkjoin.json("show", end)["run"] == first
    second = forkjoin.json("run", forkjoin.plan({"id": end, "shell": "echo new", "writes": []}))["run"]
    assert forkjoin.json("show", end)["run"] == second
    assert forkjoin.json("show", f"{end}/")["run"] == first


def test_a_run_of_one_task_may_stand_for_it_and_one_of_more_may_not(forkjoin, ended: str) -> None:
    code, _, err = forkjoin("output", ended)
    assert code == 2
    assert f"{ended}/good" in err
    one = forkjoin.json("run", "-a", "shell", "-t", "echo single")["run"]
    assert forkjoin("output", one)[1] == "single\n"


def test_output_of_nobody_is_that_of_the_only_task_or_asks_which(forkjoin, ended: str) -> None:
    code, out, err = forkjoin("output")
    assert (code, out) == (2, "")
    assert f"run {ended} has 3 tasks; name one: good, bad, writer" in err
    forkjoin("run", "-q", "-a", "shell", "-t", "echo single")
    assert forkjoin("output")[1] == "single\n"


def test_who_never_ran_has_no_log_to_look_at(forkjoin) -> None:
    plan = forkjoin.plan({"id": "a", "shell": "false", "writes": []}, {"id": "b", "shell": "true", "after": ["a"]})
    forkjoin("run", "-q", plan)
    assert "see: forkjoin show " in forkjoin("output", "b")[2]
    assert "see: forkjoin log " in forkjoin("output", "a")[2]


def test_the_workspace_of_a_writer_is_a_folder_with_its_changes(forkjoin, ended: str) -> None:
    folder = Path(forkjoin("path", "writer")[1].rstrip("\n"))
    assert (folder / "made.txt").read_text() == "new\n"
    assert not (forkjoin.tree / "made.txt").exists()


def test_a_diff_of_nothing_says_so_and_why(forkjoin, ended: str) -> None:
    code, out, err = forkjoin("diff", "good")
    assert (code, out, err) == (0, "", f"{ended}/good changed nothing\n")
    forkjoin("run", "--detach", "-a", "shell", "-t", "sleep 60")
    assert "has not ended" in forkjoin("diff", "1")[2]
    forkjoin("stop", "--kill")


def test_nothing_to_try_again_is_said(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "true")
    code, out, err = forkjoin("retry")
    assert (code, out) == (2, "")
    assert "--force" in err


def test_runs_are_removed_only_when_all_names_are_known(forkjoin) -> None:
    run = forkjoin.json("run", "-a", "shell", "-t", "true")["run"]
    assert forkjoin("rm", run, "nope")[0] == 2
    assert len(forkjoin.json("ls")["runs"]) == 1
    assert forkjoin("rm", run, run)[:2] == (0, f"removed {run}\n")
    assert forkjoin("rm", run)[0] == 2


def test_what_runs_is_not_removed(forkjoin) -> None:
    run = forkjoin("run", "--detach", "-a", "shell", "-t", "sleep 60")[1].splitlines()[0]
    code, _, err = forkjoin("rm", "--discard", run)
    assert code == 2
    assert "still runs" in err
    while forkjoin.json("show")["tasks"][0]["state"] != "running":
        time.sleep(0.05)
    assert forkjoin("stop", "--kill", run)[1] == f"{run}/sleep-60: stopped\n"
    assert forkjoin("stop", run)[1] == f"{run}/sleep-60: had ended: stopped\n"


def test_two_watchers_see_the_same_events_and_the_same_end(forkjoin) -> None:
    tasks = [{"id": f"t{n}", "shell": f"sleep 0.{n}; exit {n % 2}", "writes": []} for n in range(1, 5)]
    run = forkjoin("run", "--detach", forkjoin.plan(*tasks))[1].splitlines()[0]
    watchers = [forkjoin.process("watch", "--jsonl", run) for _ in range(2)]
    told = [watcher.communicate(timeout=30) for watcher in watchers]
    assert [watcher.returncode for watcher in watchers] == [3, 3]
    assert told[0] == told[1]
    assert told[0][0].count('"kind":"closed"') == 1
    assert told[0][1] == ""


def test_a_line_that_is_half_there_when_following_begins_is_printed_once_whole(forkjoin) -> None:
    forkjoin("run", "--detach", "-a", "shell", "-t", "printf half; sleep 1.5; echo ' and half'")
    while "half" not in forkjoin("log", "1")[1]:
        time.sleep(0.05)
    assert forkjoin("log", "-f", "1")[1] == "half and half\n"


def test_an_output_waits_for_what_has_not_ended(forkjoin) -> None:
    forkjoin("run", "--detach", "-a", "shell", "-t", "sleep 1; echo late")
    assert forkjoin("output", "1")[:2] == (0, "late\n")


def test_waiting_for_one_task_prints_its_line_alone(forkjoin, ended: str) -> None:
    code, out, _ = forkjoin("wait", "good")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["good"]


def test_a_run_that_is_removed_while_it_is_listed_is_no_error(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    forkjoin("run", "--detach", "-a", "shell", "-t", "sleep 30")
    attach = forkjoin_engine.attach

    def removed(name: str | None = None, **more: object) -> object:
        raise UnknownId("run", str(name), [])

    monkeypatch.setattr(forkjoin_engine, "attach", removed)
    try:
        assert forkjoin("ls")[0] == 0
        assert forkjoin.json("ls")["runs"][0]["owner"] is None
    finally:
        monkeypatch.setattr(forkjoin_engine, "attach", attach)
        assert forkjoin("stop", "--kill")[0] == 0
