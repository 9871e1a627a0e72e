"""A tree of processes that stands still for a time: all of it, while no deadline runs, and never for good."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from forkjoin.backends import Exited, Job, LocalBackend, Signal
from forkjoin.backends.processes import Stat, descendants, stat
from forkjoin.model import Exit, Process, TaskId

pytestmark = pytest.mark.slow
T = TaskId("t")


class Attempt:
    """One attempt of a shell line, whose tree may be looked at."""

    def __init__(self, folder: Path, script: str, *, timeout: float) -> None:
        self.folder, self.ended = folder, list[Exit | None]()
        self.backend = LocalBackend(run_folder=folder, detached=False, grace_s=5.0, lease_s=60.0)
        env = {"PATH": os.environ["PATH"]}
        self.process = Process(argv=("sh", "-c", script), cwd=str(folder), env=env, timeout=timeout)
        self.shim = 0

    def heard(self, signal: Signal) -> None:
        if isinstance(signal, Exited):
            self.ended.append(signal.exit)
        else:
            self.shim = getattr(signal, "pid", self.shim)

    async def begin(self) -> None:
        await self.backend.open(self.heard)
        self.backend.reserve(str(self.folder / "t"))
        self.backend.start(Job(task=T, attempt=1, invocation=self.process, folder=str(self.folder / "t")))
        await until(lambda: (self.folder / "begun").exists() and bool(self.shim))

    def tree(self) -> list[Stat]:
        return descendants(self.shim)

    def stands(self) -> bool:
        """Whether nothing runs. D: it waits for a child that was stopped between vfork and exec."""
        return bool(self.tree()) and all(one.state in (b"T", b"D", b"Z") for one in self.tree())


async def until(true: Callable[[], bool]) -> None:
    for _ in range(1500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


TREE = (
    "(setsid sh -c 'while :; do sleep 0.05; done' &) ; sleep 0.1; touch begun; while [ ! -e go ]; do sleep 0.05; done"
)


def test_all_of_it_stands_and_its_deadline_with_it(tmp_path: Path) -> None:
    async def story() -> None:
        attempt = Attempt(tmp_path, TREE, timeout=6.0)
        await attempt.begin()
        attempt.backend.halt(T, 1, on=True)
        await until(attempt.stands)
        assert len(attempt.tree()) >= 3  # the daemon in a session of its own too
        await asyncio.sleep(7.0)
        assert attempt.stands()
        assert attempt.ended == []
        (tmp_path / "go").touch()
        attempt.backend.halt(T, 1, on=False)
        await until(lambda: bool(attempt.ended))
        await attempt.backend.close()
        (ended,) = attempt.ended
        assert ended is not None
        assert (ended.how, ended.code) == ("exited", 0)

    asyncio.run(story())


def test_one_that_stands_can_be_asked_to_end_and_goes_on_without_its_owner(tmp_path: Path) -> None:
    async def story(folder: Path, *, leave: bool) -> Attempt:
        folder.mkdir()
        attempt = Attempt(folder, f"trap 'touch asked; exit 3' TERM; {TREE}", timeout=60.0)
        await attempt.begin()
        attempt.backend.halt(T, 1, on=True)
        await until(attempt.stands)
        if leave:
            await attempt.backend.close()
            await until(lambda: not any(one.state == b"T" for one in attempt.tree()))
            other = Attempt(folder, "", timeout=1.0)
            await other.backend.open(other.heard)
            other.backend.adopt(str(folder / "t"), T, 1)
            other.backend.stop(T, 1, how="term", reason="")
            attempt = other
        else:
            attempt.backend.stop(T, 1, how="term", reason="")
        await until(lambda: bool(attempt.ended))
        await attempt.backend.close()
        return attempt

    for leave in (False, True):
        attempt = asyncio.run(story(tmp_path / str(leave), leave=leave))
        (ended,) = attempt.ended
        assert ended is not None
        assert (ended.how, ended.code) == ("stopped", 3)
        assert (attempt.folder / "asked").exists()
        assert stat(attempt.shim) is None or not attempt.tree()
