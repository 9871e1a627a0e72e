"""The owner's loop, with doubles for journal and backend."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from engine.driving import Programs, Stage

from forkjoin.agents import Judgement, Site
from forkjoin.engine.attempts import attempts
from forkjoin.engine.driving import gate, outside
from forkjoin.engine.driving.drive import Driver
from forkjoin.errors import NoRoom
from forkjoin.model import (
    Base,
    BaseTaken,
    Call,
    Closed,
    Completed,
    Edge,
    Ended,
    Exit,
    Failed,
    Held,
    Joined,
    Owned,
    Place,
    Progress,
    Released,
    RetryAsked,
    Running,
    Starting,
    StopAsked,
    Task,
    TaskId,
    to_json,
)
from forkjoin.scheduling import Finish, rebuild, step
from forkjoin.testing import FakeDialect, Script, a_plan, a_task
from forkjoin.workspaces import MergeConflict, Workspaces

A, B = TaskId("a"), TaskId("b")
FAKE = FakeDialect()
CLONE = Place(kind="clone", root="/clone", cwd="/clone", base="0" * 40)


def _reader(id_: str = "a", **changes: Any) -> Task:
    return a_task(id_, **{"agent": FAKE, "writes": (), **changes})


def _writer(id_: str = "a", **changes: Any) -> Task:
    return a_task(id_, **{"agent": FAKE, "writes": (f"{id_}.txt",), "allow_no_change": True, **changes})


def _done(task: TaskId, attempt: int = 1) -> Ended:
    return Ended(task=task, attempt=attempt, outcome=Completed())


def test_every_task_gets_one_record_and_the_run_closes(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(*(_reader(f"t{n}") for n in range(30))))
    stage.run()
    assert sorted(ended.task for ended in stage.ended()) == sorted(f"t{n}" for n in range(30))
    assert isinstance(stage.events()[-1], Closed)
    assert stage.view().state == "completed"
    assert (stage.folder.path / "report.md").is_file()


def test_an_empty_plan_closes_at_once(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan().__class__(tasks=()))
    stage.run()
    assert stage.view().state == "completed"


def test_a_run_that_is_over_is_not_driven_again(tmp_path: Path) -> None:
    past = [Starting(task=A, attempt=1), _done(A), Joined(), Closed(state="completed")]
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), past=past)
    stage.run()
    assert len(stage.events()) == 1 + len(past)


def test_a_retry_asked_just_before_the_end_was_written_is_done_and_closed(tmp_path: Path) -> None:
    failed = Ended(task=A, attempt=1, outcome=Failed(kind="exit", reason="no"))
    past = [Starting(task=A, attempt=1), failed, RetryAsked(task=A), Joined(), Closed(state="failed")]
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), past=past)
    assert stage.view().state == "running"
    stage.run()
    assert (stage.states(), stage.view().state, stage.ended()[-1].attempt) == ({"a": "completed"}, "completed", 2)


def test_a_retry_that_was_run_after_the_end_was_written_is_closed_by_the_next_owner(tmp_path: Path) -> None:
    failed = Ended(task=A, attempt=1, outcome=Failed(kind="exit", reason="no"))
    past = [
        Starting(task=A, attempt=1), RetryAsked(task=B), RetryAsked(task=A), failed, RetryAsked(task=A), Joined(),
        Closed(state="failed"), Owned(pid=1, start=1, boot="b", attached=False), Starting(task=A, attempt=2),
        Running(task=A, attempt=2), _done(A, 2),
    ]  # fmt: skip
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), past=past)
    board = rebuild(stage.plan, (), stage.options, past)
    assert not board.finished
    assert [type(command) for command in step(board, ())[1]] == [Finish]
    stage.run()
    assert stage.local.started == []
    assert (stage.states(), stage.view().state) == ({"a": "completed"}, "completed")
    assert isinstance(stage.events()[-1], Closed)


def test_wishes_of_others_are_seen_while_it_runs(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(_reader(), _reader("b")), local=Programs(by_hand=True))
    driven = stage.run(during=lambda _: stage.wish(StopAsked(task=TaskId(""), reason="enough")))
    assert stage.states() == {"a": "stopped", "b": "stopped"}
    assert [ended.outcome.reason for ended in stage.ended()] == ["enough", "enough"]  # type: ignore[union-attr]
    assert driven.seen >= 2


def test_a_second_demand_to_stop_everything_kills(tmp_path: Path) -> None:
    local = Programs(by_hand=True)
    local.stop = lambda task, attempt, *, how, reason: (
        asked.append(how)
        or (  # type: ignore[method-assign]
            Programs.stop(local, task, attempt, how=how, reason=reason) if how == "kill" else None
        )
    )
    asked: list[str] = []
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), local=local)

    async def main() -> None:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        while not local.started:
            await asyncio.sleep(0)
        driver.stop_all("once")
        while not asked:
            await asyncio.sleep(0)
        driver.stop_all("twice")
        await loop

    asyncio.run(main())
    assert asked == ["term", "kill"]


def test_a_failure_is_tried_again_as_often_as_allowed(tmp_path: Path) -> None:
    local = Programs(scripts={"a": [Script(code=1), Script(lost=True), Script()]})
    stage = Stage(home=tmp_path, plan=a_plan(_reader(retries=2)), local=local)
    stage.run()
    assert [(ended.attempt, ended.again) for ended in stage.ended()] == [(1, True), (2, True), (3, False)]
    assert stage.states() == {"a": "completed"}


# -- room


def test_on_a_full_journal_launches_stop_results_are_kept_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    tasks = [_reader(f"t{n}") for n in range(4)]
    stage = Stage(home=tmp_path, plan=a_plan(*tasks, max_parallel=2), local=Programs(by_hand=True))

    async def main() -> None:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        while len(stage.local.started) < 2:
            await asyncio.sleep(0)
        stage.own.full = True
        assert stage.local.advance()
        assert stage.local.advance()
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(stage.local.started) == 2
        assert stage.ended() == []
        stage.own.full = False
        while not loop.done():
            stage.local.advance()
            await asyncio.sleep(0)
        await loop

    asyncio.run(main())
    assert sorted(ended.task for ended in stage.ended()) == ["t0", "t1", "t2", "t3"]
    assert stage.view().state == "completed"


def test_a_record_that_found_no_room_is_written_though_nothing_else_happens(tmp_path: Path) -> None:
    """The last record of a quiet run must not wait for the next event."""
    stage = Stage(home=tmp_path, plan=a_plan(_reader(), _reader("b")), local=Programs(by_hand=True))

    async def main() -> None:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        while len(stage.local.started) < 2:
            await asyncio.sleep(0)
        stage.own.full = True
        stage.local.advance()
        for _ in range(20):
            await asyncio.sleep(0)
        stage.own.full = False
        while not stage.ended():
            await asyncio.sleep(0)
        stage.local.advance()
        await loop

    asyncio.run(main())
    assert stage.view().state == "completed"


def test_a_stop_acts_on_a_full_journal_and_the_owner_leaves_when_nothing_runs_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_STOPPED_ROOM_S", 0.0)
    tasks = [_reader(f"t{n}") for n in range(4)]
    stage = Stage(home=tmp_path, plan=a_plan(*tasks, max_parallel=2), local=Programs(by_hand=True))

    async def main() -> None:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        while len(stage.local.started) < 2:
            await asyncio.sleep(0)
        stage.own.full = True
        driver.wish([StopAsked(task=TaskId(""), reason="enough")])
        with pytest.raises(NoRoom, match="make room"):
            await asyncio.wait_for(loop, 20)

    asyncio.run(main())
    assert [task for task, *_ in stage.local.stopped] == ["t0", "t1"]
    assert len(stage.local.started) == 2


def test_a_run_of_which_nothing_runs_waits_for_room_no_longer_than_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_ROOM_S", 0.0)
    stage = Stage(home=tmp_path, plan=a_plan(_reader()))
    stage.journal.full = True
    with pytest.raises(NoRoom, match="nothing of it runs any more"):
        stage.run()
    assert stage.local.started == []
    stage.journal.full = False
    stage.run()
    assert stage.states() == {"a": "completed"}


def test_a_run_that_the_disk_holds_is_left_when_nothing_of_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_ROOM_S", 0.0)
    monkeypatch.setattr(gate, "_DISK_FLOOR", 1 << 60)
    stage = Stage(home=tmp_path, plan=a_plan(_reader()))
    with pytest.raises(NoRoom, match=r"the disk is nearly full, and nothing of it runs .* forkjoin resume"):
        stage.run()
    assert stage.local.started == []
    monkeypatch.setattr(gate, "_DISK_FLOOR", 0)
    stage.run()
    assert stage.states() == {"a": "completed"}


def test_a_task_stopped_while_its_start_waited_for_room_never_starts(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(_reader()))
    stage.journal.full = True

    async def main() -> None:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        while not stage.local.reserved:
            await asyncio.sleep(0)
        driver.wish([StopAsked(task=A, reason="enough")])
        for _ in range(20):
            await asyncio.sleep(0)
        stage.own.full = False
        await asyncio.wait_for(loop, 20)

    asyncio.run(main())
    assert stage.local.started == []
    assert stage.states() == {"a": "stopped"}


def test_no_room_for_an_attempts_folder_holds_launches_and_costs_no_task_its_result(tmp_path: Path) -> None:
    local = Programs(full=True)
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), local=local)

    async def main() -> None:
        loop = asyncio.create_task(stage.driver().drive())
        while not any(isinstance(event, Held) for event in stage.events()):
            await asyncio.sleep(0)
        local.full = False
        await loop

    asyncio.run(main())
    assert stage.states() == {"a": "completed"}
    kinds = [type(event) for event in stage.events()]
    assert kinds.index(Held) < kinds.index(Released)


def test_a_folder_that_cannot_be_made_fails_its_task_alone(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), local=Programs(broken=True))
    stage.run()
    (ended,) = stage.ended()
    assert isinstance(ended.outcome, Failed)
    assert (ended.outcome.kind, "Permission denied" in ended.outcome.reason) == ("setup", True)


def test_a_full_disk_at_the_beginning_holds_every_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_DISK_FLOOR", 1 << 60)
    stage = Stage(home=tmp_path, plan=a_plan(_reader()))

    async def main() -> None:
        loop = asyncio.create_task(stage.driver().drive())
        while not any(isinstance(event, Held) for event in stage.events()):
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert stage.local.started == []
        monkeypatch.setattr(gate, "_DISK_FLOOR", 0)
        await loop

    asyncio.run(main())
    assert stage.states() == {"a": "completed"}


def test_a_report_that_cannot_be_written_does_not_keep_the_run_from_its_end(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(_reader()))
    (stage.folder.path / "report.json.part").mkdir(parents=True)
    stage.run()
    view = stage.view()
    assert (view.state, view.joined) == ("completed", False)
    assert "no report was written" in view.reason


# -- agents that misbehave


def test_a_dialect_that_raises_costs_its_own_task_alone(tmp_path: Path) -> None:
    class Bad(FakeDialect):
        def parse(self, line: bytes) -> Any:
            raise ValueError("parse")

        def judge(self, task: Task, ended: Any) -> Judgement:
            raise ValueError("judge")

    class Worse(FakeDialect):
        def invocation(self, task: Task, site: Site) -> Any:
            raise ValueError("invocation")

    tasks = [_reader("bad", agent=Bad()), _reader("worse", agent=Worse()), _reader("good")]
    stage = Stage(home=tmp_path, plan=a_plan(*tasks), local=Programs(default=Script(stdout=b"line\n")))
    stage.run()
    assert stage.states() == {"bad": "failed", "worse": "failed", "good": "completed"}
    said = {ended.task: getattr(ended.outcome, "reason", "") for ended in stage.ended()}
    assert "judge" in said[TaskId("bad")]
    assert "invocation" in said[TaskId("worse")]
    assert [event.task for event in stage.events() if isinstance(event, Progress)] == ["good"]


def test_a_dialect_may_answer_with_a_call_which_can_be_stopped(tmp_path: Path) -> None:
    began = asyncio.Event()

    async def forever() -> None:
        began.set()
        await asyncio.sleep(3600)

    class Calls(FakeDialect):
        def invocation(self, task: Task, site: Site) -> Call:
            return Call(call=forever)

    stage = Stage(home=tmp_path, plan=a_plan(_reader(agent=Calls())))

    async def main() -> None:
        loop = asyncio.create_task(stage.driver().drive())
        await began.wait()
        stage.wish(StopAsked(task=A, reason="enough"))
        await asyncio.wait_for(loop, 20)

    asyncio.run(main())
    assert stage.states() == {"a": "stopped"}
    assert len(stage.local.abandoned) == 1


def test_looking_outside_that_fails_ends_the_loop_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise NoRoom("broken")

    monkeypatch.setattr(outside.Outside, "_look_for_wishes", broken)
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), local=Programs(by_hand=True))
    with pytest.raises(NoRoom, match="broken"):
        stage.run()


def test_a_progress_line_is_told_at_most_twice_a_second(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), local=Programs(default=Script(stdout=b"one\ntwo\nrest")))
    stage.run()
    assert [event.text for event in stage.events() if isinstance(event, Progress)] == ["two"]


# -- taking over


def test_an_attempt_that_never_began_is_tried_again_without_a_retry(tmp_path: Path) -> None:
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), past=[Starting(task=A, attempt=1)])
    stage.run()
    assert [(ended.attempt, ended.again) for ended in stage.ended()] == [(1, True), (2, False)]
    assert stage.states() == {"a": "completed"}


def test_an_attempt_that_is_found_later_never_to_have_begun_is_tried_again_without_a_retry(tmp_path: Path) -> None:
    past = [Starting(task=A, attempt=1), Running(task=A, attempt=1)]
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), past=past, local=Programs(adopts_begun=False))
    stage.run()
    assert [(ended.attempt, ended.again) for ended in stage.ended()] == [(1, True), (2, False)]
    assert stage.states() == {"a": "completed"}


def test_an_attempt_that_ran_and_left_nothing_is_lost_and_only_retried_where_allowed(tmp_path: Path) -> None:
    past = [event(task=task, attempt=1) for task in (A, B) for event in (Starting, Running)]
    stage = Stage(home=tmp_path, plan=a_plan(_reader(), _reader("b", retries=1)), past=past)
    stage.run()
    assert stage.local.adopted == [("a", 1), ("b", 1)]
    assert stage.states() == {"a": "lost", "b": "completed"}


def test_the_record_of_an_attempt_whose_owner_died_is_collected_once(tmp_path: Path) -> None:
    past = [Starting(task=A, attempt=1), Running(task=A, attempt=1)]
    local = Programs(adopts=Exit(how="exited", code=0))
    stage = Stage(home=tmp_path, plan=a_plan(_reader()), past=past, local=local)
    stage.run()
    assert [ended.outcome for ended in stage.ended()] == [Completed()]
    assert local.started == []


def test_an_attempt_found_before_it_was_journaled_as_running_is_harvested_from_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harvested: list[Place] = []
    _no_workspaces(monkeypatch, harvested)
    past = [BaseTaken(base=Base(kind="head")), Starting(task=A, attempt=1)]
    stage = Stage(home=tmp_path, plan=a_plan(_writer()), past=past, local=Programs(adopts=Exit(how="exited", code=0)))
    own = stage.folder.attempt(A, 1)
    own.mkdir(parents=True)
    (own / "lock").write_text("1 2 boot\n")
    (own / "place.json").write_bytes(to_json(CLONE))
    stage.run()
    assert harvested == [CLONE]
    assert stage.states() == {"a": "completed"}


def test_a_function_whose_process_is_gone_is_lost(tmp_path: Path) -> None:
    plan = a_plan(Task(id="f", function=print, writes=()))
    past = [Starting(task=TaskId("f"), attempt=1), Running(task=TaskId("f"), attempt=1)]
    stage = Stage(home=tmp_path, plan=plan, past=past)
    stage.run()
    assert stage.states() == {"f": "lost"}


def test_a_stop_asked_while_nobody_owned_the_run_reaches_what_still_lives(tmp_path: Path) -> None:
    past = [Starting(task=A, attempt=1), StopAsked(task=A, reason="enough")]
    stage = Stage(home=tmp_path, plan=a_plan(_reader(), _reader("b")), past=past)
    stage.run()
    assert stage.states() == {"a": "stopped", "b": "completed"}


def test_a_retry_runs_what_was_blocked_behind_the_task_too(tmp_path: Path) -> None:
    local = Programs(scripts={"a": [Script(code=1), Script()]})
    stage = Stage(
        home=tmp_path, plan=a_plan(_reader(), _reader("b", after=("a",))), edges=[Edge(first=A, then=B, kind="after")],
        local=local,
    )  # fmt: skip
    stage.run()
    assert stage.states() == {"a": "failed", "b": "blocked"}
    stage.wish(RetryAsked(task=A))
    stage.run()
    assert stage.states() == {"a": "completed", "b": "completed"}
    brief = (stage.folder.attempt(B, 1) / "brief.md").read_text()
    assert "done" in brief


# -- workspaces


def _no_workspaces(monkeypatch: pytest.MonkeyPatch, harvested: list[Place] | None = None) -> list[str]:
    """Workspaces that are opened, harvested and discarded by name alone; returns what was done."""
    from forkjoin.model import Changes

    done: list[str] = []

    def take_base(self: Workspaces, how: str, *, carried: object = ()) -> Base:
        done.append(f"base {how}")
        return Base(kind="head", commit="1" * 40)

    def opened(self: Workspaces, task: Task, attempt: int, *, base: object) -> Place:
        done.append(f"open {task.id} {attempt}")
        return CLONE

    def harvest(self: Workspaces, task: Task, attempt: int, place: Place) -> Changes:
        done.append(f"harvest {task.id} {attempt}")
        if harvested is not None:
            harvested.append(place)
        return Changes()

    monkeypatch.setattr(Workspaces, "take_base", take_base)
    monkeypatch.setattr(Workspaces, "open", opened)
    monkeypatch.setattr(Workspaces, "harvest", harvest)
    monkeypatch.setattr(Workspaces, "discard", lambda self, place: done.append("discard"))
    return done


def test_the_base_is_taken_once_for_all_writers_and_journaled_before_any_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _no_workspaces(monkeypatch)
    stage = Stage(home=tmp_path, plan=a_plan(*(_writer(f"t{n}") for n in range(12))))
    stage.run()
    assert set(stage.states().values()) == {"completed"}
    assert done.count("base snapshot") == 1
    kinds = [type(event) for event in stage.events()]
    assert kinds.count(BaseTaken) == 1
    assert kinds.index(BaseTaken) < kinds.index(Running)


def test_a_workspace_goes_only_after_its_record_was_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an owner killed in between leaves a next one that finds the workspace of a completed attempt gone."""
    done = _no_workspaces(monkeypatch)
    stage = Stage(home=tmp_path, plan=a_plan(_writer()), local=Programs(by_hand=True))

    async def main() -> None:
        loop = asyncio.create_task(stage.driver().drive())
        while not any(isinstance(event, Running) for event in stage.events()):
            await asyncio.sleep(0)
        stage.own.full = True
        stage.local.advance()
        for _ in range(200):
            await asyncio.sleep(0.0005)
        assert "harvest a 1" in done
        assert "discard" not in done
        stage.own.full = False
        await loop

    asyncio.run(main())
    assert done[-1] == "discard"


