"""What the process tests share: a room with a local backend, and a look at /proc from outside."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forkjoin.backends import Exited, Job, LocalBackend, Output, Signal, Spawned
from forkjoin.model import Exit, Process, TaskId

PATIENCE_S = 30.0


@dataclass(kw_only=True)
class Room:
    """A run folder with an open backend; `said` is all it said, in order."""

    folder: Path
    backend: LocalBackend
    said: list[Signal] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, signal: Signal) -> None:
        self.said.append(signal)
        self.news.set()

    def attempt_folder(self, task: str) -> str:
        return str(self.folder / "tasks" / task / "1")

    def start(self, *argv: str, task: str = "t", **options: Any) -> None:
        folder = self.attempt_folder(task)
        self.backend.reserve(folder)
        env = {"PATH": os.environ["PATH"], "FORKJOIN_TEST_ROOM": str(self.folder)} | options.pop("env", {})
        process = Process(argv=argv, cwd=options.pop("cwd", str(self.folder)), env=env, **options)
        self.backend.start(Job(task=TaskId(task), attempt=1, invocation=process, folder=folder))

    async def until(self, true: Callable[[], Any]) -> Any:
        """Wait until *true* gives something; it is asked after each signal, and twenty times a second."""
        limit = time.monotonic() + PATIENCE_S
        while not (found := true()):
            assert time.monotonic() < limit, f"waited too long; heard {self.said[-5:]}"
            self.news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), 0.05)
        return found

    def exited(self, task: str = "t") -> Exited | None:
        found = [one for one in self.said if isinstance(one, Exited) and one.task == task]
        assert len(found) <= 1, "an attempt exits once"
        return found[0] if found else None

    async def end(self, task: str = "t") -> Exited:
        return await self.until(lambda: self.exited(task))

    async def exit(self, task: str = "t") -> Exit:
        ended = (await self.end(task)).exit
        assert ended is not None, "it went without a record"
        return ended

    async def spawned(self, task: str = "t") -> Spawned:
        return await self.until(
            lambda: next((one for one in self.said if isinstance(one, Spawned) and one.task == task), None)
        )

    async def heard(self, text: bytes) -> None:
        """Wait until the attempts have said *text*."""
        await self.until(lambda: text in b"".join(one.data for one in self.said if isinstance(one, Output)))

    def living(self) -> dict[int, str]:
        """The processes that carry this room's mark in their environment, agents and theirs, not shims."""
        return living(self.folder)


def living(folder: Path) -> dict[int, str]:
    mark = b"FORKJOIN_TEST_ROOM=" + os.fsencode(folder) + b"\0"
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    )
            except OSError:
                continue
    return found


@asynccontextmanager
async def room(folder: Path, **options: Any) -> AsyncIterator[Room]:
    """Open a room; at its end everything in it is stopped and its nursery has left."""
    backend = LocalBackend(run_folder=folder, **{"detached": False, "lease_s": 2.0, "grace_s": 0.5, **options})
    made = Room(folder=folder, backend=backend)
    await backend.open(made.emit)
    try:
        yield made
    finally:
        for one in [one for one in made.said if isinstance(one, Spawned) and not made.exited(one.task)]:
            backend.stop(one.task, one.attempt, how="kill", reason="the test is over")
            await made.end(one.task)
        await backend.close()


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)
