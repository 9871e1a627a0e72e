"""The JSON contract: each verb's object, its keys and types; errors are objects too; talk never stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.table import VERBS

pytestmark = pytest.mark.slow
RUN_KEYS = {
    "run": str, "name": str, "state": str, "started": float, "ended": float, "tasks": int, "tree": str,
    "owner": (int, type(None)), "unlanded": list,
}  # fmt: skip
TASK_KEYS = {
    "id": str, "number": int, "description": str, "agent": str, "state": str, "reason": str, "seconds": float,
    "findings": int, "until": (int, float, type(None)),
}  # fmt: skip
RESULT_KEYS = {
    "id", "state", "reason", "answer", "value", "findings", "changes", "usage", "seconds", "wall", "until", "session",
}  # fmt: skip


def _has(value: dict[str, Any], shape: dict[str, type]) -> None:
    assert set(value) == set(shape)
    for key, kind in shape.items():
        assert isinstance(value[key], (int, float) if kind is float else kind), (key, value[key])


def test_ls_lists_runs_newest_first(forkjoin, ended: str) -> None:
    second = forkjoin.json("run", "-a", "shell", "-t", "true")["run"]
    runs = forkjoin.json("ls")["runs"]
    assert [run["run"] for run in runs] == [second, ended]
    for run in runs:
        _has(run, RUN_KEYS)
    assert runs[0]["started"] >= runs[1]["started"]


def test_ls_takes_only_as_many_as_asked_and_none_means_all(forkjoin) -> None:
    for _ in range(3):
        forkjoin("run", "-q", "-a", "shell", "-t", "true")
    assert [len(forkjoin.json("ls", "--limit", str(n))["runs"]) for n in (1, 2, 0)] == [1, 2, 3]
    assert forkjoin("ls", "--limit", "-1")[0] == 2


def test_ls_of_another_repository_is_empty_and_all_shows_it(forkjoin, ended: str) -> None:
    (forkjoin.tree.parent / "other").mkdir()
    there = ("-C", str(forkjoin.tree.parent / "other"))
    assert forkjoin.json("ls", *there)["runs"] == []
    assert [run["run"] for run in forkjoin.json("ls", "--all", *there)["runs"]] == [ended]


def test_ls_of_a_run_lists_its_tasks_in_the_order_asked(forkjoin, ended: str) -> None:
    said = forkjoin.json("ls", ended)
    assert (set(said), said["run"]) == ({"forkjoin", "run", "tasks"}, ended)
    assert [(task["number"], task["id"]) for task in said["tasks"]] == [(1, "good"), (2, "bad"), (3, "writer")]
    for task in said["tasks"]:
        _has(task, TASK_KEYS)


def test_show_has_the_shape_of_run(forkjoin, ended: str) -> None:
    run = forkjoin.json("show")
    assert set(run) == {"forkjoin", "run", "name", "state", "tasks", "account", "spent"}
    assert (run["run"], run["name"], run["state"]) == (ended, "three", "failed")
    for task in run["tasks"]:
        assert set(task) == RESULT_KEYS
        assert set(task["changes"]) == {"files", "violations", "runs", "renamed", "notes"}
    good, bad, writer = run["tasks"]
    assert good["answer"].startswith("answer")
    assert "exit code 4" in bad["reason"]
    assert writer["changes"] == {"files": ["made.txt"], "violations": [], "runs": [], "renamed": [], "notes": []}
    account = run["account"]
    assert {"wall_s", "sum_s", "speedup", "critical_path", "lost"} <= set(account)
    assert all(set(lost) >= {"cause", "seconds", "tasks"} for lost in account["lost"])
    assert set(account["critical_path"]) <= {"good", "bad", "writer"}


@pytest.mark.parametrize("name", ["bad", "2", "{run}/bad", "{run}/2", "{end}/bad", "{end}/2"])
def test_a_task_is_named_by_id_or_number_with_or_without_its_run(forkjoin, ended: str, name: str) -> None:
    said = forkjoin.json("show", name.format(run=ended, end=ended.rpartition("-")[2]))
    assert [task["id"] for task in said["tasks"]] == ["bad"]


def test_output_says_how_much_there_is_and_where(forkjoin, ended: str) -> None:
    said = forkjoin.json("output", "good", "--max-chars", "3")
    assert (set(said), said["exit"]) == ({"forkjoin", "outputs", "exit"}, "ok")
    (out,) = said["outputs"]
    assert set(out) == {
        "run", "task", "retrieval_status", "state", "reason", "text", "total_chars", "next_offset", "path", "cut_bytes",
    }  # fmt: skip
    assert (out["run"], out["task"], out["retrieval_status"]) == (ended, "good", "success")
    assert (out["text"], out["next_offset"]) == ("ans", 3)
    assert out["total_chars"] > 3


def test_log_and_diff_and_path_name_the_task_they_are_of(forkjoin, ended: str) -> None:
    log = forkjoin.json("log", "good")
    assert (set(log), log["stream"]) == (
        {"forkjoin", "run", "task", "stream", "text", "bytes_before", "cut_bytes"},
        "stdout",
    )
    assert forkjoin.json("log", "good", "--brief")["stream"] == "brief"
    diff = forkjoin.json("diff", "writer")
    assert (set(diff), diff["task"]) == ({"forkjoin", "run", "task", "files", "patch", "patch_cut"}, "writer")
    assert {"path", "how", "insertions", "deletions"} <= set(diff["files"][0])
    assert forkjoin.json("diff", "writer", "--stat")["patch"] == ""
    path = forkjoin.json("path", "writer")
    assert (set(path), path["run"], path["task"]) == ({"forkjoin", "run", "task", "path"}, ended, "writer")
    assert forkjoin.json("path")["task"] is None


def test_wait_and_stop_and_retry_list_what_they_are_about(forkjoin, ended: str) -> None:
    waited = forkjoin.json("wait", code=3)
    assert (set(waited), waited["exit"]) == ({"forkjoin", "runs", "exit"}, "some-failed")
    (run,) = waited["runs"]
    assert (set(run), run["ready"]) == ({"run", "state", "ready", "tasks"}, True)
    for task in run["tasks"]:
        _has(task, TASK_KEYS)
    stopped = forkjoin.json("stop", "bad")["tasks"]
    assert stopped == [{"run": ended, "id": "bad", "previous_state": "failed", "state": "failed"}]
    assert forkjoin.json("retry", "bad")["tasks"] == [{"run": ended, "id": "bad"}]
    forkjoin("wait")


def test_a_name_said_twice_is_one_task(forkjoin, ended: str) -> None:
    assert [task["id"] for task in forkjoin.json("stop", "bad", "2", f"{ended}/bad")["tasks"]] == ["bad"]
    assert forkjoin.json("retry", "bad", "2")["tasks"] == [{"run": ended, "id": "bad"}]
    forkjoin("wait")
    assert "attempt 2" in forkjoin("show", "bad")[1]


def test_a_run_named_with_one_of_its_tasks_is_the_whole_run(forkjoin, ended: str) -> None:
    for names in ((ended, "bad"), ("bad", ended)):
        assert len(forkjoin.json("wait", *names, code=3)["runs"][0]["tasks"]) == 3


def test_todo_has_the_fields_that_agents_know(forkjoin, ended: str) -> None:
    said = forkjoin.json("todo")
    assert said["run"] == ended
    for todo in said["todos"]:
        _has(todo, {"content": str, "status": str, "activeForm": str})
        assert todo["status"] in ("pending", "in_progress", "completed")


def test_report_carries_coverage_findings_and_the_exit_word(forkjoin, ended: str) -> None:
    said = forkjoin.json("report")
    assert {"findings", "coverage", "exit"} <= set(said)
    assert said["findings"] == []


def test_rm_names_what_went_and_where_patches_are_kept(forkjoin, ended: str) -> None:
    (one,) = forkjoin.json("rm", ended, "--discard")["removed"]
    assert one["run"] == ended
    assert one["kept"]
    assert "made.txt" in " ".join(one["changes"])


def test_agents_lists_agents_and_analysers(forkjoin) -> None:
    said = forkjoin.json("agents")
    assert set(said) == {"forkjoin", "agents", "analysers", "perspectives"}
    assert {"command", "function", "static"} <= {agent["name"] for agent in said["agents"]}
    assert all({"name", "found"} <= set(card) for card in said["analysers"])


def test_check_names_each_task_with_its_claims(forkjoin) -> None:
    plan = forkjoin.plan({"id": "a", "shell": "true", "writes": ["x"]}, {"id": "b", "shell": "true", "reads": ["x"]})
    said = forkjoin.json("check", plan)
    assert [task["id"] for task in said["tasks"]] == ["a", "b"]
    for task in said["tasks"]:
        assert {"id", "writes", "reads", "bounded"} <= set(task)
        assert all(set(claim) >= {"path", "why", "confidence"} for claim in (*task["writes"], *task["reads"]))
    assert said["exit"] == "ok"


def test_check_says_by_a_word_how_it_ended(forkjoin) -> None:
    plan = forkjoin.plan({"id": "a", "shell": "true", "writes": ["x"]}, {"id": "b", "shell": "true", "writes": ["x"]})
    assert forkjoin.json("check", plan)["exit"] == "ok"
    assert forkjoin.json("check", "--policy", "strict", plan, code=6)["exit"] == "not-independent"


def test_watch_of_what_is_over_ends_with_the_object_of_a_run(forkjoin, ended: str) -> None:
    said = forkjoin.json("watch", code=3)
    assert (said["run"], said["exit"]) == (ended, "some-failed")
    assert set(said) == {"forkjoin", "run", "name", "state", "tasks", "account", "spent", "exit"}


def test_watch_gives_the_events_from_the_first_on(forkjoin, ended: str) -> None:
    code, out, err = forkjoin("watch", "--jsonl", ended)
    events = [json.loads(line) for line in out.split("\n")[:-1]]
    assert (code, err) == (3, "")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


BAD: dict[str, tuple[str, ...]] = {
    "review": ("no/such/path",),
    "run": ("no-such.yaml",),
    "check": ("no-such.yaml",),
    "ls": ("nope",),
    "output": ("nope",),
    "log": ("nope",),
    "diff": ("nope",),
    "rm": ("nope",),
}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "agents"])
def test_an_error_is_an_object_of_one_line_and_the_same_is_said(forkjoin, verb: str) -> None:
    code, out, err = forkjoin(verb, "--json", *BAD.get(verb, ("nope",)))
    assert (code, out.count("\n")) == (2, 1)
    said = json.loads(out)
    assert set(said) == {"forkjoin", "error"}
    assert set(said["error"]) == {"word", "message"}
    assert said["error"]["word"] in ("plan", "unknown-id", "usage")
    assert err == f"error: {said['error']['message']}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_flag_is_an_error_object_of_every_verb(forkjoin, verb: str) -> None:
    code, out, _ = forkjoin(verb, "--json", "--no-such-flag")
    assert code == 2
    assert json.loads(out)["error"]["word"] == "usage"


def test_an_error_among_events_is_one_line_too(forkjoin) -> None:
    code, out, _ = forkjoin("run", "--jsonl", "no-such.yaml")
    assert (code, out.count("\n")) == (2, 1)
    assert json.loads(out)["error"]["word"] == "plan"


def test_a_dry_run_as_events_is_the_check_as_json(forkjoin) -> None:
    code, out, _ = forkjoin("run", "-n", "--jsonl", "-a", "shell", "-t", "true")
    assert code == 0
    assert "waves" in json.loads(out)


def test_each_word_of_an_exit_code_is_spelled_for_programs() -> None:
    assert all(word == word.lower() and " " not in word for word in WORDS.values())


SILENT = [
    ("ls",), ("ls", "{run}"), ("show",), ("show", "good"), ("output", "good"), ("log", "good"), ("diff", "writer"),
    ("path",), ("report",), ("todo",), ("wait", "good"), ("stop",), ("agents",),
]  # fmt: skip


@pytest.mark.parametrize("argv", SILENT, ids=" ".join)
def test_what_is_read_is_on_stdout_and_nothing_is_said(forkjoin, ended: str, argv: tuple[str, ...]) -> None:
    code, out, err = forkjoin(*(word.format(run=ended) for word in argv))
    assert (code, err) == (0, "")
    assert out.endswith("\n")
    assert not out.endswith("\n\n")


@pytest.mark.parametrize("argv", SILENT, ids=" ".join)
def test_as_json_stdout_is_one_object_and_nothing_is_said(forkjoin, ended: str, argv: tuple[str, ...]) -> None:
    code, out, err = forkjoin(*(word.format(run=ended) for word in argv), "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["forkjoin"] == 1
