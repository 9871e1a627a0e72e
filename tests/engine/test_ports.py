"""Ports of attempts: nobody else's, the same again, and no note of them stays when their run is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.engine.attempts import ports
from forkjoin.engine.attempts.ports import free_port, give_back


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the set of attempts that live, empty at first; there are three ports."""
    living: set[str] = set()
    monkeypatch.setattr(ports, "locked", living.__contains__)
    monkeypatch.setattr(ports, "_COUNT", 3)
    return living


def attempt(home: Path, run: str, task: str) -> Path:
    folder = home / "runs" / run / "tasks" / task / "1"
    folder.mkdir(parents=True)
    return folder


def test_each_that_lives_has_its_own_and_the_same_again_though_others_went(tmp_path: Path, held: set[str]) -> None:
    first, second = attempt(tmp_path, "r1", "a"), attempt(tmp_path, "r2", "a")
    held |= {str(first), str(second)}
    found = {free_port(tmp_path, first), free_port(tmp_path, second)}
    assert len(found) == 2
    give_back(tmp_path, tmp_path / "runs" / "r1")
    again = free_port(tmp_path, second)
    assert again in found
    assert free_port(tmp_path, second) == again
    (second / "port").write_text("../lock")  # whatever an agent may have written there
    assert free_port(tmp_path, second) in range(20_000, 20_003)


def test_what_is_given_back_is_one_runs_alone(tmp_path: Path, held: set[str]) -> None:
    one, other = attempt(tmp_path, "r1", "a"), attempt(tmp_path, "r10", "a")
    held |= {str(one), str(other)}
    free_port(tmp_path, one)
    port = free_port(tmp_path, other)
    give_back(tmp_path, tmp_path / "runs" / "r1")
    assert sorted(note.name for note in (tmp_path / "ports").iterdir()) == sorted([str(port), "lock"])
    give_back(tmp_path / "no home", tmp_path / "runs" / "r1")