def test_a_retry_gets_a_fresh_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = _no_workspaces(monkeypatch)
    stage = Stage(
        home=tmp_path, plan=a_plan(_writer(retries=1)), local=Programs(scripts={"a": [Script(code=1), Script()]})
    )
    stage.run()
    assert [one for one in done if one.startswith("open")] == ["open a 1", "open a 2"]
    assert stage.states() == {"a": "completed"}


def test_a_harvest_that_fails_keeps_the_workspace_the_answer_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _no_workspaces(monkeypatch)

    def broken(*_: object) -> None:
        raise NoRoom("too big")

    monkeypatch.setattr(Workspaces, "harvest", broken)
    stage = Stage(home=tmp_path, plan=a_plan(_writer()))
    stage.run()
    (ended,) = stage.ended()
    assert isinstance(ended.outcome, Failed)
    assert (ended.outcome.kind, ended.answer.inline) == ("workspace", "done")
    assert "too big" in ended.outcome.reason
    assert "/clone" in ended.outcome.reason
    assert "discard" not in done


def test_a_workspace_of_which_something_was_left_out_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from forkjoin.model import Changes

    done = _no_workspaces(monkeypatch)
    monkeypatch.setattr(Workspaces, "harvest", lambda *_: Changes(notes=("made inside a submodule: left out",)))
    stage = Stage(home=tmp_path, plan=a_plan(_writer()))
    stage.run()
    assert stage.states() == {"a": "completed"}
    assert "discard" not in done


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (MergeConflict(("x.py",)), "blocked", "x.py"),
        (NoRoom("no room for a clone"), "failed", "no room for a clone"),
        (ValueError("our bug"), "failed", "ValueError: our bug"),
    ],
)
def test_a_workspace_that_cannot_be_opened_is_the_tasks_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str, said: str
) -> None:
    _no_workspaces(monkeypatch)

    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Workspaces, "open", broken)
    stage = Stage(home=tmp_path, plan=a_plan(_writer()))
    stage.run()
    assert stage.states() == {"a": state}
    assert said in stage.view().tasks[0].why


