"""The engine's small parts: gate, giving, joining, settling, speaking."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from forkjoin.backends import Exited
from forkjoin.engine.attempts.giving import Giving
from forkjoin.engine.attempts.settling import settled
from forkjoin.engine.attempts.speaking import bound_here, speaker
from forkjoin.engine.driving import gate as gates
from forkjoin.engine.driving.gate import Gate
from forkjoin.engine.folder import OwnerLock, RunFolder, new_run_folder, owned
from forkjoin.engine.known import known_agents, known_analysers
from forkjoin.engine.records.joining import joined
from forkjoin.errors import UnknownId
from forkjoin.model import (
    Changes,
    Closed,
    Completed,
    Edge,
    Ended,
    Exit,
    Failed,
    Held,
    Options,
    Outcome,
    Planned,
    Released,
    RunId,
    Skipped,
    Starting,
    StopAsked,
    Stopped,
    Task,
    TaskId,
    Text,
)
from forkjoin.testing import FakeDialect, MemoryJournal, a_plan, a_task

A, B, C = TaskId("a"), TaskId("b"), TaskId("c")


# -- the gate


def test_a_hold_is_said_once_and_its_release_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(folder=tmp_path, options=Options(memory_floor=0.0))
    assert list(gate.look()) == []
    monkeypatch.setattr(gates, "_DISK_FLOOR", 1 << 60)
    (held,) = gate.look()
    assert isinstance(held, Held)
    assert "MiB of disk left" in held.detail
    assert list(gate.look()) == []
    monkeypatch.setattr(gates, "_DISK_FLOOR", 0)
    assert list(gate.look()) == [Released(cause="disk")]


def test_too_little_memory_holds_launches(tmp_path: Path) -> None:
    (held,) = Gate(folder=tmp_path, options=Options(memory_floor=2.0)).look()
    assert isinstance(held, Held)
    assert held.cause == "memory"


def test_a_state_folder_that_is_gone_holds_launches(tmp_path: Path) -> None:
    (held,) = Gate(folder=tmp_path / "gone", options=Options(memory_floor=0.0)).look_at_disk()
    assert isinstance(held, Held)
    assert "cannot be read" in held.detail


def test_a_quota_is_found_out_by_trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk says that there is room; nothing finds any."""
    gate = Gate(folder=tmp_path, options=Options())
    assert [type(event) for event in gate.refuse("quota")] == [Held]
    with monkeypatch.context() as quota:
        quota.setattr(tempfile, "TemporaryFile", _refused)
        assert list(gate.look_at_disk()) == []
    assert list(gate.look_at_disk()) == [Released(cause="disk")]
    assert not gate.refused


def _refused(*_: object, **__: object) -> None:
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


# -- what a task is given


def _giving(*edges: Edge) -> Giving:
    planned = Planned(
        run=RunId("r"), plan=a_plan("a", "b", "c"), edges=edges, claims=(), tree="/t", repository="/t",
        options=Options(), version="0",
    )  # fmt: skip
    return Giving(planned, lambda text: text.inline)


def _ended(task: TaskId, commit: str = "", outcome: Outcome | None = None) -> Ended:
    changes = Changes(commit=commit)
    return Ended(task=task, attempt=1, outcome=outcome or Completed(), changes=changes, answer=Text(inline=task * 9000))


def test_what_goes_behind_a_chain_gets_the_changes_of_all_of_it() -> None:
    giving = _giving(Edge(first=A, then=B, kind="after"), Edge(first=B, then=C, kind="write-read"))
    giving.note(_ended(A, "one"))
    giving.note(_ended(B))
    assert (giving.to(C).commits, giving.to(C).by) == (("one",), (A,))


def test_only_what_completed_gives_something() -> None:
    giving = _giving(Edge(first=A, then=C, kind="write-write"), Edge(first=B, then=C, kind="write-write"))
    giving.note(_ended(A, "one", Failed(kind="exit", reason="no")))
    giving.note(_ended(B, "two"))
    assert giving.to(C).commits == ("two",)
    assert giving.to(A).commits == ()


def test_the_answer_of_a_predecessor_is_bounded_and_says_how_much_was_cut() -> None:
    giving = _giving(Edge(first=A, then=B, kind="after"))
    giving.note(_ended(A))
    (answer,) = giving.to(B).answers
    assert (len(answer.text), answer.cut) == (8000, 1000)


