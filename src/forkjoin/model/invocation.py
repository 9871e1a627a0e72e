"""What a backend is asked to start, and what it says when that has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from forkjoin.model.base import Value

MIB = 1024 * 1024
OUTPUT_CAP = 64 * MIB  # of each stream of an attempt that is kept
EndedHow = Literal["exited", "timeout", "idle", "stopped", "lease", "setup", "memory", "processes", "disk", "cap"]


class Process(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A program to run under a shim. `env` is complete (not merged); `stdin` is a file's path, "" for nothing.

    `cap` bounds the kept bytes of each stream; `memory` and `disk` (bytes written) what its whole tree of processes may
    use, None: a default of the backend's. Times are seconds, sizes bytes. `files` are texts by path, in the
    attempt's own scratch folder, that must lie there before it starts.
    """

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    stdin: str = ""
    timeout: float = 3600.0
    idle_timeout: float | None = None
    cap: int = OUTPUT_CAP
    memory: int | None = None
    processes: int = 1000
    disk: int | None = None
    files: dict[str, str] = {}  # noqa: RUF012 - msgspec copies an empty default


@dataclass(frozen=True, kw_only=True)
class Call:
    """A Python callable to run in the caller's process: a coroutine function in the loop, any other in a thread."""

    call: Callable[[], Any]
    timeout: float = 3600.0


Invocation: TypeAlias = Process | Call


class Stream(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A stream's true length in bytes, the sha256 of all of it, and how many bytes were cut from its middle."""

    bytes: int = 0
    sha256: str = ""
    cut: int = 0
    cut_at: int = 0


class Exit(Value, frozen=True, kw_only=True, omit_defaults=True):
    """The record of an ended attempt, as its shim wrote it (exit.json) or as the in-process backend says it.

    `code` is None where a signal ended it. `error` says what went wrong before the program ran (`how` = setup) or the
    exception of a call. `swept` counts the processes that outlived the main one and were ended.
    `cap`: a cap on turns or tokens, watched by the owner, was reached; `reason` says which.
    Where a limit ended it, `limit` is that limit and `used` what it was found to use (seconds, bytes, processes).
    `ended_at` is Unix time.
    """

    how: EndedHow
    code: int | None = None
    signal: int | None = None
    error: str = ""
    reason: str = ""
    wall_s: float = 0.0
    cpu_s: float | None = None
    max_rss: int | None = None
    ended_at: float = 0.0
    stdout: Stream = Stream()
    stderr: Stream = Stream()
    swept: int = 0
    limit: float | None = None
    used: float | None = None
