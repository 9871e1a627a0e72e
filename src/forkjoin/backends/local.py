"""Attempts as processes of this machine, each under a shim that outlives its owner for as long as its lease."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from forkjoin.backends import processes, record
from forkjoin.backends.backend import Emit, Exited, Job, Output, Spawned
from forkjoin.backends.halting import GO_ON, HALT
from forkjoin.backends.lock import LOCK, began, locked, shim_of, take
from forkjoin.backends.nursing import Nursery, start_nursery
from forkjoin.backends.output import Tail
from forkjoin.backends.terms import MARK, Terms
from forkjoin.failpoints import reached
from forkjoin.model import MIB, Exit, Process, TaskId
from forkjoin.private import make_folder

TAIL_S = 0.25  # how often the output of running attempts is looked at; the quiet ones every fourth time
LOCK_POLL_S = 0.2  # how often the lock of an attempt is tried whose end no nursery will tell
LOOKS_FOR_NOTHING = 2  # how often in a row nothing of a lost attempt is to be found
MOST_AGAIN = 3  # how often a request is sent again whose nursery was lost before anything came of it
STILL_S = 10.0  # how often it is looked for shims that stand still; at the second look they are made to go on
LEFT_S, LEFT_POLL_S = 2.0, 0.01  # how long what a lost attempt left may take to die of SIGKILL, how often it is sought
Key = tuple[TaskId, int]
How = Literal["term", "kill"]


class _Attempt(msgspec.Struct, kw_only=True):
    """One that has not exited. `nursery` None: its end is seen by its lock."""

    task: TaskId
    number: int
    folder: str
    tail: Tail
    process: Process | None = None  # None: adopted
    nursery: Nursery | None = None
    pid: int = 0
    start: int = 0
    stop: How | None = None
    reason: str = ""
    quiet: int = 0
    again: int = 0
    still: bool = False  # when it was last looked


class _Lost(msgspec.Struct, kw_only=True):
    """One that went without a record: until when what it left is ended, and how often in a row nothing was found."""

    until: float
    nothing: int = 0


class LocalBackend:
    """Runs processes under shims; see `Backend`.

    *run_folder* is the run's own folder. After the owner's death an attempt goes on for *lease_s* seconds (detached:
    to its own deadline), unless somebody adopts it. Asked to end, it has *grace_s* seconds. `tail=False`: no `Output`.
    """

    def __init__(
        self, *, run_folder: Path, detached: bool, lease_s: float = 60.0, grace_s: float = 5.0, tail: bool = True
    ) -> None:
        self._run_folder = run_folder
        self._tail = tail
        self._terms = Terms(run_folder=run_folder, detached=detached, lease_s=lease_s, grace_s=grace_s)
        self._attempts: dict[int, _Attempt] = {}
        self._numbers: dict[Key, int] = {}
        self._reserved: dict[str, Nursery] = {}  # by folder, with the nursery that holds the lock
        self._nursery: Nursery | None = None
        self._ticks, self._next = 0, 1
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._lost: dict[int, _Lost] = {}

    async def open(self, emit: Emit) -> None:
        """Announce ourselves as the run's owner and start the nursery; raise OSError where that cannot be done."""
        self._emit, self._loop = emit, asyncio.get_running_loop()
        self._terms.write_lease()
        reached("lease.written")
        self._open_nursery()
        reached("nursery.opened")

    def reserve(self, job_folder: str) -> None:
        """Make the attempt's folder, take its lock and the disk space of its record; raise OSError if that fails."""
        make_folder(Path(job_folder))
        fd = os.open(f"{job_folder}/{LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            reached("attempt.folder")
            take(fd)
            reached("attempt.locked")
            record.set_room_aside(job_folder)
            nursery = self._open_nursery()
        except OSError:
            os.close(fd)
            raise
        self._reserved[job_folder] = nursery
        nursery.hold(job_folder, fd)

    def abandon(self, job_folder: str) -> None:
        """Give a reserved attempt's lock back, for one that will not be started. Idempotent; from any thread."""
        with suppress(RuntimeError):  # the loop is closed: so is the nursery, and the lock is free
            self._loop.call_soon_threadsafe(self._drop, job_folder)

    def start(self, job: Job) -> None:
        """Start it under a shim; `Spawned` and then `Exited` follow."""
        number, self._next = self._next, self._next + 1
        assert isinstance(job.invocation, Process), "the local backend runs programs, not calls"  # noqa: S101 - our bug
        attempt = _Attempt(
            task=job.task,
            number=job.attempt,
            folder=job.folder,
            tail=Tail(folder=job.folder, cap=job.invocation.cap),
            process=job.invocation,
        )
        self._attempts[number], self._numbers[job.task, job.attempt] = attempt, number
        self._try_to_send(number, attempt)
        self._schedule("tail", TAIL_S, self._look_at_tails)
        self._schedule("still", STILL_S, self._look_for_halted)

    def stop(self, task: TaskId, attempt: int, *, how: How, reason: str) -> None:
        """End its whole tree; a second `term` is a `kill`."""
        found = self._attempts.get(self._numbers.get((task, attempt), 0))
        if found is None:
            return
        # A second request is a kill: two signals of one kind that come together would be one.
        found.stop, found.reason = how if found.stop is None else "kill", found.reason or reason
        if found.pid:
            self._signal_stop(found)

    def halt(self, task: TaskId, attempt: int, *, on: bool) -> None:
        """Let its whole tree stand still (SIGSTOP), or go on; its time runs only meanwhile. Its end, or ours, ends it.

        Nothing where it has no process.
        """
        found = self._attempts.get(self._numbers.get((task, attempt), 0))
        if found is not None and found.pid:
            processes.send(found.pid, found.start, HALT if on else GO_ON)

    def adopt(self, folder: str, task: TaskId, attempt: int, *, cap: int = 64 * MIB) -> None:
        """Take over an attempt of an earlier owner: watch it while its lock is held, else collect its record.

        `Exited` follows in any case, with `exit=None` where it went without a record; `Spawned` first while it lives.
        """
        number, self._next = self._next, self._next + 1
        found = _Attempt(task=task, number=attempt, folder=folder, tail=Tail(folder=folder, cap=cap))
        self._attempts[number], self._numbers[task, attempt] = found, number
        if locked(folder):
            found.pid, found.start = shim_of(folder)
            self._loop.call_soon(self._emit, Spawned(task=task, attempt=attempt, pid=found.pid, start=found.start))
            self._schedule("tail", TAIL_S, self._look_at_tails)
        self._schedule("locks", 0.0, self._look_at_locks)
        self._schedule("still", STILL_S, self._look_for_halted)

    async def close(self) -> None:
        """Let go of everything; running shims wait out their lease, and the nursery leaves after them."""
        for timer in self._timers.values():
            timer.cancel()
        for attempt in self._attempts.values():
            if attempt.pid:
                processes.send(attempt.pid, attempt.start, signal.SIGUSR2)
        if self._nursery is not None:
            await self._nursery.close(wait_s=0.0 if self._attempts else 2.0)
        self._reserved.clear()
        self._attempts.clear()
        self._numbers.clear()
        self._lost.clear()

    # Requests and what comes back

    def _open_nursery(self) -> Nursery:
        if self._nursery is None or not self._nursery.open:
            log = self._run_folder / "nursery.log"
            self._nursery = start_nursery(log, hear=self._hear, lost=self._nursery_lost)
        return self._nursery

    def _try_to_send(self, number: int, attempt: _Attempt) -> None:
        try:
            self._send(number, attempt)
        except (OSError, ValueError) as error:  # a ValueError: text that no program can be given
            self._drop(attempt.folder)
            self._loop.call_soon(self._failed, number, f"cannot start it: {error}")

    def _send(self, number: int, attempt: _Attempt) -> None:
        assert attempt.process is not None  # noqa: S101 - an adopted attempt is never sent
        request = self._terms.request(number, attempt.process, attempt.folder)
        nursery = self._reserved.pop(attempt.folder, None)
        if nursery is None or not nursery.open:  # its lock went with its nursery
            self.reserve(attempt.folder)
            nursery = self._reserved.pop(attempt.folder)
        attempt.nursery = nursery
        reached("start.sending")
        nursery.start(number, request)
        reached("start.sent")

    def _drop(self, folder: str) -> None:
        nursery = self._reserved.pop(folder, None)
        if nursery is not None and nursery.open:
            nursery.drop(folder)

    def _hear(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("spawned", int(number), int(pid), int(start)) if number in self._attempts:
                attempt = self._attempts[number]
                attempt.pid, attempt.start = pid, start
                self._emit(Spawned(task=attempt.task, attempt=attempt.number, pid=pid, start=start))
                if attempt.stop is not None:
                    self._signal_stop(attempt)
            case ("ended", int(number)) if number in self._attempts:
                self._collect(number)
            case ("failed", int(number), str(why)) if number in self._attempts:
                self._failed(number, why)

    def _signal_stop(self, attempt: _Attempt) -> None:
        number = signal.SIGTERM if attempt.stop == "term" else signal.SIGUSR1
        processes.send(attempt.pid, attempt.start, number)
        processes.send(attempt.pid, attempt.start, signal.SIGCONT)  # one that stands still hears nothing

    def _failed(self, number: int, why: str) -> None:
        self._exited(number, Exit(how="setup", error=why, ended_at=time.time()))

    def _collect(self, number: int) -> None:
        reached("collect.before")
        ended = read_exit(self._attempts[number].folder)
        if ended is not None:
            reached("collect.read")
            self._exited(number, ended)
        else:  # who could have ended what it left, its shim and its nursery, may have been killed with it
            self._lost.setdefault(number, _Lost(until=self._loop.time() + LEFT_S))
            self._schedule("lost", 0.0, self._end_what_is_left)

    def _end_what_is_left(self) -> None:
        """Kill what carries the mark of a lost attempt, and what descends from it; say that it exited when none does.

        Looked at twice: what is just being started has no mark yet.
        """
        left = processes.marked(MARK.encode())
        for number, lost in list(self._lost.items()):
            alive = left.get(os.fsencode(self._attempts[number].folder), [])
            for process in alive:
                processes.send(process.pid, process.start, signal.SIGKILL)
            lost.nothing = 0 if alive else lost.nothing + 1
            if lost.nothing == LOOKS_FOR_NOTHING or self._loop.time() >= lost.until:
                self._exited(number, None)
        if self._lost:
            self._schedule("lost", LEFT_POLL_S, self._end_what_is_left)

    def _exited(self, number: int, ended: Exit | None, *, began: bool = True) -> None:
        attempt = self._attempts.pop(number)
        del self._numbers[attempt.task, attempt.number]
        self._lost.pop(number, None)
        if ended is not None and ended.how == "stopped" and attempt.reason:
            ended = msgspec.structs.replace(ended, reason=attempt.reason)
        self._emit(Exited(task=attempt.task, attempt=attempt.number, exit=ended, began=began))

    # A nursery that was lost; shims of earlier owners

    def _nursery_lost(self, nursery: Nursery, unsent: list[int]) -> None:
        for attempt in self._attempts.values():
            if attempt.nursery is nursery:
                attempt.nursery = None
        for number in unsent:
            self._try_to_send(number, self._attempts[number])
        self._schedule("locks", 0.0, self._look_at_locks)

    def _look_at_locks(self) -> None:
        without = [number for number, attempt in self._attempts.items() if attempt.nursery is None]
        watched = [number for number in without if number not in self._lost]
        for number in watched:
            attempt = self._attempts[number]
            if not locked(attempt.folder):
                self._ended_or_never_begun(number, attempt)
            elif not attempt.pid:
                self._meet(attempt)
        if any(attempt.nursery is None for attempt in self._attempts.values()):
            self._schedule("locks", LOCK_POLL_S, self._look_at_locks)

    def _ended_or_never_begun(self, number: int, attempt: _Attempt) -> None:
        """Collect what has ended; send again what its nursery had only just been asked for when it was lost."""
        if began(attempt.folder) or read_exit(attempt.folder) is not None:
            self._collect(number)
        elif attempt.process is None:
            self._exited(number, None, began=False)
        elif attempt.again == MOST_AGAIN:
            self._failed(number, f"cannot start it: its nursery was lost {MOST_AGAIN + 1} times before it began")
        else:
            attempt.again += 1
            self._try_to_send(number, attempt)

    def _meet(self, attempt: _Attempt) -> None:
        """Learn of a shim that was forked when its nursery was lost before it could tell."""
        attempt.pid, attempt.start = shim_of(attempt.folder)
        if attempt.pid:
            self._emit(Spawned(task=attempt.task, attempt=attempt.number, pid=attempt.pid, start=attempt.start))
            if attempt.stop is not None:
                self._signal_stop(attempt)

    # Shims and nurseries that were halted alone, by an attempt perhaps: nobody would hold its limits, nor tell its end

    def _look_for_halted(self) -> None:
        for attempt in self._attempts.values():
            before, attempt.still = attempt.still, bool(attempt.pid) and processes.stands_still(attempt.pid)
            if before and attempt.still:
                processes.send(attempt.pid, attempt.start, signal.SIGCONT)
        if self._nursery is not None and self._nursery.open and processes.stands_still(self._nursery.process.pid):
            self._nursery.process.send_signal(signal.SIGCONT)
        if self._attempts:
            self._schedule("still", STILL_S, self._look_for_halted)

    # Output

    def _look_at_tails(self) -> None:
        self._ticks += 1
        for number, attempt in list(self._attempts.items()):
            if not self._tail or (attempt.quiet > 3 and (number + self._ticks) % 4):
                continue
            data = attempt.tail.read()
            attempt.quiet = 0 if data else attempt.quiet + 1
            if data:
                self._emit(Output(task=attempt.task, attempt=attempt.number, data=data, total=attempt.tail.total))
        if self._attempts:
            self._schedule("tail", TAIL_S, self._look_at_tails)

    def _schedule(self, name: str, after_s: float, what: Any) -> None:
        due = self._timers.get(name)
        if due is None or due.cancelled() or due.when() <= self._loop.time():
            self._timers[name] = self._loop.call_later(after_s, what)


def read_exit(folder: str) -> Exit | None:
    """Return the record of the attempt of that folder, None where it has none."""
    try:
        return msgspec.json.decode((Path(folder) / record.RECORD).read_bytes(), type=Exit)
    except (OSError, msgspec.MsgspecError):
        return None
