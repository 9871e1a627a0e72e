"""After a reboot: what an attempt had done is kept as salvage, named, and landed only where somebody accepts it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from forkjoin.engine import launch, prepared, settings_from
from forkjoin.engine.run import Run
from forkjoin.errors import PlanError
from forkjoin.journal import SqliteJournal
from forkjoin.model import BaseTaken, Closed, Ended, Lost, Owned, Place, Plan, Running, Starting, Task, TaskId
from forkjoin.sources import read_tree
from forkjoin.workspaces import Workspaces


def went_down(tree: Path, home: Path, work: Callable[[Path], object]) -> tuple[Run, Place]:
    """Drive a run whose one attempt had done *work* when the machine went down under it and its owner."""
    task = Task(id="half", shell="echo again; exit 1", isolation="worktree")
    settings = settings_from({"FORKJOIN_HOME": str(home)}, tree)
    run = launch(prepared(Plan(tasks=(task,)), settings=settings, tree=tree), settings=settings)
    rooms = Workspaces(run.id, run.folder, home, read_tree(tree))
    base = rooms.take_base()
    run._folder.attempt(TaskId("half"), 1).mkdir(parents=True)
    place = rooms.open(task, 1, base=base)
    work(Path(place.root))
    journal = SqliteJournal.open(run.folder / "journal.db")
    begun = (
        Owned(pid=1, start=1, boot="an earlier one", attached=True), BaseTaken(base=base),
        Starting(task=TaskId("half"), attempt=1), Running(task=TaskId("half"), attempt=1, place=place),
    )  # fmt: skip
    journal.append(begun, at=2.0)
    journal.commit()
    journal.close()
    run.drive()
    return run, place


def test_what_was_left_of_its_work_is_kept_and_not_landed_unasked(repository: Path, home: Path) -> None:
    run, place = went_down(repository, home, lambda root: (root / "half.txt").write_text("half\n"))
    task = run.view().tasks[0]
    assert (task.state, [file.path for file in task.changes.files]) == ("lost", ["half.txt"])
    assert "kept; files that were not on the disk yet are missing, empty or old" in task.why
    assert Path(place.root).is_dir()
    with pytest.raises(PlanError, match=r"half: half\.txt \(\+1 -0\)"):
        run.remove()
    kept = run.remove(discard=True).kept
    assert "+half" in Path(kept, "half.patch").read_text()


def test_where_nothing_was_done_nothing_is_left(repository: Path, home: Path) -> None:
    run, place = went_down(repository, home, lambda _: None)
    assert run.view().tasks[0].why == "the machine went down before its result was kept"
    assert not Path(place.root).exists()
    assert run.remove().changes == ()


def test_what_cannot_be_taken_is_named_with_its_place(repository: Path, home: Path) -> None:
    def torn(root: Path) -> None:
        (root / "half.txt").write_text("half\n")
        shutil.rmtree(home / "runs" / root.parent.parent.name / "tasks/half/1/workspace")

    run, place = went_down(repository, home, torn)
    assert f"what is left of its work lies in {place.root}" in run.view().tasks[0].why
    assert [type(one.event.outcome) for one in run.events() if isinstance(one.event, Ended)] == [Lost]
    assert isinstance(run.events()[-1].event, Closed)
    with pytest.raises(PlanError, match=r"half: was not harvested"):
        run.remove()
