"""Where attempts run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import msgspec

from forkjoin.model import Exit, Invocation, TaskId


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to start. `folder` is its own folder (absolute), "" for an in-process call."""

    task: TaskId
    attempt: int
    invocation: Invocation
    folder: str = ""


class Spawned(msgspec.Struct, frozen=True, kw_only=True):
    """Its process is there: pid and start time (clock ticks since boot) of its shim; 0 for a call."""

    task: TaskId
    attempt: int
    pid: int = 0
    start: int = 0


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """New bytes of its stdout, as they came (no framing), and the stream's length so far."""

    task: TaskId
    attempt: int
    data: bytes
    total: int


class Exited(msgspec.Struct, frozen=True, kw_only=True):
    """It has ended, its record is on disk, and nothing of it lives. `exit` None: it went without a record (lost).

    `began` False: it has no record because its program never ran.
    """

    task: TaskId
    attempt: int
    exit: Exit | None
    returned: object = None
    began: bool = True


Signal: TypeAlias = Spawned | Output | Exited
Emit: TypeAlias = Callable[[Signal], None]  # called in the event loop's thread


class Backend(Protocol):
    """Starts attempts, ends whole trees of processes, tells what happened by signals; each attempt exits once."""

    async def open(self, emit: Emit) -> None:
        """Get ready; signals go to *emit* from now on."""

    def reserve(self, job_folder: str) -> None:
        """Make the attempt's folder and take its lock, before its start is journaled; raise OSError if that fails."""

    def start(self, job: Job) -> None:
        """Start it; returns at once. A start that fails comes back as `Exited` with how="setup"."""

    def stop(self, task: TaskId, attempt: int, *, how: Literal["term", "kill"], reason: str) -> None:
        """End the whole tree: asked first and made to after a grace (`term`), or at once (`kill`). Idempotent."""

    async def close(self) -> None:
        """Let go of everything of ours; running shims are left to their lease."""
