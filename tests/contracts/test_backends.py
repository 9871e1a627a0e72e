"""One exam for everything that runs attempts: the double of `forkjoin.testing` and the real ones."""

from __future__ import annotations

import asyncio
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from forkjoin.backends import Backend, Exited, InProcessBackend, Job, LocalBackend, Signal, Spawned
from forkjoin.model import Call, Exit, Invocation, Process, TaskId
from forkjoin.testing import Script, ScriptedBackend

T = TaskId("t")


class Candidate(ABC):
    """A backend, and how to ask it for work that ends well, ends badly, or goes on."""

    backend: Backend

    def folder(self, task: str) -> str:
        return ""

    @abstractmethod
    def good(self) -> Invocation: ...

    @abstractmethod
    def bad(self) -> Invocation: ...

    @abstractmethod
    def endless(self, *, timeout: float = 60.0) -> Invocation: ...


class Local(Candidate):
    def __init__(self, folder: Path) -> None:
        self.run_folder = folder
        self.backend = LocalBackend(run_folder=folder, detached=False, grace_s=0.5)

    def folder(self, task: str) -> str:
        return str(self.run_folder / task)

    def process(self, script: str, timeout: float = 60.0) -> Process:
        env = {"PATH": os.environ["PATH"]}
        return Process(argv=("sh", "-c", script), cwd=str(self.run_folder), env=env, timeout=timeout)

    def good(self) -> Process:
        return self.process("exit 0")

    def bad(self) -> Process:
        return self.process("exit 1")

    def endless(self, *, timeout: float = 60.0) -> Process:
        return self.process("sleep 300", timeout)


class Coroutines(Candidate):
    def __init__(self, folder: Path) -> None:
        self.backend = InProcessBackend()

    def good(self) -> Call:
        return Call(call=self.returns)

    def bad(self) -> Call:
        return Call(call=self.raises)

    def endless(self, *, timeout: float = 60.0) -> Call:
        return Call(call=self.waits, timeout=timeout)

    async def returns(self) -> None:
        return None

    async def raises(self) -> None:
        raise ValueError

    async def waits(self) -> None:
        await asyncio.sleep(300)


class Scripted(Candidate):
    def __init__(self, folder: Path) -> None:
        self.backend = self.scripted = ScriptedBackend(by_hand=True)

    def put(self, script: Script) -> Call:
        self.scripted.default = script
        return Call(call=lambda: None)

    def good(self) -> Call:
        self.scripted.by_hand = False
        return self.put(Script())

    def bad(self) -> Call:
        self.scripted.by_hand = False
        return self.put(Script(code=1))

    def endless(self, *, timeout: float = 60.0) -> Call:
        self.scripted.by_hand = timeout == 60.0
        return self.put(Script(seconds=timeout, how="timeout"))


CANDIDATES: list[Callable[[Path], Candidate]] = [Scripted, Coroutines, Local]


