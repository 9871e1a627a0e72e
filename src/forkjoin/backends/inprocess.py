"""Attempts as calls in this process: coroutine functions in the running loop, all others in daemon threads."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import time
import traceback
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Any, Literal

import msgspec

from forkjoin.backends.backend import Emit, Exited, Job, Spawned
from forkjoin.model import Call, EndedHow, Exit, TaskId

LAST_LINES = 12  # of a traceback
LONGEST = 4000  # characters of an error
BEAT_S, HALT_S = 0.5, 1.0  # how often it looks whether it is awake; a look so much too late: the process was halted
GRACE_S = 5.0  # how long a coroutine that was cancelled may take before it is left to itself

Key = tuple[TaskId, int]


class _Running(msgspec.Struct, kw_only=True):
    """A call that has not been reported as ended. `task` None: it is in a thread, or waits for one."""

    call: Call
    began: float
    task: asyncio.Task[Any] | None = None
    limit: asyncio.TimerHandle | None = None
    due: float = 0.0  # when its time is over, by the loop's clock
    how: EndedHow = "exited"
    reason: str = ""


class InProcessBackend:
    """Runs calls; see `Backend`. It has no folders and no files, and a call costs some microseconds.

    A coroutine is cancelled at its timeout or when it is stopped. A thread cannot be: it is reported as ended, and
    what it returns later is dropped. At most *max_threads* run at once.
    """

    def __init__(self, *, max_threads: int = 256) -> None:
        self._max_threads = max_threads
        self._threads = 0
        self._waiting: deque[tuple[Key, contextvars.Context]] = deque()
        self._running: dict[Key, _Running] = {}
        self._beat: asyncio.TimerHandle | None = None

    async def open(self, emit: Emit) -> None:
        """Use the running loop."""
        self._emit, self._loop = emit, asyncio.get_running_loop()

    def reserve(self, job_folder: str) -> None:
        """Do nothing: calls have no folder."""

    def start(self, job: Job) -> None:
        """Run the call."""
        assert isinstance(job.invocation, Call), "calls only; programs are the local backend's"  # noqa: S101 - our bug
        key = (job.task, job.attempt)
        running = _Running(call=job.invocation, began=time.monotonic())
        self._running[key] = running
        running.due = self._loop.time() + running.call.timeout
        running.limit = self._loop.call_at(running.due, self._overdue, key)
        if self._beat is None:
            self._beat = self._loop.call_later(BEAT_S, self._look_whether_halted)
        self._loop.call_soon(self._emit, Spawned(task=job.task, attempt=job.attempt))
        if _is_async(running.call.call):
            self._await(key, running, running.call.call)
        else:
            self._waiting.append((key, contextvars.copy_context()))
            self._start_threads()

    def stop(self, task: TaskId, attempt: int, *, how: Literal["term", "kill"], reason: str) -> None:
        """Cancel it; `kill` leaves a coroutine no time to tidy up."""
        self._end((task, attempt), "stopped", reason)
        if how == "kill":
            self._leave((task, attempt))

    async def close(self) -> None:
        """Cancel what still runs, and forget it."""
        left = [running.task for running in self._running.values() if running.task is not None]
        for running in self._running.values():
            if running.limit is not None:
                running.limit.cancel()
        if self._beat is not None:
            self._beat.cancel()
        self._running.clear()
        self._waiting.clear()
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=GRACE_S)

    # Coroutines

    def _await(self, key: Key, running: _Running, call: Any) -> None:
        running.task = self._loop.create_task(_guarded(call))
        running.task.add_done_callback(partial(self._done, key, running))

    def _done(self, key: Key, running: _Running, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            error: BaseException | None = asyncio.CancelledError("it was cancelled")
            self._finish(key, running, None, error)
            return
        returned, error = task.result()
        self._finish(key, running, returned, error)

    # Threads

    def _start_threads(self) -> None:
        while self._waiting and self._threads < self._max_threads:
            key, context = self._waiting.popleft()
            if (running := self._running.get(key)) is None:
                continue
            thread = threading.Thread(
                target=context.run, args=(self._in_thread, key, running), name=f"forkjoin-{key[0]}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # the system has no thread left
                self._loop.call_soon(self._finish, key, running, None, error)
                continue
            self._threads += 1

    def _in_thread(self, key: Key, running: _Running) -> None:
        returned: object = None
        error: BaseException | None = None
        try:
            returned = running.call.call()
        except BaseException as raised:  # nothing a call does may end more than the call
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits for it
            self._loop.call_soon_threadsafe(self._thread_ended, key, running, returned, error)

    def _thread_ended(self, key: Key, running: _Running, returned: object, error: BaseException | None) -> None:
        self._threads -= 1
        self._start_threads()
        if inspect.isawaitable(returned) and self._running.get(key) is running:
            self._await(key, running, partial(_give, returned))
            return
        self._finish(key, running, returned, error)

    # Ends

    def _overdue(self, key: Key) -> None:
        self._look_whether_halted()
        running = self._running.get(key)
        if running is not None and running.due <= self._loop.time():
            self._end(key, "timeout", "")

    def _look_whether_halted(self) -> None:
        """Move what is due by the time for which this process was halted (SIGSTOP, a frozen container)."""
        if self._beat is not None:
            late = self._loop.time() - self._beat.when()
            self._beat.cancel()
            for key, running in self._running.items() if late >= HALT_S else ():
                if running.limit is not None and running.how == "exited":
                    running.limit.cancel()
                    running.due += late
                    running.limit = self._loop.call_at(running.due, self._overdue, key)
        self._beat = self._loop.call_later(BEAT_S, self._look_whether_halted) if self._running else None

    def _end(self, key: Key, how: EndedHow, reason: str) -> None:
        running = self._running.get(key)
        if running is None or running.how != "exited":
            return
        running.how, running.reason = how, reason
        if running.limit is not None:
            running.limit.cancel()
        if running.task is None:
            self._leave(key)
        else:
            running.task.cancel()
            running.limit = self._loop.call_later(GRACE_S, self._leave, key)

    def _leave(self, key: Key) -> None:
        """Report an end without waiting any longer for the call."""
        if (running := self._running.get(key)) is not None:
            self._finish(key, running, None, None)

    def _finish(self, key: Key, running: _Running, returned: object, error: BaseException | None) -> None:
        if self._running.get(key) is not running:
            return
        del self._running[key]
        if running.limit is not None:
            running.limit.cancel()
        clean = running.how == "exited" and error is None
        ended = Exit(
            how=running.how,
            code=(0 if error is None else 1) if running.how == "exited" else None,
            error=_told(error) if error is not None and running.how == "exited" else "",
            reason=running.reason,
            wall_s=time.monotonic() - running.began,
            ended_at=time.time(),
        )
        self._emit(Exited(task=key[0], attempt=key[1], exit=ended, returned=returned if clean else None))


async def _guarded(call: Any) -> tuple[object, BaseException | None]:
    # A task that raises KeyboardInterrupt or SystemExit would take the loop with it, so what is raised is returned.
    try:
        return await call(), None
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return None, error


async def _give(awaitable: Awaitable[object]) -> object:
    return await awaitable


def _is_async(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004 - an object whose __call__ is a coroutine function


def _told(error: BaseException) -> str:
    """Return an exception in words: its type and message, then the last lines of its traceback."""
    try:
        head = f"{type(error).__name__}: {error}"
        lines = "".join(traceback.format_tb(error.__traceback__)).splitlines()[-LAST_LINES:]
    except Exception as broken:  # its __str__ is the caller's code
        return f"{type(error).__name__} (and its message raised {type(broken).__name__})"
    return "\n".join([head[: LONGEST // 2], *lines])[:LONGEST]
