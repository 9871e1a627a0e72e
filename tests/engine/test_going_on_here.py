"""What keeps an owner from driving its run is said with the run, the place and what to do then."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from forkjoin.engine import launch, prepared, settings_from
from forkjoin.engine.folder import RunFolder, cannot_go_on
from forkjoin.errors import CannotHere, NoRoom
from forkjoin.model import Plan, RunId, Task


def test_a_lease_that_cannot_be_written_is_said_and_the_run_goes_on_later(repository: Path, home: Path) -> None:
    settings = settings_from({"FORKJOIN_HOME": str(home)}, repository)
    ready = prepared(Plan(tasks=(Task(id="a", shell="echo x", writes=()),)), settings=settings, tree=repository)
    with launch(ready, settings=settings) as run:
        in_the_way = run.folder / "lease.new"
        in_the_way.mkdir()
        with pytest.raises(CannotHere, match=f"run {run.id} cannot go on: {run.folder}.*forkjoin resume {run.id}"):
            run.drive()
        in_the_way.rmdir()
        assert run.drive().state == "completed"


def test_where_the_disk_is_full_room_is_asked_for(tmp_path: Path) -> None:
    error = cannot_go_on(RunFolder(home=tmp_path, run=RunId("r")), OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(error, NoRoom)
    assert str(error).endswith("No space left on device; make room, then: forkjoin resume r")
