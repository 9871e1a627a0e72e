"""A run as callers hold it: reading, waiting, wishing, removing. Functions for tasks: no process is started."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

import forkjoin
from forkjoin.engine import launch as engine_launch
from forkjoin.engine import prepared, runs, settings_from, supervise
from forkjoin.engine.driving import owning
from forkjoin.engine.folder import OwnerLock, RunFolder, owned
from forkjoin.engine.run import Run
from forkjoin.errors import CannotHere, JournalDamaged, NoRoom, PlanError, RunOwned, UnknownId
from forkjoin.journal import SqliteJournal
from forkjoin.model import (
    Change,
    Changes,
    Closed,
    Completed,
    Ended,
    Event,
    Failed,
    Lost,
    Place,
    Plan,
    RetryAsked,
    Running,
    Starting,
    StopAsked,
    Task,
    TaskId,
)
from forkjoin.testing import FakeDialect, a_task


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Supervisors that were asked for; none is started."""
    asked: list[str] = []

    def spawn(folder: RunFolder, lock: OwnerLock) -> None:
        asked.append(folder.run)
        lock.release()

    monkeypatch.setattr(supervise, "spawn", spawn)
    return asked


def _launched(tree: Path, *tasks: Task) -> Run:
    """Return a run that nobody drives."""
    settings = settings_from(os.environ, tree)
    return engine_launch(prepared(Plan(tasks=tasks), settings=settings, tree=tree), settings=settings)


def _orphan(tree: Path, *events: Event, tasks: tuple[Task, ...] = ()) -> Run:
    """Return a run whose owner is gone, with what it had journaled."""
    run = _launched(tree, *(tasks or (Task(id="a", command=["true"], writes=()),)))
    journal = SqliteJournal.open(run.folder / "journal.db")
    journal.append(events, at=2.0)
    journal.commit()
    journal.close()
    assert run._lock is not None
    run._lock.release()
    return run


def _ended(task: str = "a", **more: Any) -> Ended:
    return Ended(**{"task": TaskId(task), "attempt": 1, "outcome": Completed(), **more})


def test_a_run_is_driven_once_and_read_for_ever(tmp_path: Path) -> None:
    run = _launched(tmp_path, Task(id="f", function=lambda: "said"))
    seen: list[Any] = []
    assert run.drive(on_event=seen.append).state == "completed"
    assert [recorded.seq for recorded in seen] == list(range(1, len(seen) + 1))
    assert isinstance(seen[-1].event, Closed)
    assert (run.output("f").text, run.output("1", offset=2).text) == ("said", "id")
    assert run.output("f", max_chars=0).next_offset == 1
    assert [todo.status for todo in run.todo()] == ["completed", "completed"]
    assert run.result()["f"].answer == "said"
    assert run.result_parts().before["forkjoin"] == 1
    assert run.report_json()["forkjoin"] == 1
    assert run.report_text().startswith("# ")
    assert run.summary_lines()
    assert run.severity_count("info") == 0
    assert run.account().wall_s >= 0
    assert (run.diff("f"), run.brief("f"), run.log("f"), run.tasks) == (b"", "", "", ("f",))
    assert list(run.follow())[-1] == run.events()[-1]
    with pytest.raises(UnknownId, match="workspace"):
        run.path("f")


def test_a_lock_is_used_for_one_drive_only(tmp_path: Path) -> None:
    """A second drive must take it anew: else two owners could drive one run."""
    run = _launched(tmp_path, Task(id="f", function=lambda: "said"))
    run.drive()
    other = OwnerLock.take(RunFolder(home=run.folder.parents[1], run=run.id))
    with pytest.raises(RunOwned):
        run.drive()
    other.release()
    assert run.drive().state == "completed"


def test_a_closed_handle_says_so_and_a_forgotten_one_closes_its_journal(tmp_path: Path) -> None:
    with _launched(tmp_path, Task(id="f", function=print)) as run:
        assert run.view().state == "queued"
    run.close()
    with pytest.raises(CannotHere, match="closed"):
        run.events()
    folder, before = run._folder, _open_files()
    for _ in range(20):
        Run(folder)
    assert _open_files() <= before + 2


def _open_files() -> int:
    here = Path("/proc/self/fd")
    return len(list(here.iterdir())) if here.is_dir() else 0


