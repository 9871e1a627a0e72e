"""A backend that starts nothing: attempts end as their script says."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from forkjoin.backends.backend import Emit, Exited, Job, Output, Spawned
from forkjoin.backends.segments import segment_path
from forkjoin.model import EndedHow, Exit, Stream, TaskId


@dataclass(frozen=True, kw_only=True)
class Script:
    """What one attempt does: seconds it takes, what it prints, how it ends. `lost` = it goes without a record."""

    seconds: float = 0.0
    stdout: bytes = b""
    code: int = 0
    how: EndedHow = "exited"
    error: str = ""
    returned: object = None
    lost: bool = False


@dataclass(kw_only=True)
class ScriptedBackend:
    """A `Backend` whose attempts do what their script says, in virtual time.

    `scripts` maps a task's id to a script, or to one per attempt (the last goes on counting). With `by_hand` nothing
    ends before `advance()`; else one attempt ends at each turn of the event loop, the earliest first. `peak` is the
    most that ran at once, `started` and `stopped` the order of things, `now` the virtual seconds.
    """

    scripts: Mapping[str, Script | Sequence[Script]] = field(default_factory=dict)
    default: Script = Script()
    by_hand: bool = False
    now: float = 0.0
    peak: int = 0
    started: list[tuple[TaskId, int]] = field(default_factory=list)
    stopped: list[tuple[TaskId, int, str]] = field(default_factory=list)
    jobs: dict[tuple[TaskId, int], Job] = field(default_factory=dict)
    _live: dict[tuple[TaskId, int], Script] = field(default_factory=dict)
    _ends: list[tuple[float, int, TaskId, int]] = field(default_factory=list)
    _emit: Emit | None = None

    async def open(self, emit: Emit) -> None:
        """Get ready; signals go to *emit* from now on."""
        self._emit = emit

    def reserve(self, job_folder: str) -> None:
        """Take no lock: there is no process to hold one."""

    def start(self, job: Job) -> None:
        """Start it; its signals come in later turns of the loop."""
        key = (job.task, job.attempt)
        script = self._script(job)
        self.started.append(key)
        self.jobs[key] = job
        self._live[key] = script
        self.peak = max(self.peak, len(self._live))
        heapq.heappush(self._ends, (self.now + script.seconds, len(self.started), *key))
        asyncio.get_running_loop().call_soon(self._spawned, key)

    def stop(self, task: TaskId, attempt: int, *, how: Literal["term", "kill"], reason: str) -> None:
        """End it in the next turn of the loop; of one that is not there nothing comes."""
        key = (task, attempt)
        if key in self._live:
            self.stopped.append((task, attempt, how))
            ended = Exit(how="stopped", signal=15 if how == "term" else 9, reason=reason, ended_at=self.now)
            asyncio.get_running_loop().call_soon(self._exit, key, ended)

    def advance(self) -> bool:
        """Go on to the next end and tell it; return False where nothing runs any more."""
        while self._ends:
            at, _, task, attempt = heapq.heappop(self._ends)
            script = self._live.get((task, attempt))
            if script is not None:
                self.now = max(self.now, at)
                self._exit((task, attempt), self._record(script))
                return True
        return False

    async def close(self) -> None:
        """Forget everything; no signal comes any more."""
        self._emit = None
        self._live.clear()

    def _script(self, job: Job) -> Script:
        script = self.scripts.get(job.task, self.default)
        return script if isinstance(script, Script) else script[min(job.attempt, len(script)) - 1]

    def _spawned(self, key: tuple[TaskId, int]) -> None:
        script = self._live.get(key)
        if script is None or self._emit is None:
            return
        self._emit(Spawned(task=key[0], attempt=key[1]))
        folder = self.jobs[key].folder
        if script.stdout and Path(folder).is_dir():  # as a shim keeps it: a result stands on what lies there
            Path(segment_path(folder, "stdout", 0)).write_bytes(script.stdout)
        if script.stdout:
            self._emit(Output(task=key[0], attempt=key[1], data=script.stdout, total=len(script.stdout)))
        if not self.by_hand:
            asyncio.get_running_loop().call_soon(self.advance)

    def _record(self, script: Script) -> Exit | None:
        if script.lost:
            return None
        return Exit(
            how=script.how,
            code=script.code,
            error=script.error,
            wall_s=script.seconds,
            ended_at=self.now,
            stdout=Stream(bytes=len(script.stdout)),
        )

    def _exit(self, key: tuple[TaskId, int], ended: Exit | None) -> None:
        script = self._live.pop(key, None)
        if script is not None and self._emit is not None:
            self._emit(Exited(task=key[0], attempt=key[1], exit=ended, returned=script.returned))
