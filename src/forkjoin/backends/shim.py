"""One process per attempt: it starts the agent, keeps its output, holds its limits, ends its whole tree, and writes
the record. It needs nobody: an owner that dies is waited for as long as the lease says, and may be replaced.

It holds the attempt's lock, taken before it was forked, until it has ended. Standard library only.
"""

from __future__ import annotations

import os
import resource
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any

    from forkjoin.backends import halting, leasing, limits, processes, record, segments, spawn
    from forkjoin.failpoints import reached
else:
    import _signal as signal  # the same without its enums: nursery.py says why

    import halting
    import leasing
    import limits
    import processes
    import record
    import segments
    import spawn
    from failpoints import reached

DRAIN_S = 0.2  # how long output is still awaited after the main process has ended
CHUNK, PIPE = 64 * 1024, 1024 * 1024  # what is read at once; what a pipe holds at most
SWEEP_S = 10.0  # how long processes may take to die of SIGKILL before the record says that they did not
LOOK_S, LAZY = 0.5, 50  # how often its limits are looked at; less often where a look takes over 1/50 of that
BUSY = 0.05  # share of a core below which a silent attempt counts as idle
HALT_S = 1.0  # a wait that takes so much longer than it was to: all of us were halted (SIGSTOP, a frozen container)
NEVER = float("inf")
# The nursery has the handlers, and keeps them blocked.
HEARD = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, halting.HALT, halting.GO_ON)


def run(job: dict[str, Any], lock_fd: int, manners: spawn.Manners) -> None:
    """Be the shim of *job* in this freshly forked process; never returns."""
    code = 1
    try:
        code = Shim(job, lock_fd, manners).run()
    except BaseException as error:  # the record could not even be tried
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


