"""A state folder that lies in the tree itself is no part of what tasks start from, nor of what is looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forkjoin.engine import launch, prepared, review_prepared, settings_from
from forkjoin.model import BaseTaken, Plan, Task
from forkjoin.sources import read_tree


@pytest.mark.parametrize("outside_git", [False, True], ids=["git", "no git"])
@pytest.mark.parametrize("place", [".state", "sub/a place"])
def test_a_workspace_holds_no_journals(repository: Path, outside_git: bool, place: str) -> None:
    if outside_git:
        shutil.rmtree(repository / ".git")
    (repository / "sub").mkdir(exist_ok=True)
    (repository / "sub" / "own.txt").write_text("the user's\n")
    home = repository / place
    settings = settings_from({"FORKJOIN_HOME": str(home)}, repository)
    before = {path.name for path in repository.iterdir() if path.name not in (".git", ".state")}
    notes, files = set(), set()
    for _ in range(2):
        task = Task(id="writer", shell="ls -A | grep -v '^.git$'; ls -A sub; echo new > new.txt")
        ready = prepared(Plan(tasks=(task,)), settings=settings, tree=repository)
        files.add(ready.tree.files)
        with launch(ready, settings=settings) as run:
            assert run.drive().state == "completed"
            assert set(run.output("writer").text.split()) == before | {"own.txt"}
            notes |= {one.event.base.note for one in run.events() if isinstance(one.event, BaseTaken)}
            assert [change.path for change in run.task("writer").changes.files] == ["new.txt"]
    assert (len(notes), len(files)) == (1, 1), notes
    assert not [name for name in review_prepared(repository, settings=settings).tree.files if "journal.db" in name]


def test_only_what_lies_in_that_folder_is_left_out(tmp_path: Path) -> None:
    for name in ("state/journal.db", "state.txt", "stateful/a", "b"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert read_tree(tmp_path, without=tmp_path / "state").files == ("b", "state.txt", "stateful/a")
    for elsewhere in (tmp_path, tmp_path.parent, tmp_path / "not there"):
        assert len(read_tree(tmp_path, without=elsewhere).files) == 4
