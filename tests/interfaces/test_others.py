"""What the command line says of other runs on the same repository."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from forkjoin.engine import Run, claims, launch, prepared, settings_from
from forkjoin.errors import NoRoom
from forkjoin.model import Plan, Task


@pytest.fixture
def living(forkjoin) -> Iterator[Run]:
    """A run that lives and writes NOTES.md; nobody drives it."""
    settings = settings_from(os.environ, forkjoin.tree)
    plan = Plan(tasks=[Task(id="notes", command=["true"], writes=["NOTES.md"])])
    with launch(prepared(plan, settings=settings, tree=forkjoin.tree), settings=settings) as run:
        yield run


@pytest.fixture
def plan(forkjoin) -> Path:
    path = forkjoin.tree / "plan.json"
    tasks = [
        {"id": "too", "command": ["true"], "writes": ["*.md"]},
        {"id": "apart", "command": ["true"], "writes": ["x"]},
    ]
    path.write_text(json.dumps({"tasks": tasks}))
    return path


def test_a_check_names_the_other_run_and_who_waits(forkjoin, living: Run, plan: Path) -> None:
    code, out, _ = forkjoin("check", str(plan))
    assert code == 0
    assert f"other run: too: task notes of run {living.id} writes NOTES.md, too; it waits for that" in out
    (pair,) = forkjoin.json("check", str(plan))["others"]
    assert (pair["task"], pair["run"], pair["other"], pair["waits"]) == ("too", living.id, "notes", True)


def test_a_dry_run_shows_the_same_and_under_trust_that_they_run_side_by_side(forkjoin, living: Run, plan: Path) -> None:
    assert f"of run {living.id} writes NOTES.md, too; it waits for that" in forkjoin("run", "-n", str(plan))[1]
    assert "; side by side" in forkjoin("run", "-n", "--policy", "trust", str(plan))[1]


def test_a_start_says_what_meets_and_does_not_wait(forkjoin, living: Run, plan: Path) -> None:
    for how in ((), ("--detach",)):
        said = forkjoin("run", *how, "--policy", "trust", str(plan))[2]
        assert f"note: too: task notes of run {living.id} writes NOTES.md, too; they run side by side" in said
    assert "note: too" not in forkjoin("run", "-q", "--policy", "trust", str(plan))[2]
    assert forkjoin("stop", "--kill")[0] == 0


def test_a_start_that_could_not_look_at_other_runs_says_so(
    forkjoin, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise NoRoom("another process keeps the claims of runs locked")

    monkeypatch.setattr(claims, "_claim", locked)
    said = forkjoin("run", str(plan))[2]
    assert "note: other runs on this repository were not looked at: another process keeps the claims" in said


def test_strict_ends_with_6_in_a_check_and_in_a_run(forkjoin, living: Run, plan: Path) -> None:
    for verb in ("check", "run"):
        code, _, said = forkjoin(verb, "--policy", "strict", str(plan))
        assert code == 6
        assert f"task notes of run {living.id} writes NOTES.md" in said


def test_nothing_is_said_where_nobody_lives(forkjoin, plan: Path) -> None:
    assert "other run" not in forkjoin("check", str(plan))[1]
    assert forkjoin.json("check", str(plan))["others"] == []
