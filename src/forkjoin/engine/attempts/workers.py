"""A few threads for what blocks. Unlike an executor's they still work while the interpreter waits for its threads:
a script may end right after `launch`, and the run goes on."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

Job = Callable[[], None]


class Workers:
    """Runs jobs in the order they came, at most *most* at once; a job says itself what came of it.

    Those that begin something new wait behind all that bring something to its end: else the results of a hundred tasks
    that have ended would wait until the workspaces of two hundred more are open.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: deque[Job] = deque()
        self._beginnings: deque[Job] = deque()
        self._threads: list[Thread] = []
        self._idle = 0
        self._closed = False
        self._changed = Condition()

    def submit(self, job: Job, *, begins: bool = False) -> None:
        """Run *job* in a thread, soon; here and now where the system has not even one thread left.

        *begins*: only when no job waits that goes on with what has begun.
        """
        queue = self._beginnings if begins else self._jobs
        with self._changed:
            queue.append(job)
            if self._waiting() <= self._idle or len(self._threads) >= self._most:
                self._changed.notify()
                return
            thread = Thread(target=self._work, name="forkjoin-workspace")
            try:
                thread.start()
            except RuntimeError:
                if self._threads:
                    return
                queue.remove(job)
            else:
                self._threads.append(thread)
                return
        job()

    async def close(self, *, cancel: bool) -> None:
        """Wait until every job is done; with *cancel* those that have not begun are dropped."""
        with self._changed:
            self._closed = True
            if cancel:
                self._jobs.clear()
                self._beginnings.clear()
            self._changed.notify_all()
        if self._threads:
            done, loop = asyncio.Event(), asyncio.get_running_loop()
            Thread(target=self._await_all, args=(lambda: loop.call_soon_threadsafe(done.set),)).start()
            await done.wait()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(lambda: self._waiting() or self._closed)
                self._idle -= 1
                if not self._waiting():
                    return
                job = (self._jobs or self._beginnings).popleft()
            try:
                job()
            except Exception:  # our own mistake: it is told as any thread's, and costs the others no thread
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))

    def _waiting(self) -> int:
        return len(self._jobs) + len(self._beginnings)

    def _await_all(self, tell: Callable[[], object]) -> None:
        for thread in self._threads:
            thread.join()
        tell()
