"""Providers that take no more requests, as the owner's loop meets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from engine.driving import Programs, Stage

from forkjoin.agents import EndedAttempt, Judgement, Said, Trouble
from forkjoin.model import (
    Ended,
    Failed,
    Lifted,
    Limit,
    Limited,
    Owned,
    Paused,
    Running,
    Starting,
    Task,
    TaskId,
    Value,
)
from forkjoin.scheduling import pausing
from forkjoin.testing import FakeDialect, Script, a_plan, a_task

RATE = Limit(kind="rate", reason="429 too many requests")
SENT_AWAY = Failed(kind="rate", reason="429 too many requests")


@dataclass(kw_only=True)
class Busy(FakeDialect):
    """Its provider sends away the first attempts of some tasks."""

    name: str = "busy"
    provider: str = "mock"
    away: dict[str, int] = field(default_factory=dict)
    limit: Limit = RATE

    def judge(self, task: Task, ended: EndedAttempt) -> Judgement:
        if ended.attempt <= self.away.get(task.id, 0):
            return Judgement(outcome=SENT_AWAY, limit=self.limit)
        return super().judge(task, ended)

    def parse(self, line: bytes) -> tuple[Said, ...]:
        return (Trouble(kind="overload", message="529", retrying=True),) if b"529" in line else ()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "_FIRST_S", 0.02)


def _stage(home: Path, busy: Busy, *names: str, **changes: Any) -> Stage:
    tasks = [a_task(name, agent=busy, writes=()) for name in names]
    return Stage(home=home, plan=a_plan(*tasks), providers={"busy": "mock"}, **changes)


def _kinds(stage: Stage, *kinds: type[Value]) -> list[str]:
    return [type(event).__name__ for event in stage.events() if isinstance(event, kinds)]


def test_a_burst_is_one_pause_and_costs_nobody_a_retry(tmp_path: Path) -> None:
    stage = _stage(tmp_path, Busy(away={"a": 1, "b": 1}), "a", "b", "c")
    stage.run()
    assert set(stage.states().values()) == {"completed"}
    assert stage.view().state == "completed"
    assert _kinds(stage, Paused, Lifted) in (["Paused", "Lifted"], ["Paused", "Lifted"] * 2)
    events = stage.events()
    paused = next(n for n, event in enumerate(events) if isinstance(event, Paused))
    lifted = next(n for n, event in enumerate(events) if isinstance(event, Lifted))
    assert not [event for event in events[paused:lifted] if isinstance(event, Starting)]
    assert {ended.attempt for ended in stage.ended() if ended.task == "a"} == {1, 2}


def test_an_agent_that_tries_again_by_itself_says_so_for_all(tmp_path: Path) -> None:
    stage = _stage(tmp_path, Busy(), "a", local=Programs(default=Script(stdout=b"529\n529\n")))
    stage.run()
    assert _kinds(stage, Limited, Paused) == ["Limited", "Paused"]
    assert stage.states() == {"a": "completed"}


def test_an_owner_who_takes_the_run_waits_till_the_pause_is_over_and_no_longer(tmp_path: Path) -> None:
    until = 1.5  # long over, for its events are of the first second of 1970
    past = [
        Owned(pid=1, start=1, boot="b", attached=False), Starting(task=TaskId("a"), attempt=1),
        Running(task=TaskId("a"), attempt=1),
        Ended(task=TaskId("a"), attempt=1, outcome=SENT_AWAY, again=True, limit=RATE),
        Paused(provider="mock", until=until, number=1, at_once=1, reason="429"),
    ]  # fmt: skip
    stage = _stage(tmp_path, Busy(), "a", "b", past=past)
    before = stage.view()
    assert {task.id: (task.state, task.until) for task in before.tasks} == {
        "a": ("limited", until), "b": ("queued", until),
    }  # fmt: skip
    assert "waits for mock until 00:00:01 UTC" in before.tasks[0].why
    assert before.held == "limit: mock until 00:00:01 UTC"
    stage.run()
    said = [type(event).__name__ for event in stage.events()[6:]]
    assert said.index("Lifted") < said.index("Starting")
    assert set(stage.states().values()) == {"completed"}
    assert stage.view().tasks[0].until is None


def test_a_task_that_is_sent_away_for_ever_fails_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "MOST_LIMITED", 2)
    stage = _stage(tmp_path, Busy(away={"a": 99}), "a")
    stage.run()
    assert (stage.states(), [ended.attempt for ended in stage.ended()]) == ({"a": "failed"}, [1, 2, 3])
