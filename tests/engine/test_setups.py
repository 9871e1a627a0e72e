"""A set-up that cannot even be started is its task's failure, never its owner's end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from engine.driving import Programs, Stage

from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.setups import Setups, Site
from forkjoin.engine.driving.drive import Driven
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import CannotHere
from forkjoin.model import Base, Failed, Outcome, Place, RunId, Task, TaskId
from forkjoin.testing import FakeDialect, a_plan, a_task
from forkjoin.workspaces import Workspaces


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


def test_a_run_can_be_left_while_the_second_of_two_set_ups_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(kind="clone", root=str(tmp_path), cwd=str(tmp_path), base="0" * 40)
    monkeypatch.setattr(Workspaces, "take_base", lambda *_, **__: Base(kind="head", commit="0" * 40))
    monkeypatch.setattr(Workspaces, "open", lambda *_, **__: place)
    monkeypatch.setattr(Workspaces, "open_once", lambda *_, **__: (place, False))
    for name in ("finish_once", "fill", "note_set_up"):
        monkeypatch.setattr(Workspaces, name, lambda *_, **__: None)
    task = a_task("a", agent=FakeDialect(), setup_once="install", setup="configure")
    stage = Stage(home=tmp_path, plan=a_plan(task), local=Programs(by_hand=True))

    async def story() -> Driven:
        driver = stage.driver()
        driving = asyncio.create_task(driver.drive())

        async def begun(phase: str) -> None:
            limit = asyncio.get_running_loop().time() + 20
            while not any(job.folder.endswith(f"/{phase}") for job in stage.local.jobs.values()):
                assert asyncio.get_running_loop().time() < limit
                await asyncio.sleep(0.005)

        await begun("once")
        stage.local.advance()
        await begun("setup")
        driver.hand_over()
        return await asyncio.wait_for(driving, 5)

    assert asyncio.run(story()).handed_over
