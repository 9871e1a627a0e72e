"""A hundred tasks that end in one turn give a hundred notifications: none is lost, none comes twice."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from forkjoin import Plan, Task, attach, launch, run
from forkjoin.model import Ended, Recorded

ROUNDS = int(os.environ.get("NOTIFICATION_ROUNDS", "30"))  # 1,000 in the long form
TASKS = 100


def _at_once() -> str:
    return "done"


def _plan() -> Plan:
    return Plan(tasks=[Task(id=f"t{n}", function=_at_once) for n in range(TASKS)])


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORKJOIN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def _ends(told: list[Recorded]) -> Counter[str]:
    return Counter(one.event.task for one in told if isinstance(one.event, Ended))


@pytest.mark.slow
def test_every_end_is_told_once_however_many_come_in_one_turn() -> None:
    for _ in range(ROUNDS):
        told: list[Recorded] = []
        result = run(_plan(), on_event=told.append)
        assert _ends(told) == Counter({f"t{n}": 1 for n in range(TASKS)})
        assert [one.seq for one in told] == list(range(1, len(told) + 1))
        assert {task.state for task in result.tasks} == {"completed"}


@pytest.mark.slow
def test_a_follower_is_told_the_same() -> None:
    started = launch(_plan())
    told = list(attach(started.id).follow())
    assert _ends(told) == Counter({f"t{n}": 1 for n in range(TASKS)})


def test_a_watcher_that_raises_ends_its_own_telling_and_nothing_else() -> None:
    told: list[Recorded] = []

    def broken(recorded: Recorded) -> None:
        told.append(recorded)
        raise RuntimeError("the watcher's own trouble")

    with pytest.warns(RuntimeWarning, match="the watcher's own trouble"):
        result = run(_plan(), on_event=broken)
    assert len(told) == 1
    assert {task.state for task in result.tasks} == {"completed"}