def test_a_journal_without_a_plan_is_named_and_no_file_stays_open(tmp_path: Path) -> None:
    folder = RunFolder(home=tmp_path, run=_launched(tmp_path, Task(id="f", function=print)).id)
    folder.path.mkdir(parents=True)
    SqliteJournal.create(folder.journal).close()
    with pytest.raises(JournalDamaged, match="does not begin with a plan"):
        Run(folder)


def test_a_view_is_read_from_many_threads_at_once(tmp_path: Path) -> None:
    run = _orphan(tmp_path, *(StopAsked(task=TaskId("a"), reason=str(n)) for n in range(200)))
    views: list[int] = []
    threads = [threading.Thread(target=lambda: views.append(run.view().seq)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert views == [201] * 8


def test_a_view_without_news_is_not_made_again(tmp_path: Path) -> None:
    run = _orphan(tmp_path)
    assert run.view() is run.view()


# -- waiting


def test_waiting_for_a_run_without_an_owner_takes_it_up_three_times_at_most(tmp_path: Path, spawned: list[str]) -> None:
    run = _orphan(tmp_path)
    with pytest.raises(CannotHere, match=r"supervisor\.log"):
        run.wait()
    assert len(spawned) == 3


def test_waiting_outlives_any_number_of_owners_that_each_did_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _orphan(tmp_path)
    deaths = 7

    def spawn(folder: RunFolder, lock: OwnerLock) -> None:
        nonlocal deaths
        deaths -= 1
        journal = SqliteJournal.open(folder.journal)
        journal.append([Running(task=TaskId("a"), attempt=1) if deaths else _ended()], at=1.0)
        journal.commit()
        journal.close()
        lock.release()

    monkeypatch.setattr(supervise, "spawn", spawn)
    assert run.wait(tasks=["a"]).tasks[0].state == "completed"
    assert deaths == 0


def test_what_is_not_ready_in_time_says_so(tmp_path: Path) -> None:
    run = _launched(tmp_path, Task(id="f", function=print))
    with pytest.raises(NoRoom, match="not ready after 0 s"):
        run.wait(timeout=0)
    assert run.output("f", timeout=0).status == "not_ready"
    assert run.output("f", timeout=0.001).status == "timeout"


def test_an_unknown_task_lists_the_known(tmp_path: Path) -> None:
    run = _launched(tmp_path, Task(id="f", function=print))
    assert repr(run) == f"Run('{run.id}')"
    assert run.task(f"{run.id}/f").id == run.task("1").id == "f"
    with pytest.raises(UnknownId, match=r"known: f \("):
        run.wait(tasks=["nope"])


# -- wishes


def test_a_stop_of_a_run_without_an_owner_takes_it_up(tmp_path: Path, spawned: list[str]) -> None:
    run = _orphan(tmp_path)
    assert [task.id for task in run.stop(reason="enough")] == ["a"]
    assert run.stop(["a"], reason="more", how="kill")[0].state == "queued"
    assert [type(one.event) for one in run.events(1)] == [StopAsked, StopAsked]
    assert spawned == [run.id, run.id]


def test_a_stop_that_finds_no_room_is_told_the_driver_of_this_process_or_said_to_have_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Told:
        wishes: ClassVar[list[StopAsked]] = []

        def wish(self, events: Sequence[StopAsked]) -> None:
            self.wishes.extend(events)

    def full(_: object) -> None:
        raise NoRoom("the disk takes no more")

    run = _launched(tmp_path, Task(id="f", function=print))
    monkeypatch.setattr(SqliteJournal, "commit", full)
    (run.folder / "wishes").unlink()  # as runs of earlier versions have none
    with pytest.raises(NoRoom, match="found no room, and nothing was stopped"):
        run.stop(reason="enough")
    monkeypatch.setattr(run, "_driver", Told())
    run.stop(reason="enough", how="kill")
    assert Told.wishes == [StopAsked(task=TaskId(""), reason="enough", how="kill")]


def test_a_wish_for_a_run_that_was_removed_meanwhile_says_so(tmp_path: Path) -> None:
    run = _orphan(tmp_path, _ended())
    for file in run.folder.glob("journal.db*"):
        file.unlink()
    with pytest.raises(UnknownId, match="removed meanwhile"):
        run.retry(["a"], force=True)


def test_a_stop_of_what_has_ended_asks_nothing(tmp_path: Path, spawned: list[str]) -> None:
    run = _orphan(tmp_path, _ended(), Closed(state="completed"))
    run.stop(reason="late")
    assert (len(run.events()), spawned) == (3, [])


@pytest.mark.parametrize(
    ("events", "said"),
    [((), "it is queued"), ((_ended(),), "it has completed")],
)
def test_a_retry_is_refused_with_its_reason(tmp_path: Path, events: tuple[Event, ...], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        _orphan(tmp_path, *events).retry(["a"])


def test_a_function_is_not_retried_from_the_journal(tmp_path: Path) -> None:
    run = _launched(tmp_path, Task(id="f", function=lambda: 1 / 0))
    run.drive()
    with pytest.raises(PlanError, match="function"):
        run.retry(["f"])


def test_a_retry_asked_while_the_owner_no_longer_looks_is_taken_up_by_it(tmp_path: Path, spawned: list[str]) -> None:
    """Whoever asked found the run owned; the owner looks once more when it has let go."""
    run = _launched(tmp_path, Task(id="f", function=lambda: "said"))
    asked: list[str] = []

    def ask(recorded: Any) -> None:
        if isinstance(recorded.event, Closed) and not asked:
            asked.append("once")
            run._write([RetryAsked(task=TaskId("f"), force=True)])

    run.drive(on_event=ask)
    assert spawned == [run.id]


def test_a_run_with_an_object_of_this_process_cannot_be_left_or_detached(tmp_path: Path) -> None:
    run = _launched(tmp_path, a_task(agent=FakeDialect(), writes=()))
    with pytest.raises(PlanError, match="cannot be left"):
        run.hand_over()
    settings = settings_from(os.environ, tmp_path)
    ready = prepared(Plan(tasks=[a_task(agent=FakeDialect(), writes=())]), settings=settings, tree=tmp_path)
    with pytest.raises(PlanError, match="without detaching"):
        engine_launch(ready, settings=settings, detached=True)


def test_a_supervisor_that_cannot_be_started_leaves_the_run_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _orphan(tmp_path)
    monkeypatch.setattr(supervise, "OWNER_LOG", "no/such/folder")
    with pytest.raises(CannotHere, match="try again"):
        run.resume()
    assert not run.owned()


def test_the_supervisor_drives_and_goes_on_where_a_retry_was_asked_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _orphan(tmp_path, Ended(task=TaskId("a"), attempt=1, outcome=Failed(kind="exit", reason="no")))
    lock = OwnerLock.take(run._folder)
    driven: list[int] = []

    def drive(folder: RunFolder, *, attached: bool) -> Any:
        assert owned(folder)
        assert not attached
        driven.append(1)
        if len(driven) == 1:
            seen = len(run.events())
            run._write([RetryAsked(task=TaskId("a"))])
        else:
            seen = len(run.events())
        return forkjoin.engine.driving.drive.Driven(handed_over=False, seen=seen)

    monkeypatch.setattr(owning, "drive", drive)
    monkeypatch.setattr(os, "chdir", lambda _: None)
    monkeypatch.setattr("sys.argv", ["", str(run._folder.home), run.id, str(os.dup(lock.descriptor))])
    lock.release()
    assert supervise.main() == 0
    assert len(driven) == 2
    assert not run.owned()


# -- launching and listing


def test_a_launch_that_finds_no_room_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def full(_: object) -> None:
        raise NoRoom("full")

    monkeypatch.setattr(SqliteJournal, "create", full)
    with pytest.raises(NoRoom):
        _launched(tmp_path, Task(id="f", function=print))
    assert list((home / "runs").iterdir()) == []


def test_runs_are_listed_for_their_tree_newest_first_and_damaged_ones_passed_over(tmp_path: Path, home: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    first = _launched(one, Task(id="f", function=print))
    _launched(other, Task(id="f", function=print))
    (home / "runs" / "zzzz").mkdir()
    (home / "runs" / "zzzz" / "journal.db").write_text("no journal")
    settings = settings_from(os.environ, one)
    assert [view.run for view in runs(settings, tree=one)] == [first.id]
    assert (len(runs(settings)), len(runs(settings, limit=1)), runs(settings, limit=0)) == (2, 1, [])
    assert forkjoin.attach(tree=one).id == first.id
    assert forkjoin.attach(first.id).id == first.id
    with pytest.raises(UnknownId, match="latest"):
        forkjoin.attach(tree=tmp_path)


# -- removal


def _changed(run: Run, task: str = "a", attempt: int = 1) -> Ended:
    own = run._folder.attempt(TaskId(task), attempt)
    own.mkdir(parents=True, exist_ok=True)
    (own / "changes.patch").write_text(f"patch {attempt}")
    files = (Change(path="x.py", how="modified", insertions=3, deletions=1),)
    patch = f"tasks/{task}/{attempt}/changes.patch"
    return _ended(task, attempt=attempt, changes=Changes(files=files, commit="c", patch=patch), again=attempt == 1)


def test_a_run_goes_with_everything_of_it(tmp_path: Path, home: Path) -> None:
    run = _orphan(tmp_path, _ended(), Closed(state="completed"))
    locked = run.folder / "tasks" / "a" / "deep"
    locked.mkdir(parents=True)
    (locked / "file").touch()
    locked.chmod(0o500)
    removed = run.remove()
    assert (removed.run, removed.changes, removed.kept) == (run.id, (), "")
    assert not run.folder.exists()


def test_changes_of_every_attempt_are_named_first_and_their_patches_kept(tmp_path: Path, home: Path) -> None:
    run = _orphan(tmp_path)
    journal = SqliteJournal.open(run.folder / "journal.db")
    late = _changed(run, attempt=2)
    late = replace(late, changes=replace(late.changes, notes=("too big for a patch: x.bin",)))
    journal.append([_changed(run), late, Closed(state="completed")], at=3.0)
    journal.commit()
    journal.close()
    with pytest.raises(PlanError, match=r"a: x\.py \(\+3 -1\).*--discard"):
        run.remove()
    assert run.folder.exists()
    old = home / "discarded" / "old"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    removed = run.remove(discard=True)
    assert len(removed.changes) == 2
    assert removed.changes[1].endswith("; too big for a patch: x.bin")
    assert {path.name: path.read_text() for path in Path(removed.kept).iterdir()} == {
        "a-1.patch": "patch 1",
        "a.patch": "patch 2",
    }
    assert not old.exists()


def test_nothing_goes_where_a_patch_cannot_be_kept(tmp_path: Path, home: Path) -> None:
    run = _orphan(tmp_path)
    journal = SqliteJournal.open(run.folder / "journal.db")
    journal.append([_changed(run), Closed(state="completed")], at=3.0)
    journal.commit()
    journal.close()
    (run.folder / "tasks" / "a" / "1" / "changes.patch").unlink()
    with pytest.raises(CannotHere, match="nothing was deleted"):
        run.remove(discard=True)
    assert run.folder.exists()


def test_a_run_that_somebody_owns_is_not_removed(tmp_path: Path) -> None:
    with pytest.raises(RunOwned, match="stop it first"):
        _launched(tmp_path, Task(id="f", function=print)).remove()


def test_what_was_cut_before_its_harvest_is_not_removed_unnamed(tmp_path: Path) -> None:
    place = Place(kind="clone", root="/x", cwd="/x")
    begun = (Starting(task=TaskId("a"), attempt=1), Running(task=TaskId("a"), attempt=1, place=place))
    run = _orphan(tmp_path, *begun)
    with pytest.raises(PlanError, match="a did not end yet"):
        run.remove()
    assert "not harvested" in run.remove(discard=True).changes[0]


def test_what_the_machine_went_down_with_is_not_removed_unnamed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    place = Place(kind="clone", root=str(left), cwd=str(left))
    lost = Ended(task=TaskId("a"), attempt=1, outcome=Lost(reason="the machine went down"), place=place)
    run = _orphan(tmp_path, Starting(task=TaskId("a"), attempt=1), lost, Closed(state="failed"))
    with pytest.raises(PlanError, match=f"a: was not harvested; what is left of its work lies in {left}"):
        run.remove()
    assert "not harvested" in run.remove(discard=True).changes[0]


def test_a_run_of_which_something_still_lives_is_not_removed_at_all(tmp_path: Path) -> None:
    run = _orphan(tmp_path, Starting(task=TaskId("a"), attempt=1))
    own = run._folder.attempt(TaskId("a"), 1)
    with _Locked(own), pytest.raises(PlanError, match="stop it first"):
        run.remove(discard=True)
    assert run.folder.exists()


class _Locked:
    def __init__(self, own: Path) -> None:
        own.mkdir(parents=True)
        self._fd = os.open(own / "lock", os.O_RDWR | os.O_CREAT)

    def __enter__(self) -> None:
        import fcntl

        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def test_a_removal_outlives_its_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    run = _orphan(tree, _ended(), Closed(state="completed"))
    tree.rmdir()
    run.remove()
    assert not run.folder.exists()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() <= before
