"""A journal whose end was lost, as with a WAL that was not copied: what had begun is collected, never run again."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from forkjoin.engine import launch, prepared, settings_from
from forkjoin.engine.driving.forgotten import forgotten
from forkjoin.engine.folder import RunFolder
from forkjoin.engine.run import Run
from forkjoin.errors import PlanError
from forkjoin.journal import SqliteJournal
from forkjoin.model import Completed, Ended, Failed, Plan, RetryAsked, RunId, Starting, Task, TaskId

A, B = TaskId("a"), TaskId("b")
FAILED = Failed(kind="agent", reason="no")


def _cut(run: Run, *, after: int) -> Run:
    """Return the run with no more than its first *after* events in the journal."""
    events = [recorded.event for recorded in run.events()[:after]]
    folder = RunFolder(home=run.folder.parent.parent, run=run.id)
    run.close()
    for path in run.folder.glob("journal.db*"):
        path.unlink()
    with_less = SqliteJournal.create(folder.journal)
    with_less.append(events, at=1.0)
    with_less.commit()
    with_less.close()
    return Run(folder)


def test_what_the_journal_forgot_is_collected_and_not_paid_twice(repository: Path, home: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    plan = Plan(
        tasks=(
            Task(id="writer", shell=f"echo writer >> {ran}; echo new > new.txt", writes=("new.txt",)),
            Task(id="reader", shell=f"echo reader >> {ran}; echo seen", writes=()),
        )
    )
    settings = settings_from({"FORKJOIN_HOME": str(home)}, repository)
    run = launch(prepared(plan, settings=settings, tree=repository), settings=settings)
    run.drive()
    run = _cut(run, after=1)
    assert run.left().said == "2 ended meanwhile"
    with pytest.raises(PlanError, match="writer, reader did not end yet"):
        run.remove()
    view = run.drive()
    assert [(task.state, task.why) for task in view.tasks] == [("completed", "")] * 2
    assert [file.path for file in view.tasks[0].changes.files] == ["new.txt"]
    assert run.output("reader").text.strip() == "seen"
    assert sorted(ran.read_text().split()) == ["reader", "writer"]


def _begun(folder: RunFolder, task: TaskId, *numbers: int) -> None:
    for number in numbers:
        own = folder.attempt(task, number)
        own.mkdir(parents=True)
        (own / "lock").write_text("1 2 boot")


def test_only_attempts_that_the_journal_does_not_wait_for_are_looked_for(tmp_path: Path) -> None:
    folder = RunFolder(home=tmp_path, run=RunId("r"))
    plan = Plan(tasks=(Task(id="a", shell="x"), Task(id="b", shell="x")))
    start, again = Starting(task=A, attempt=1), Ended(task=A, attempt=1, outcome=FAILED, again=True)
    done = Ended(task=A, attempt=1, outcome=Completed())
    assert list(forgotten([], plan, folder)) == []
    _begun(folder, A, 1, 2)
    (folder.attempt(B, 1)).mkdir(parents=True)
    (folder.attempt(B, 1) / "lock").touch()  # reserved, and no program of it ever ran
    second = Starting(task=A, attempt=2)
    assert list(forgotten([], plan, folder)) == [start, second]
    assert list(forgotten([start], plan, folder)) == []
    assert list(forgotten([start, done], plan, folder)) == []
    assert list(forgotten([start, again], plan, folder)) == [second]
    assert list(forgotten([start, done, RetryAsked(task=A)], plan, folder)) == [second]


def test_of_several_forgotten_attempts_the_last_is_the_one_that_may_live(repository: Path, home: Path) -> None:
    settings = settings_from({"FORKJOIN_HOME": str(home)}, repository)
    plan = Plan(tasks=(Task(id="a", shell="x", writes=(), retries=3),))
    with launch(prepared(plan, settings=settings, tree=repository), settings=settings) as run:
        run._owning().release()
        folder = RunFolder(home=home, run=run.id)
        _begun(folder, A, 1, 2)
        with (folder.attempt(A, 2) / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert run.left().said == "1 still running"
            with pytest.raises(PlanError, match="a did not end yet"):
                run.unlanded(discard=True)
        assert run.left().said == "1 lost"
