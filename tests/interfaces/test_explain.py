"""`forkjoin explain`: where the time went, why one after another, where the result is, who touched the same file."""

from __future__ import annotations

import subprocess

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def conflict(forkjoin) -> str:
    """A run in a repository in which `two` waited for `one`, and `cool` for `two`; returns its id."""
    line = "git init -q . && git config user.email t@example.org && git config user.name T && echo x > f && git add f"
    subprocess.run(f"{line} && git commit -qm x", shell=True, cwd=forkjoin.tree, check=True)
    plan = forkjoin.plan(
        {"id": "one", "shell": "echo 1 > same.txt; sleep 0.4", "writes": ["same.txt"]},
        {"id": "two", "shell": "echo 2 > same.txt; sleep 0.3", "writes": ["same.txt"]},
        {"id": "cool", "shell": "sleep 0.1", "writes": [], "after": ["two"]},
    )
    run: str = forkjoin.json("run", plan)["run"]
    return run


def test_a_run_is_explained_by_its_causes(forkjoin, conflict: str) -> None:
    code, out, _ = forkjoin("explain")
    assert code == 0
    assert "conflict: two waited for one (same.txt)" in out
    assert "dependency: cool waited for two" in out
    assert "two behind one: write-write" in out
    assert "same.txt  one, two" in out
    assert f"forkjoin output {conflict}/TASK" in out


def test_a_task_is_explained_by_what_held_it_and_who_touched_its_files(forkjoin, conflict: str) -> None:
    code, out, _ = forkjoin("explain", "two")
    assert code == 0
    assert "behind:\n  two behind one: write-write" in out
    assert "before:\n  cool behind two: after" in out
    assert "same.txt  also one" in out
    assert f"result: forkjoin output {conflict}/two" in out


def test_programs_get_each_lost_second_with_its_cause(forkjoin, conflict: str) -> None:
    said = forkjoin.json("explain")
    lost = {one["cause"]: one["seconds"] for one in said["account"]["lost"]}
    assert lost["conflict"] == pytest.approx(0.4, abs=0.25)
    assert sum(lost.values()) <= said["account"]["wall_s"]
    assert said["touched"] == [{"path": "same.txt", "tasks": ["one", "two"]}]
    assert [edge["then"] for edge in said["order"]] == ["two", "cool"]
    assert [edge["then"] for edge in forkjoin.json("explain", "one")["order"]] == ["two"]


def test_a_run_that_is_not_there_is_said_so(forkjoin) -> None:
    assert forkjoin("explain", "nothing")[0] == 2


def test_a_task_says_how_long_it_was_expected_to_take_and_who_said_so(forkjoin) -> None:
    plan = forkjoin.plan({"id": "quick", "shell": "true", "writes": []})
    first = forkjoin.json("run", plan)["run"]
    assert f"estimate: as in run {first}: quick 0." in forkjoin("check", plan)[1]
    forkjoin("run", plan)
    assert f" s, as in run {first}" in forkjoin("explain", "quick")[1]
    said = forkjoin.plan({"id": "said", "shell": "true", "writes": [], "estimate": "2m"})
    forkjoin("run", said)
    assert ", as the plan says" in forkjoin("explain", "said")[1]


def test_a_file_is_explained_by_who_changed_it_who_meant_to_and_who_waited(forkjoin, conflict: str) -> None:
    code, out, _ = forkjoin("explain", "--file", "./same.txt")
    assert code == 0
    assert "changed by:\n  one: added\n  two: modified" in out
    assert "who writes it, as far as was known before:\n  one: same.txt (" in out
    assert "who waited for whom:\n  two behind one: write-write" in out
    said = forkjoin.json("explain", "--file", str(forkjoin.tree / "same.txt"))
    assert [(one["task"], one["kind"]) for one in said["touches"]] == [
        ("one", "changed"), ("two", "changed"), ("one", "writes"), ("two", "writes"),
    ]  # fmt: skip
    assert [edge["then"] for edge in said["order"]] == ["two"]


def test_a_file_that_nobody_touched_is_said_so(forkjoin, conflict: str) -> None:
    assert f"no task of run {conflict} changed other.txt" in forkjoin("explain", "--file", "other.txt")[1]
    code, _, err = forkjoin("explain", "--file", "same.txt", "two")
    assert code == 2
    assert "--file: is about a run" in err


def test_the_end_of_a_run_says_the_chain_and_what_was_lost(forkjoin, conflict: str) -> None:
    lines = forkjoin("wait")[1].splitlines() + forkjoin("explain")[1].splitlines()
    assert any("one → two → cool" in line for line in lines)