# -- the join


@pytest.mark.parametrize(
    ("outcomes", "asked", "state"),
    [
        ([Completed(), Completed()], False, "completed"),
        ([Completed(), Failed(kind="exit", reason="")], False, "failed"),
        ([Failed(kind="exit", reason=""), Stopped(reason="fail fast")], False, "failed"),
        ([Failed(kind="exit", reason=""), Skipped(reason="stop")], True, "stopped"),
        ([Completed(), Stopped(reason="stop")], False, "stopped"),
        ([Completed(), Skipped(reason="stop")], True, "stopped"),
        ([], False, "completed"),
    ],
)
def test_the_state_of_a_run_says_whether_it_failed_or_was_stopped(
    tmp_path: Path, outcomes: list[Outcome], asked: bool, state: str
) -> None:
    journal = MemoryJournal()
    folder = RunFolder(home=tmp_path, run=RunId("r"))
    folder.path.mkdir(parents=True)
    plan = a_plan("a").__class__(tasks=tuple(a_task(f"t{n}") for n in range(len(outcomes))))
    planned = Planned(
        run=folder.run, plan=plan, edges=(), claims=(), tree="/t", repository="/t", options=Options(), version="0"
    )
    begun = [Starting(task=TaskId("t0"), attempt=1)]
    stop = [*begun, StopAsked(task=TaskId(""), reason="enough")] if asked else []
    ends = [Ended(task=TaskId(f"t{n}"), attempt=1, outcome=outcome) for n, outcome in enumerate(outcomes)]
    journal.append([planned, *stop, *ends], at=1.0)
    journal.commit()
    closed = joined(folder, journal, planned, now=2.0)[0][-1]
    assert isinstance(closed, Closed)
    assert closed.state == state


# -- settling


def _settled(tmp_path: Path, task: Task, exit_: Exit | None, returned: object = None) -> Any:
    exited = Exited(task=task.id, attempt=1, exit=exit_, returned=returned)
    folder = RunFolder(home=tmp_path, run=RunId("r"))
    return settled(folder, task, exited, None, lambda *_: Changes())


def test_findings_are_counted_in_the_record(tmp_path: Path) -> None:
    finding = {"title": "x", "severity": "high", "path": "a.py", "line": 1}
    task = Task(id="f", function=print, output="findings", writes=())
    result = _settled(tmp_path, task, Exit(how="exited", code=0), {"findings": [finding, finding]})
    assert result.ended.outcome == Completed()
    assert result.ended.findings == 2


def test_an_attempt_without_a_record_is_lost(tmp_path: Path) -> None:
    result = _settled(tmp_path, a_task(agent=FakeDialect()), None)
    assert result.ended.outcome.reason == "its process went without leaving a record"


def test_an_answer_that_cannot_be_checked_is_a_failure_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("our bug")

    monkeypatch.setattr("forkjoin.engine.attempts.settling.truth", broken)
    result = _settled(tmp_path, a_task(agent=FakeDialect()), Exit(how="exited", code=0))
    assert "our bug" in result.ended.outcome.reason


# -- who speaks


def test_an_object_of_this_process_binds_the_plan_to_it() -> None:
    assert "object of the caller's process" in bound_here(a_plan(a_task(agent=FakeDialect())))
    assert "function" in bound_here(a_plan(Task(id="f", function=print)))
    assert bound_here(a_plan(a_task(command=("true",), task=""))) == ""


def test_an_agent_whose_object_is_gone_is_unknown() -> None:
    with pytest.raises(UnknownId, match="fake"):
        speaker(a_task(agent="fake"))


def test_the_agents_of_this_version_are_known_with_what_their_probes_say() -> None:
    known = {agent.name: agent for agent in known_agents()}
    assert known["command"].driven
    assert known["command"].found
    assert {card.name for card in known_analysers()} >= {"bandit"}


# -- the owner's lock


def test_a_lock_that_was_forgotten_is_free_again(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path)
    OwnerLock.take(folder)
    assert not owned(folder)


def test_a_run_whose_folder_is_gone_cannot_be_owned(tmp_path: Path) -> None:
    with pytest.raises(UnknownId, match="removed meanwhile"):
        OwnerLock.take(RunFolder(home=tmp_path, run=RunId("gone")))
