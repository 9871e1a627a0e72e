"""A set-up that cannot even be started is its task's failure, never its owner's end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.setups import Setups, Site
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import CannotHere
from forkjoin.model import Failed, Outcome, Place, RunId, Task, TaskId


class Nobody:
    """A backend that nothing reaches, but for what is adopted."""

    def __init__(self) -> None:
        self.adopted: list[str] = []

    def adopt(self, folder: str, task: TaskId, attempt: int) -> None:
        self.adopted.append(folder)


def no_port() -> dict[str, str]:
    raise CannotHere("no free port")


@pytest.mark.parametrize("adopted", [False, True])
def test_without_a_port_for_its_command_the_task_fails(tmp_path: Path, adopted: bool) -> None:
    ends: list[Outcome] = []
    local: Any = Nobody()
    nothing: Any = None
    setups = Setups(
        folder=RunFolder(home=tmp_path, run=RunId("r")), workshop=nothing, local=local, workers=nothing, post=nothing,
        stopping={}, ready=nothing, failed=lambda _site, outcome, _said: ends.append(outcome),
    )  # fmt: skip
    task = Task(id=TaskId("a"), task="x", setup="true")
    place = Place(kind="clone", root=str(tmp_path), cwd=str(tmp_path), level="audited")
    site = Site(task=task, attempt=1, place=place, given=Given(), environ=no_port)
    if adopted:  # taking over what runs already needs none
        setups.adopt(site, "once")
        assert (len(local.adopted), setups.holds(("a", 1)), ends) == (1, True, [])
    else:
        setups.begin(site)
        assert ends == [Failed(kind="setup", reason="its set-up could not be started: no free port")]
