"""The verbs on real runs: words for people, the JSON shapes of the contract, exit codes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
Answer = tuple[int, str, str]
Forkjoin = Callable[..., Answer]


def _json(answer: Answer) -> Any:
    value = json.loads(answer[1])
    assert value["forkjoin"] == 1
    return value


def _plan(path: Path, *tasks: dict[str, Any], **more: Any) -> str:
    path.write_text(json.dumps({"tasks": list(tasks), **more}))
    return str(path)


def test_a_run_of_prompts_prints_its_tasks_and_what_to_do_next(forkjoin: Forkjoin) -> None:
    code, out, err = forkjoin("run", "-a", "shell", "-t", "echo one", "-t", "echo two")
    assert code == 0
    assert "echo-one  completed" in out
    assert "Looked at: 2 of 2 tasks ok." in out
    assert "2 tasks" in err
    assert "Next: forkjoin report   forkjoin show   forkjoin output echo-one" in err


def test_quiet_is_the_result_and_nothing_else(forkjoin: Forkjoin) -> None:
    code, out, err = forkjoin("run", "-q", "-a", "shell", "-t", "echo one", "-t", "echo two")
    assert (code, err) == (0, "")
    assert "Looked at: 2 of 2 tasks ok." in out


def test_the_json_of_a_run_is_the_contract(forkjoin: Forkjoin) -> None:
    said = _json(answer := forkjoin("run", "--json", "-a", "shell", "-t", "echo one", "-t", "exit 3"))
    assert answer[0] == 3
    assert set(said) == {"forkjoin", "run", "name", "state", "tasks", "account", "spent", "exit"}
    assert said["exit"] == "some-failed"
    task = said["tasks"][0]
    assert set(task) == {
        "id", "state", "reason", "answer", "value", "findings", "changes", "usage", "seconds", "wall", "until",
        "session",
    }  # fmt: skip
    assert (task["state"], task["answer"].strip(), said["tasks"][1]["state"]) == ("completed", "one", "failed")
    assert set(task["changes"]) == {"files", "violations", "runs", "renamed", "notes"}
    assert set(said["account"]) >= {"wall_s", "sum_s", "speedup", "critical_path", "lost"}


def test_events_come_as_lines_of_json(forkjoin: Forkjoin) -> None:
    code, out, _ = forkjoin("run", "--jsonl", "-a", "shell", "-t", "echo one")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["event"]["kind"], events[-1]["event"]["kind"]) == ("planned", "closed")


def test_a_dry_run_starts_nothing(forkjoin: Forkjoin, tmp_path: Path) -> None:
    plan = _plan(
        tmp_path / "p.json",
        {"id": "a", "shell": "true", "writes": ["src/**"]},
        {"id": "b", "shell": "true", "writes": ["src/x.py"]},
    )
    code, out, _ = forkjoin("run", "-n", plan)
    assert code == 0
    assert "conflict: a and b (write-write)" in out
    assert "order: a before b" in out
    assert "wave 2: b" in out
    assert _json(forkjoin("ls", "--json"))["runs"] == []


def test_check_says_what_a_dry_run_says_and_strict_is_exit_6(forkjoin: Forkjoin, tmp_path: Path) -> None:
    plan = _plan(
        tmp_path / "p.json",
        {"id": "a", "shell": "true", "writes": ["x"]},
        {"id": "b", "shell": "true", "writes": ["x"]},
    )
    assert forkjoin("check", plan)[:2] == forkjoin("run", "-n", plan)[:2]
    said = _json(forkjoin("check", "--json", plan))
    assert set(said) >= {"forkjoin", "tasks", "pairs", "pairs_left_out", "unknown", "waves", "ideal_speedup"}
    assert set(said["pairs"][0]) == {"a", "b", "first", "verdict", "kind", "paths", "evidence", "remedy"}
    code, out, err = forkjoin("check", "--json", "--policy", "strict", plan)
    assert code == 6
    assert json.loads(out)["pairs"]
    assert err.startswith("error: ")
    assert forkjoin("run", "--policy", "strict", plan)[0] == 6
    assert _json(forkjoin("ls", "--json"))["runs"] == []


def test_a_plan_comes_from_a_prompt_and_is_saved(forkjoin: Forkjoin, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.yaml")
    assert forkjoin("run", "-n", "-a", "shell", "-t", "echo one", "--save", saved)[0] == 0
    assert forkjoin("check", saved)[0] == 0
    code, _, err = forkjoin("run", "-n", "-a", "shell", "-t", "echo one", "--save", saved)
    assert code == 2
    assert "exists already" in err


def test_what_was_detached_is_read_from_outside(forkjoin: Forkjoin) -> None:
    code, out, err = forkjoin("run", "--detach", "-a", "shell", "-t", "echo one")
    run, task = out.splitlines()
    assert (code, task) == (0, f"{run}/echo-one")
    assert f"forkjoin watch {run}" in err
    assert forkjoin("wait", run)[0] == 0
    assert forkjoin("output", task)[:2] == (0, "one\n")
    assert forkjoin("output", "1")[:2] == (0, "one\n")  # reading never consumes
    assert forkjoin("output", f"{run}/1")[:2] == (0, "one\n")


def test_the_ids_of_a_detached_run_as_json(forkjoin: Forkjoin) -> None:
    said = _json(forkjoin("run", "--detach", "--json", "-a", "shell", "-t", "echo one"))
    assert (said["tasks"], said["detached"]) == (["echo-one"], True)
    assert forkjoin("wait")[0] == 0


def test_every_list_and_view_speaks_json(forkjoin: Forkjoin, ended: str) -> None:
    runs = _json(forkjoin("ls", "--json"))["runs"]
    assert {"run", "name", "state", "started"} <= set(runs[0])
    assert (runs[0]["run"], runs[0]["name"], runs[0]["state"]) == (ended, "three", "failed")
    assert [task["state"] for task in _json(forkjoin("ls", "--json", ended))["tasks"]] == [
        "completed", "failed", "completed",
    ]  # fmt: skip
    assert len(_json(forkjoin("show", "--json"))["tasks"]) == 3
    assert [task["id"] for task in _json(forkjoin("show", "--json", "bad"))["tasks"]] == ["bad"]
    todos = _json(forkjoin("todo", "--json"))["todos"]
    assert [set(todo) for todo in todos] == [{"content", "status", "activeForm"}] * 4
    assert todos[-1]["content"] == "Synthesize results"
    out = _json(forkjoin("output", "--json", "good", "bad"))["outputs"]
    assert [(one["task"], one["retrieval_status"], one["state"]) for one in out] == [
        ("good", "success", "completed"), ("bad", "success", "failed"),
    ]  # fmt: skip
    assert out[0]["next_offset"] is None
    log = _json(forkjoin("log", "--json", "--stderr", "bad"))
    assert (log["stream"], log["text"].strip()) == ("stderr", "broken")
    diff = _json(forkjoin("diff", "--json", "writer"))
    assert [(file["path"], file["how"]) for file in diff["files"]] == [("made.txt", "added")]
    assert "+new" in diff["patch"]
    assert _json(forkjoin("path", "--json"))["path"].endswith(ended)
    report = _json(forkjoin("report", "--json"))
    assert report["exit"] == "ok"
    assert "coverage" in report
    assert _json(forkjoin("wait", "--json"))["exit"] == "some-failed"
    assert {task["state"] for task in _json(forkjoin("stop", "--json"))["tasks"]} == {"completed", "failed"}
    assert "analysers" in _json(forkjoin("agents", "--json"))


def test_every_verb_speaks_to_people(forkjoin: Forkjoin, ended: str) -> None:
    assert "three" in forkjoin("ls")[1]
    assert "exit code 4" in forkjoin("ls", ended)[1]
    shown = forkjoin("show")[1]
    assert "1 failed" in shown
    assert f"next: forkjoin report {ended}" in shown
    assert "made.txt" in forkjoin("show", "writer")[1]
    assert "broken" in forkjoin("log", "--stderr", "bad")[1]
    assert "its error stream: forkjoin log --stderr" in forkjoin("log", "bad")[2]
    assert forkjoin("log", "good")[2] == forkjoin("log", "--stderr", "bad")[2] == ""
    assert "[x] Synthesize results" in forkjoin("todo")[1]
    assert "+new" in forkjoin("diff", "writer")[1]
    assert forkjoin("diff", "--stat", "writer")[1] == "added    made.txt  +1 -0\n"
    assert forkjoin("diff", "good")[1] == ""
    assert Path(forkjoin("path", "writer")[1].strip()).is_dir()
    assert forkjoin("report")[1].startswith("# ")
    assert "analysers:" in forkjoin("agents")[1]


def test_the_exit_code_of_an_output_is_that_of_its_tasks(forkjoin: Forkjoin, ended: str) -> None:
    assert forkjoin("output", "good")[0] == 0
    assert forkjoin("output", "good", "bad")[0] == 3
    assert forkjoin("output", "bad")[0] == 4
    assert forkjoin("wait", "good")[0] == 0
    assert forkjoin("wait")[0] == 3


def test_an_output_in_parts_is_the_whole(forkjoin: Forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "seq 1 2000")
    parts, offset = [], 0
    while offset is not None:
        one = _json(forkjoin("output", "--json", "--max-chars", "1000", "--offset", str(offset), "1"))["outputs"][0]
        assert len(one["text"]) <= 1000
        parts.append(one["text"])
        offset = one["next_offset"]
    assert "".join(parts).split() == [str(n) for n in range(1, 2001)]
    tail = _json(forkjoin("output", "--json", "--mode", "tail", "--max-chars", "10", "1"))["outputs"][0]
    assert tail["text"].split()[-1] == "2000"


def test_what_is_not_ready_in_time_is_exit_5_and_a_stop_ends_it(forkjoin: Forkjoin) -> None:
    forkjoin("run", "--detach", "-a", "shell", "-t", "sleep 300")
    out = _json(answer := forkjoin("output", "--json", "--no-block", "1"))["outputs"][0]
    assert (answer[0], out["retrieval_status"]) == (5, "not_ready")
    out = _json(answer := forkjoin("output", "--json", "--timeout", "100ms", "1"))["outputs"][0]
    assert (answer[0], out["retrieval_status"]) == (5, "timeout")
    assert forkjoin("wait", "--timeout", "100ms")[0] == 5
    stopped = _json(answer := forkjoin("stop", "--json", "--reason", "enough", "1"))["tasks"]
    assert (answer[0], stopped[0]["state"]) == (0, "stopped")
    assert forkjoin("wait")[0] == 4
    assert "enough" in forkjoin("show", "1")[1]


def test_a_failed_task_is_tried_again_and_a_completed_one_only_by_force(forkjoin: Forkjoin, ended: str) -> None:
    code, _, err = forkjoin("retry", "good")
    assert code == 2
    assert "--force" in err
    assert forkjoin("retry")[:2] == (0, f"{ended}/bad\n")
    assert forkjoin("wait")[0] == 3
    assert forkjoin("retry", "--force", "good")[0] == 0
    assert forkjoin("wait", "good")[0] == 0


def test_unlanded_changes_are_named_before_a_run_is_deleted(forkjoin: Forkjoin, ended: str) -> None:
    code, _, err = forkjoin("rm", ended)
    assert code == 2
    assert "made.txt" in err
    code, out, _ = forkjoin("rm", "-n", ended)
    assert code == 2  # as it would be
    assert out.splitlines()[1:] == ["  writer: made.txt (+1 -0)", f"would not remove {ended}: it needs --discard"]
    foretold = json.loads(forkjoin("rm", "-n", "--json", ended)[1])
    assert (foretold["runs"], foretold["refused"]) == ([], [ended])
    assert forkjoin("rm", "-n", "--discard", ended)[:2] == (
        0, f"{ended} holds changes that forkjoin has not landed:\n  writer: made.txt (+1 -0)\nwould remove {ended}\n"
    )  # fmt: skip
    code, out, _ = forkjoin("rm", "--discard", ended)
    assert code == 0
    assert out.splitlines()[1] == "  writer: made.txt (+1 -0)"
    kept = Path(out.splitlines()[-1].partition(": ")[2])
    assert [path.name for path in kept.iterdir()] == ["writer.patch"]
    assert _json(forkjoin("ls", "--json"))["runs"] == []


@pytest.mark.parametrize(
    "argv",
    [["show", "nope"], ["output", "nope"], ["log", "nope"], ["stop", "nope"], ["diff", "nope/x"], ["rm", "nope"]],
)
def test_an_unknown_name_lists_the_known(forkjoin: Forkjoin, ended: str, argv: list[str]) -> None:
    code, out, err = forkjoin(*argv)
    assert (code, out) == (2, "")
    assert "nope" in err
    assert ended in err or "good" in err


@pytest.mark.parametrize("argv", [["show"], ["watch"], ["wait"], ["output", "x"], ["report"], ["todo"], ["stop"]])
def test_without_a_run_a_verb_says_how_to_start_one(forkjoin: Forkjoin, argv: list[str]) -> None:
    code, _, err = forkjoin(*argv)
    assert code == 2
    assert "forkjoin run" in err


def test_a_review_finds_merges_and_fails_on_what_it_is_told(forkjoin: Forkjoin, tmp_path: Path) -> None:
    (tmp_path / "tree" / "app.py").write_text("import os\nimport subprocess\n\nsubprocess.run('ls', shell=True)\n")
    code, out, err = forkjoin("review", ".")
    assert code == 0
    assert "Do next, worst first:" in out
    assert "agent" in err.splitlines()[-1]
    assert forkjoin("review", "-q", "--fail-on", "low")[0] == 1
    assert forkjoin("report", "--fail-on", "low")[0] == 1
    only = _json(forkjoin("review", "--json", "-p", "security,spelling", "app.py"))
    assert 0 < len(only["tasks"]) < 10


def test_an_agent_without_a_terminal_gets_ids_at_once(forkjoin: Forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    code, out, err = forkjoin("run", "-a", "shell", "-t", "echo one")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "inside Claude Code without a terminal" in err
    assert forkjoin("wait")[0] == 0
    assert "echo-one  completed" in forkjoin("run", "--attach", "-a", "shell", "-t", "echo one")[1]


def test_a_run_inside_a_task_is_refused(forkjoin: Forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORKJOIN_DEPTH", "1")
    code, _, err = forkjoin("run", "-a", "shell", "-t", "echo one")
    assert code == 7
    assert "nest" in err


def test_the_tree_is_dash_c_and_not_the_plans_folder(forkjoin: Forkjoin, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "here.txt").write_text("seen")
    code, _, _ = forkjoin("run", "-q", "-C", str(tmp_path / "other"), "-a", "shell", "-t", "cat here.txt")
    assert code == 0
    assert forkjoin("output", "-C", str(tmp_path / "other"), "1")[1] == "seen\n"


def test_tasks_are_chosen_and_the_first_failure_stops_the_rest(forkjoin: Forkjoin, tmp_path: Path) -> None:
    plan = _plan(
        tmp_path / "p.json", *({"id": name, "shell": "exit 1", "writes": []} for name in ("one", "two", "three"))
    )
    chosen = _json(forkjoin("run", "--json", "-k", "one or two", plan))
    assert [task["id"] for task in chosen["tasks"]] == ["one", "two"]
    stopped = _json(answer := forkjoin("run", "--json", "-x", "-j", "1", plan))
    assert [task["state"] for task in stopped["tasks"]] == ["failed", "skipped", "skipped"]
    assert answer[0] == 4


def test_what_is_too_big_for_a_patch_is_named_by_diff(forkjoin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forkjoin.workspaces.changes.IN_PATCHES", 100)
    subprocess.run(["git", "init", "-q", str(forkjoin.tree)], check=True)
    line = "printf %0200d 0 > big; echo small > small"
    tasks = [{"id": "both", "shell": line}, {"id": "one", "shell": "printf %0200d 1 > alone"}]
    assert forkjoin("run", "-q", forkjoin.plan(*tasks))[0] == 0
    _, out, err = forkjoin("diff", "both")
    assert ("+small" in out, "/big" in out) == (True, False)
    assert "both: landed, but too big for a patch, which is without: big" in err
    _, out, err = forkjoin("diff", "one")
    assert (out, err) == ("", "one: landed, but too big for a patch, which is without: alone\n")
