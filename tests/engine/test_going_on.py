"""An attempt that was to go on with an earlier one, and of which nothing ran: what that left is not lost by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from engine.driving import Programs, Stage

from forkjoin.agents import Site
from forkjoin.engine.driving.drive import Driver
from forkjoin.model import (
    Base,
    BaseTaken,
    Change,
    Changes,
    Closed,
    Completed,
    Ended,
    Event,
    Invocation,
    Joined,
    Place,
    RetryAsked,
    Starting,
    Task,
    TaskId,
    Text,
    to_json,
)
from forkjoin.testing import FakeDialect, Script, a_plan, a_task
from forkjoin.workspaces import Workspaces

A = TaskId("a")
MADE = Changes(files=(Change(path="a.txt", how="added"),), commit="2" * 40, base="0" * 40)
ASKED = RetryAsked(task=A, force=True, message=Text(inline="and a test", length=10))


@dataclass(kw_only=True)
class Unready(FakeDialect):
    """Cannot be asked anything at first."""

    failures: int = 0

    def invocation(self, task: Task, site: Site) -> Invocation:
        if self.failures:
            self.failures -= 1
            raise OSError(28, "No space left on device")
        return super().invocation(task, site)


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The workspace of a first attempt, which holds what that made; what is done with it."""
    root = tmp_path / "workspaces" / "a-1" / "tree"
    root.mkdir(parents=True)
    (root / "a.txt").write_text("made")
    monkeypatch.setattr(Workspaces, "take_base", lambda *_, **__: Base(kind="head", commit="0" * 40))
    monkeypatch.setattr(Workspaces, "go_on", lambda *_: None)
    monkeypatch.setattr(Workspaces, "harvest", lambda *_: MADE)

    def discard(_: Workspaces, place: Place) -> None:
        (Path(place.root) / "a.txt").unlink()

    monkeypatch.setattr(Workspaces, "discard", discard)
    return Place(kind="clone", root=str(root), cwd=str(root), base="0" * 40)


def again(tmp_path: Path, left: Place, agent: FakeDialect, *more: Event, **given: object) -> Stage:
    """A run whose task completed, with changes and a session, and is asked to go on."""
    task = a_task("a", agent=agent, writes=("a.txt",), **given)
    first = Ended(task=A, attempt=1, outcome=Completed(), session="s", place=left, changes=MADE)
    past = [BaseTaken(base=Base(kind="head")), Starting(task=A, attempt=1), first, Joined(), Closed(state="completed")]
    return Stage(home=tmp_path, plan=a_plan(task), past=[*past, ASKED, *more], local=Programs())


def kept(stage: Stage, left: Place) -> tuple[str, ...]:
    """Return the changes that the task shows, where its workspace still holds them."""
    assert (Path(left.root) / "a.txt").exists(), "its workspace was removed"
    return tuple(change.path for change in stage.view().tasks[0].changes.files)


def test_where_it_could_not_be_started_workspace_and_changes_are_kept(tmp_path: Path, left: Place) -> None:
    stage = again(tmp_path, left, Unready(failures=9))
    stage.run()
    assert stage.states() == {"a": "failed"}
    assert kept(stage, left) == ("a.txt",)


def test_where_it_is_stopped_before_its_program_is_there_they_are_kept(
    tmp_path: Path, left: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = again(tmp_path, left, FakeDialect())
    drivers: list[Driver] = []
    monkeypatch.setattr(Workspaces, "go_on", lambda *_: drivers[0]._attempts.stop(A, 2, how="term", reason="enough"))
    stage.run(during=drivers.append)
    assert stage.local.started == []
    assert stage.states() == {"a": "stopped"}
    assert kept(stage, left) == ("a.txt",)


def test_where_it_is_stopped_while_its_start_waits_for_room_they_are_kept(tmp_path: Path, left: Place) -> None:
    stage = again(tmp_path, left, FakeDialect())
    stage.run(during=lambda driver: driver._attempts.stop(A, 2, how="term", reason="enough"))
    assert stage.local.started == []
    assert stage.states() == {"a": "stopped"}
    assert kept(stage, left) == ("a.txt",)


@pytest.mark.parametrize("placed", [False, True])
def test_where_an_owner_died_before_its_program_began_the_next_attempt_goes_on_as_it_was_asked_to(
    tmp_path: Path, left: Place, placed: bool
) -> None:
    agent = FakeDialect()
    stage = again(tmp_path, left, agent, Starting(task=A, attempt=2))
    if placed:
        own = stage.folder.attempt(A, 2)
        own.mkdir(parents=True)
        (own / "place.json").write_bytes(to_json(left))
    stage.run()
    assert [(ended.attempt, ended.again) for ended in stage.ended()[1:]] == [(2, True), (3, False)]
    assert kept(stage, left) == ("a.txt",)
    job = stage.local.jobs[A, 3]
    assert job.invocation.cwd == left.cwd
    assert "and a test" in (stage.folder.attempt(A, 3) / "brief.md").read_text()


def test_an_attempt_that_never_began_costs_no_retry(tmp_path: Path) -> None:
    task = a_task("a", agent=FakeDialect(), writes=(), retries=1)
    first = Starting(task=A, attempt=1)
    stage = Stage(home=tmp_path, plan=a_plan(task), past=[first], local=Programs(default=Script(code=1)))
    stage.run()
    assert [(ended.attempt, ended.again) for ended in stage.ended()] == [(1, True), (2, True), (3, False)]


def test_where_no_folder_can_be_made_for_it_they_are_kept(tmp_path: Path, left: Place) -> None:
    stage = again(tmp_path, left, FakeDialect())
    stage.local.broken = True
    stage.run()
    assert stage.states() == {"a": "failed"}
    assert kept(stage, left) == ("a.txt",)