class Shim:
    """The story of one attempt; times are of the monotonic clock."""

    def __init__(self, job: dict[str, Any], lock_fd: int, manners: spawn.Manners) -> None:
        self.job, self.manners, self.lock_fd = job, manners, lock_fd
        self.folder: str = job["folder"]
        self.began = time.monotonic()
        self.deadline = self.began + job["timeout"]
        self.idle_timeout: float | None = job["idle_timeout"]
        self.how, self.error = "exited", ""
        self.main, self.status = 0, 0
        self.limit: float | None = None  # the one that ended it, and what was found
        self.used: float | None = None
        self.asked = False  # to stop, before
        self.limits = limits.Limits(os.getpid(), memory=job["memory"], count=job["processes"], disk=job["disk"])
        self.halt = halting.Halt(os.getpid())
        self.look_at = self.began + LOOK_S
        self.ended_at = NEVER  # when the main process ended
        self.kill_at = NEVER  # when an attempt that was asked to end is made to
        self.alone = False  # no child is left: as a subreaper, no descendant either
        self.swept: set[tuple[int, int]] = set()
        self.poller = select.poll()
        self.streams: dict[int, segments.Capture] = {}
        self.kept: tuple[segments.Capture, ...] = ()
        lasts_s = NEVER if job["detached"] else job["lease_s"]
        self.lease = leasing.Lease(job["lease"], self.poller, lasts_s=lasts_s)
        self.quiet_since, self.quiet_cpu_s = self.began, 0.0
        self.awake_at, self.halted_s = self.began, 0.0  # when it last looked; for how long it was kept from looking

    def run(self) -> int:
        """Run the attempt to its record; return 0 where the record is written and nothing of the attempt lives."""
        try:
            self._settle_in()
            self._start()
            while not self._over():
                self._wait()
                self._hold_limits(time.monotonic())
        except spawn.CannotStart as error:
            self._give_up(str(error))
        except Exception as error:  # our own mistake, or no memory: the attempt ends, and its record says so
            self._give_up(f"{type(error).__name__}: {error}")
        reached("shim.ended")
        self._sweep()
        reached("shim.swept")
        self._drain()
        return 0 if record.write_record(self.folder, self._record()) and self.alone else 1

    # Its own place

    def _settle_in(self) -> None:
        os.setsid()
        processes.become_subreaper(b"forkjoin-shim")
        self.wake, wake_in = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_in, False)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        resource.setrlimit(resource.RLIMIT_NOFILE, self.manners.files)
        self.poller.register(self.wake, select.POLLIN)
        own = os.getpid()
        reached("shim.settled")
        os.pwrite(self.lock_fd, processes.written(own).encode("ascii"), 0)
        if not self.lease.follow(self.job["owner"]):
            self._owner_gone()

    def _start(self) -> None:
        job = self.job
        reached("shim.starting")
        self.main, *streams = spawn.spawn(
            job["argv"], cwd=job["cwd"], env=job["env"], stdin=job["stdin"], umask=self.manners.umask
        )
        for fd, name in zip(streams, ("stdout", "stderr"), strict=True):
            self.streams[fd] = segments.Capture(self.folder, name, job["cap"], job["secrets"])
            self.poller.register(fd, select.POLLIN)
        self.kept = tuple(self.streams.values())
        reached("shim.started")
        # Only now: a signal before there was a program to pass it on to would have had to wait anyway.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        job["env"] = job["argv"] = job["secrets"] = None

    # What happens

    def _wait(self) -> None:
        patience_ms = self._patience_ms()
        events = self.poller.poll(patience_ms)
        self._make_good(patience_ms)
        for fd, _ in events:
            if fd == self.wake:
                self._signals()
            elif fd in self.streams:
                self._read(fd)
            elif fd == self.lease.fd:
                self._owner_gone()

    def _patience_ms(self) -> int | None:
        due = min(NEVER if self.halt.on else self.deadline, self.kill_at, self.lease.end, self.lease.poll)
        due = min(due, self.look_at if self.ended_at == NEVER else self.ended_at + DRAIN_S)
        if self.ended_at == NEVER and self.idle_timeout and not self.halt.on:
            due = min(due, self.quiet_since + self.idle_timeout)
        if due == NEVER:
            return None
        # Rounded up, so that the limit has passed when poll returns; at most an hour, for poll takes 32 bits.
        return int(min(max(0.0, due - time.monotonic()), 3600.0) * 1000) + 1

    def _make_good(self, patience_ms: int | None) -> None:
        """Move what is due by the time for which it was halted: the attempt may have been too, and is owed it."""
        now, before = time.monotonic(), self.awake_at
        self.awake_at = now
        late = 0.0 if patience_ms is None else now - before - patience_ms / 1000
        if late >= HALT_S:
            self.halted_s += late
            self.deadline += late
            self.kill_at += late
            self.lease.end += late
            self.quiet_since += late
            self.halt.since += late if self.halt.on else 0.0

    def _signals(self) -> None:
        numbers = os.read(self.wake, 4096)
        for number in numbers:
            if number == signal.SIGCHLD:
                self._reap()
            elif number in (signal.SIGTERM, signal.SIGUSR1):
                at_once = number == signal.SIGUSR1 or self.asked
                self.asked = True
                self._end("stopped", grace_s=0.0 if at_once else self.job["grace_s"])
            elif number == signal.SIGUSR2:
                self._owner_gone()
            elif number == halting.GO_ON:
                self._go_on()
            elif number == halting.HALT and halting.GO_ON not in numbers and self.kill_at == self.ended_at == NEVER:
                self.halt.begin()

    def _go_on(self) -> None:
        """Let a tree that stands go on; what was due meanwhile is moved by the time for which it stood."""
        late = self.halt.end()
        self.halted_s += late
        self.deadline += late
        self.quiet_since += late

    def _reap(self) -> None:
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.main:
                    self.status, self.ended_at = status, time.monotonic()
        except ChildProcessError:
            self.alone = True

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.streams[fd].write(data)
            self.quiet_since = time.monotonic()
            return
        self.poller.unregister(fd)
        os.close(fd)
        del self.streams[fd]

    # Its limits

    def _hold_limits(self, now: float) -> None:
        if self.ended_at != NEVER:
            return
        if now >= self.kill_at:
            self.kill_at = NEVER
            self._signal_main(signal.SIGKILL)
        elif now >= self.deadline and not self.halt.on:
            self.deadline = NEVER
            used = now - self.began - self.halted_s
            self._end("timeout", grace_s=self.job["grace_s"], limit=self.job["timeout"], used=used)
        elif now >= self.lease.end:
            self.lease.end = self.lease.poll = NEVER
            self._end("lease", grace_s=self.job["grace_s"])
        elif self.idle_timeout and not self.halt.on and now >= self.quiet_since + self.idle_timeout:
            self._look_idle(now)
        if now >= self.look_at:
            self._look_for_hogs(now)
        if now >= self.lease.poll and self.lease.look(now):
            self._owner_gone()

    def _end(self, how: str, *, grace_s: float, limit: float | None = None, used: float | None = None) -> None:
        """Ask the tree to end, for the first reason that came up; after *grace_s* it is made to."""
        if self.ended_at != NEVER:
            return
        self._go_on()
        if self.how == "exited":
            self.how, self.limit, self.used = how, limit, used
        due = time.monotonic() + grace_s
        if due >= self.kill_at:
            return
        self.kill_at = due
        self.deadline, self.idle_timeout = NEVER, None
        if grace_s:
            self._signal_main(signal.SIGTERM)
            self._signal_main(signal.SIGCONT)

    def _look_for_hogs(self, now: float) -> None:
        """End at once what uses more than it may: a grace would only let it go on."""
        broken = self.limits.look()
        if broken is not None:
            self._end(broken.name, grace_s=0.0, limit=broken.allowed, used=broken.used)
        took = time.monotonic() - now
        self.look_at = NEVER if broken is not None else now + took + max(LOOK_S, LAZY * took)

    def _signal_main(self, number: int) -> None:
        try:
            os.killpg(self.main, number)
        except OSError:  # it has not made its own group yet
            processes.send_by_pid(self.main, number)

    def _look_idle(self, now: float) -> None:
        """End a silent attempt, unless its processes have computed in the meantime."""
        cpu_s = limits.cpu_s()
        if cpu_s - self.quiet_cpu_s > BUSY * (now - self.quiet_since):
            self.quiet_since, self.quiet_cpu_s = now, cpu_s
        else:
            self._end("idle", grace_s=self.job["grace_s"], limit=self.idle_timeout, used=now - self.quiet_since)

    def _owner_gone(self) -> None:
        self._go_on()  # who would tell it to is gone
        self.lease.lapse()

    # Its end

    def _over(self) -> bool:
        if self.ended_at == NEVER:
            return False
        return self.alone or not self.streams or time.monotonic() >= self.ended_at + DRAIN_S

    def _give_up(self, error: str) -> None:
        self.error = error
        if not self.main:
            self.how = "setup"
            self.alone = True
        elif self.ended_at == NEVER:
            self._signal_main(signal.SIGKILL)

    def _sweep(self) -> None:
        """End whatever outlived the main process, however it hid; look until no child is left."""
        limit = time.monotonic() + SWEEP_S
        pause_ms = 1
        self._reap()
        while not self.alone and time.monotonic() < limit:
            if self.main and not hasattr(os, "pidfd_open"):
                self._signal_main(signal.SIGKILL)
            processes.end_all(os.getpid(), self.swept)
            self._reap()
            if not self.alone:
                select.select([self.wake], (), (), pause_ms / 1000)
                pause_ms = min(50, pause_ms * 2)
                self._reap()
        if not self.alone:
            left = [str(process.pid) for process in processes.descendants(os.getpid())]
            self.error = self.error or f"processes that do not end: {' '.join(left[:20])}"

    def _drain(self) -> None:
        """Take what is still in the pipes, however long that takes; of who goes on writing, for a moment."""
        limit = time.monotonic() + DRAIN_S
        for fd, capture in self.streams.items():
            left = PIPE
            try:
                while (left > 0 or time.monotonic() < limit) and (data := os.read(fd, CHUNK)):
                    capture.write(data)
                    left -= len(data)
            except OSError:
                pass
        for capture in self.kept:
            capture.close()

    def _record(self) -> dict[str, object]:
        ended = self.ended_at if self.ended_at != NEVER else time.monotonic()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        errors = [self.error, *(capture.error for capture in self.kept)]
        said: dict[str, object] = {
            "how": self.how,
            "wall_s": round(ended - self.began, 6),
            "cpu_s": round(used.ru_utime + used.ru_stime, 6),
            "max_rss": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "ended_at": time.time(),
            "swept": len(self.swept),
        }
        if self.limit is not None:
            said["limit"], said["used"] = self.limit, self.used
        if os.WIFSIGNALED(self.status):
            said["signal"] = os.WTERMSIG(self.status)
        elif self.main and self.ended_at != NEVER:
            said["code"] = os.WEXITSTATUS(self.status)
        said["error"] = "; ".join(filter(None, errors))[:1500]
        for name, capture in zip(("stdout", "stderr"), self.kept, strict=False):
            said[name] = capture.record()
        return said


def noted(number: int, frame: object) -> None:
    """Do nothing: the number has been written to the pipe that the shim polls."""