def _slow_opening(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    _no_workspaces(monkeypatch)
    opening, go_on = threading.Event(), threading.Event()

    def opened(self: Workspaces, task: Task, attempt: int, *, base: object) -> Place:
        opening.set()
        assert go_on.wait(20)
        return CLONE

    monkeypatch.setattr(Workspaces, "open", opened)
    return opening, go_on


def test_a_stop_while_the_workspace_opens_ends_it_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_WORKSHOP", 1)
    opening, go_on = _slow_opening(monkeypatch)
    stage = Stage(home=tmp_path, plan=a_plan(_writer(), _writer("b")))

    async def main() -> None:
        loop = asyncio.create_task(stage.driver().drive())
        await asyncio.to_thread(opening.wait, 20)
        stage.wish(StopAsked(task=TaskId(""), reason="enough"))
        while not any(isinstance(event, StopAsked) for event in stage.events()):
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        await loop

    asyncio.run(main())
    assert stage.states() == {"a": "stopped", "b": "stopped"}
    assert stage.local.started == []


def test_a_hand_over_waits_for_workspaces_that_are_opening_and_starts_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next owner finds a living process, not an attempt that began and is nowhere."""
    opening, go_on = _slow_opening(monkeypatch)
    tasks = a_plan(_writer(), _writer("b"), max_parallel=1)
    stage = Stage(home=tmp_path, plan=tasks, local=Programs(by_hand=True))

    async def main() -> Any:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        await asyncio.to_thread(opening.wait, 20)
        driver.hand_over()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not loop.done()
        go_on.set()
        return await loop

    driven = asyncio.run(main())
    assert driven.handed_over
    assert stage.states() == {"a": "running", "b": "queued"}


def test_a_hand_over_waits_for_a_harvest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _no_workspaces(monkeypatch)
    harvesting, go_on = threading.Event(), threading.Event()

    def harvest(self: Workspaces, task: Task, attempt: int, place: Place) -> Any:
        from forkjoin.model import Changes

        harvesting.set()
        assert go_on.wait(20)
        return Changes()

    monkeypatch.setattr(Workspaces, "harvest", harvest)
    stage = Stage(home=tmp_path, plan=a_plan(_writer(), _writer("b"), max_parallel=1))

    async def main() -> Any:
        driver = stage.driver()
        loop = asyncio.create_task(driver.drive())
        await asyncio.to_thread(harvesting.wait, 20)
        driver.hand_over()
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        return await loop

    assert asyncio.run(main()).handed_over
    assert stage.states() == {"a": "completed", "b": "queued"}


# -- in the caller's loop


def test_a_hundred_ends_in_one_turn_are_a_hundred_records(tmp_path: Path) -> None:
    for repeat in range(20):
        together = asyncio.Event()
        left = {"tasks": 100}

        async def end(together: asyncio.Event = together, left: dict[str, int] = left) -> str:
            left["tasks"] -= 1
            if not left["tasks"]:
                together.set()
            await together.wait()
            return "ended"

        tasks = [Task(id=f"t{n}", function=end, writes=()) for n in range(100)]
        stage = Stage(home=tmp_path / str(repeat), plan=a_plan(*tasks))
        stage.run()
        assert len({ended.task for ended in stage.ended()}) == len(stage.ended()) == 100


def test_a_wish_put_from_a_thread_after_the_loop_has_closed_is_dropped(tmp_path: Path) -> None:
    drivers: list[Driver] = []
    Stage(home=tmp_path, plan=a_plan(_reader())).run(during=drivers.append)
    drivers[0].hand_over()
