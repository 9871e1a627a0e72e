"""A program that halts its own shim, or the nursery, escapes neither a stop nor its deadline."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from forkjoin.backends import Exited, Job, LocalBackend, Signal, local, stands_still
from forkjoin.model import Exit, Process, TaskId

pytestmark = pytest.mark.slow
SHIM = "$PPID"
NURSERY = "$(cut -d ' ' -f 4 /proc/$PPID/stat)"


class Attempts:
    """Attempts of one backend: how each ended, and the pid that its program halted."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ended = folder, dict[str, Exit | None]()
        self.backend = LocalBackend(run_folder=folder, detached=False, grace_s=2.0)

    def heard(self, signal: Signal) -> None:
        if isinstance(signal, Exited):
            self.ended[signal.task] = signal.exit

    def start(self, task: str, script: str, *, timeout: float) -> None:
        own, env = str(self.folder / task), {"PATH": os.environ["PATH"]}
        process = Process(argv=("sh", "-c", script), cwd=str(self.folder), env=env, timeout=timeout)
        self.backend.reserve(own)
        self.backend.start(Job(task=TaskId(task), attempt=1, invocation=process, folder=own))

    async def end(self, task: str) -> Exit:
        async with asyncio.timeout(30):
            while task not in self.ended:
                await asyncio.sleep(0.02)
        found = self.ended[task]
        assert found is not None
        return found

    async def halted(self) -> None:
        """Wait until what the program halts stands still."""
        async with asyncio.timeout(30):
            while not (self.folder / "pid").exists() or not stands_still(int((self.folder / "pid").read_text() or 0)):
                await asyncio.sleep(0.02)


def _halting(whom: str) -> str:
    return f"echo {whom} > new; mv new pid; kill -STOP {whom}; sleep 300"


@pytest.mark.parametrize("how", ["term", "kill"])
def test_a_shim_that_its_program_halted_is_stopped_all_the_same(tmp_path: Path, how: local.How) -> None:
    async def story() -> None:
        attempts = Attempts(tmp_path)
        await attempts.backend.open(attempts.heard)
        attempts.start("t", _halting(SHIM), timeout=60.0)
        await attempts.halted()
        attempts.backend.stop(TaskId("t"), 1, how=how, reason="enough")
        assert (await attempts.end("t")).how == "stopped"
        await attempts.backend.close()

    asyncio.run(story())


def test_a_halted_shim_holds_the_deadline_after_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "STILL_S", 0.3)

    async def story() -> None:
        attempts = Attempts(tmp_path)
        await attempts.backend.open(attempts.heard)
        attempts.start("t", _halting(SHIM), timeout=2.0)
        assert (await attempts.end("t")).how == "timeout"
        await attempts.backend.close()

    asyncio.run(story())


def test_a_halted_nursery_starts_the_next_one_after_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "STILL_S", 2.0)

    async def story() -> None:
        attempts = Attempts(tmp_path)
        await attempts.backend.open(attempts.heard)
        attempts.start("t", _halting(NURSERY), timeout=60.0)
        await attempts.halted()
        attempts.start("next", "exit 0", timeout=60.0)
        assert (await attempts.end("next")).code == 0
        attempts.backend.stop(TaskId("t"), 1, how="kill", reason="enough")
        await attempts.end("t")
        await attempts.backend.close()

    asyncio.run(story())
