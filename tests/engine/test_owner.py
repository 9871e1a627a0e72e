"""A run as the process that drives it holds it: what it looks back at, what it reads and joins once. No processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import forkjoin
from forkjoin.engine import api, prepared, settings_from, supervise
from forkjoin.engine import launch as engine_launch
from forkjoin.engine.driving import owning
from forkjoin.engine.driving.past import retry_waits
from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.engine.records import joining
from forkjoin.engine.records.noting import note
from forkjoin.engine.run import Run
from forkjoin.errors import CannotHere, JournalDamaged, RunClosed
from forkjoin.journal import SqliteJournal
from forkjoin.model import Plan, Recorded, RetryAsked, StopAsked, Task, TaskId


def _launched(tree: Path) -> Run:
    settings = settings_from(os.environ, tree)
    plan = Plan(tasks=(Task(id="f", function=lambda: "said"),))
    return engine_launch(prepared(plan, settings=settings, tree=tree), settings=settings)


@pytest.fixture
def late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of which a retry is asked when its driver looks at wishes no more."""
    run, drive = _launched(tmp_path), owning.drive

    def drive_and_ask(*args: Any, **more: Any) -> Any:
        driven = drive(*args, **more)
        note(run._folder.journal, [RetryAsked(task=TaskId("f"), force=True)])
        return driven

    monkeypatch.setattr(owning, "drive", drive_and_ask)
    return run


def _spawning(monkeypatch: pytest.MonkeyPatch, act: Callable[[RunFolder], None]) -> None:
    def spawn(folder: RunFolder, lock: OwnerLock) -> None:
        lock.release()
        act(folder)

    monkeypatch.setattr(supervise, "spawn", spawn)


def test_a_retry_that_comes_last_is_taken_up_also_where_the_run_was_closed_meanwhile(
    late: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    _spawning(monkeypatch, lambda folder: (late.close(), asked.append(folder.run))[1])
    monkeypatch.setattr(late, "_leave", lambda *_: late.close())
    with pytest.raises(RunClosed):  # of what `drive` returns: who closed the run reads it no more
        late.drive()
    assert asked == [late.id]


def test_that_a_run_cannot_be_taken_up_again_is_said(late: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: RunFolder) -> None:
        raise CannotHere("no process can be made")

    _spawning(monkeypatch, full)
    with pytest.raises(CannotHere, match="no process can be made"):
        late.drive()


def test_a_thread_that_nobody_reads_says_what_fails_but_not_that_the_run_was_closed(tmp_path: Path) -> None:
    class Failing:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def drive(self, *, on_event: object) -> None:
            raise self.error

    api._drive_unread(Failing(RunClosed("closed")), None)  # type: ignore[arg-type]
    with pytest.raises(CannotHere, match="no process"):
        api._drive_unread(Failing(CannotHere("no process")), None)  # type: ignore[arg-type]


def test_of_a_run_that_was_removed_nobody_asks_a_retry_and_a_damaged_one_is_said(tmp_path: Path) -> None:
    folder = RunFolder(home=tmp_path, run=_launched(tmp_path).id)
    assert not retry_waits(folder, 0)
    folder.path.mkdir(parents=True)
    folder.journal.write_text("no journal")
    with pytest.raises(JournalDamaged):
        retry_waits(folder, 0)


def test_a_watcher_of_a_closed_run_hears_no_more(tmp_path: Path) -> None:
    run, heard = _launched(tmp_path), list[Recorded]()
    with pytest.raises(RunClosed):  # of what `drive` returns; the run itself is over
        run.drive(on_event=lambda one: (heard.append(one), run.close())[0])
    assert heard
    assert forkjoin.attach(run.id).view().state == "completed"


def test_what_was_read_before_is_neither_read_nor_added_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, read, since = _launched(tmp_path), SqliteJournal.read, list[int]()

    def noted(journal: SqliteJournal, after: int = 0) -> Iterator[Recorded]:
        since.append(after)
        return read(journal, after)

    run.own()
    run.view()
    monkeypatch.setattr(SqliteJournal, "read", noted)
    assert run.drive().state == "completed"
    assert since
    assert 0 not in since


def test_a_run_is_joined_once_and_its_report_is_the_one_that_any_process_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _launched(tmp_path)
    run.drive()
    other = forkjoin.attach(run.id).report()

    def joined_again(*_: object, **more: object) -> None:
        raise RuntimeError("joined again")

    monkeypatch.setattr(joining, "report_of", joined_again)
    assert run.report() == other
    assert run.report() is run.report()
    note(run._folder.journal, [StopAsked(task=TaskId("f"), reason="", how="term")])
    with pytest.raises(RuntimeError, match="joined again"):  # something happened: it may be another now
        run.report()