class Sitting:
    """One candidate at its exam; `said` is all it said."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate, self.backend = candidate, candidate.backend
        self.said: list[Signal] = []
        self.news = asyncio.Event()

    def emit(self, signal: Signal) -> None:
        assert asyncio.get_running_loop() is not None, "signals come in the loop's thread"
        self.said.append(signal)
        self.news.set()

    def start(self, invocation: Invocation, *, task: TaskId = T, attempt: int = 1) -> None:
        folder = self.candidate.folder(f"{task}-{attempt}")
        self.backend.reserve(folder)
        self.backend.start(Job(task=task, attempt=attempt, invocation=invocation, folder=folder))

    def exits(self, task: TaskId = T) -> list[Exited]:
        return [one for one in self.said if isinstance(one, Exited) and one.task == task]

    async def exit(self, task: TaskId = T) -> Exit:
        async with asyncio.timeout(30):
            while not (found := self.exits(task)):
                self.news.clear()
                await self.news.wait()
        assert found[0].exit is not None
        return found[0].exit

    async def spawned(self, count: int = 1) -> None:
        async with asyncio.timeout(30):
            while sum(isinstance(one, Spawned) for one in self.said) < count:
                self.news.clear()
                await self.news.wait()


Exam = Callable[[Sitting], Coroutine[Any, Any, None]]


async def a_good_end_is_told_once_and_after_its_start(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.good())
    ended = await sitting.exit()
    assert (ended.how, ended.code) == ("exited", 0)
    assert [type(one) for one in sitting.said] == [Spawned, Exited]


async def start_says_nothing_before_it_returns(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.good())
    assert sitting.said == []
    await sitting.exit()


async def a_bad_end_has_its_code(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.bad())
    ended = await sitting.exit()
    assert (ended.how, ended.code) == ("exited", 1)


async def a_stop_ends_what_runs_and_keeps_its_first_reason(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.endless())
    await sitting.spawned()
    for reason in ("enough", "again"):
        sitting.backend.stop(T, 1, how="term", reason=reason)
    ended = await sitting.exit()
    assert (ended.how, ended.reason) == ("stopped", "enough")
    sitting.backend.stop(T, 1, how="kill", reason="too late")
    assert len(sitting.exits()) == 1


async def a_kill_ends_what_runs(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.endless())
    await sitting.spawned()
    sitting.backend.stop(T, 1, how="kill", reason="now")
    assert (await sitting.exit()).how == "stopped"


async def a_stop_of_what_is_not_there_does_nothing(sitting: Sitting) -> None:
    sitting.backend.stop(TaskId("nobody"), 1, how="term", reason="")
    sitting.backend.stop(T, 2, how="kill", reason="")
    sitting.start(sitting.candidate.good())
    assert (await sitting.exit()).how == "exited"
    assert len(sitting.said) == 2


async def a_timeout_ends_what_runs(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.endless(timeout=0.1))
    assert (await sitting.exit()).how == "timeout"


async def many_run_at_once_and_each_exits_once(sitting: Sitting) -> None:
    tasks = [TaskId(f"t{n}") for n in range(10)]
    for task in tasks:
        sitting.start(sitting.candidate.endless(), task=task)
    await sitting.spawned(10)
    assert not any(isinstance(one, Exited) for one in sitting.said)
    for task in tasks:
        sitting.backend.stop(task, 1, how="kill", reason="enough")
    for task in tasks:
        assert (await sitting.exit(task)).how == "stopped"
        assert len(sitting.exits(task)) == 1


async def a_task_may_be_tried_again(sitting: Sitting) -> None:
    for attempt in (1, 2):
        sitting.said.clear()
        sitting.start(sitting.candidate.good(), attempt=attempt)
        await sitting.exit()
        assert sitting.exits()[0].attempt == attempt


async def nothing_is_said_after_close(sitting: Sitting) -> None:
    sitting.start(sitting.candidate.endless())
    await sitting.spawned()
    sitting.backend.stop(T, 1, how="kill", reason="the exam is over")
    await sitting.backend.close()
    heard = len(sitting.said)
    await asyncio.sleep(0)
    assert len(sitting.said) == heard


EXAMS: list[Exam] = [
    a_good_end_is_told_once_and_after_its_start,
    start_says_nothing_before_it_returns,
    a_bad_end_has_its_code,
    a_stop_ends_what_runs_and_keeps_its_first_reason,
    a_kill_ends_what_runs,
    a_stop_of_what_is_not_there_does_nothing,
    a_timeout_ends_what_runs,
    many_run_at_once_and_each_exits_once,
    a_task_may_be_tried_again,
    nothing_is_said_after_close,
]


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda made: made.__name__.lower())
@pytest.mark.parametrize("exam", EXAMS, ids=lambda exam: exam.__name__)
@pytest.mark.skipif(sys.platform == "win32", reason="there are no shims there")
def test_exam(candidate: Callable[[Path], Candidate], exam: Exam, tmp_path: Path) -> None:
    async def sit() -> None:
        sitting = Sitting(candidate(tmp_path))
        await sitting.backend.open(sitting.emit)
        try:
            await exam(sitting)
        finally:
            await sitting.backend.close()

    asyncio.run(sit())
