"""The nursery: one small process per run that forks a shim for each request. Run as `python -I -S nursery.py FD`.

A fresh interpreter for each shim would cost some 15 ms of CPU, a fork of this one costs a fraction of a millisecond.
It speaks with its owner by a stream socket: frames of 4 bytes length and a marshalled tuple (both ends are the same
interpreter). It holds the lock of every attempt that is reserved, so that its owner needs no descriptor for one. It
outlives its owner until its last shim has ended, for it takes in the processes of a shim that was killed, and ends
them.
"""

from __future__ import annotations

import gc
import marshal
import os
import resource
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from typing import Any

    from forkjoin.backends import processes, shim, spawn
    from forkjoin.failpoints import reached
else:
    # Each run starts a nursery, and waits for it: what is here and in what it loads does without the modules that cost
    # over a millisecond (signal, socket and re for their enums, contextlib, json, hashlib for OpenSSL).
    import _signal as signal
    import _socket as socket

    # Isolated mode leaves the script's folder out; it and ours above go last, and never shadow the standard library.
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is too dear here
    sys.path += [here, os.path.dirname(here)]  # noqa: PTH120 - as above
    import processes
    import shim
    import spawn
    from failpoints import reached

SWEEP_S = 5.0


def main(fd: int) -> None:
    """Serve the owner at the other end of *fd* until it and every shim are gone."""
    signal.pthread_sigmask(signal.SIG_SETMASK, (*spawn.BLOCKED, *shim.HEARD))
    # A program hears every signal as it would from a terminal of its own, whatever the owner of the run ignores.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGCHLD, *shim.HEARD):
        signal.signal(number, shim.noted)
    os.set_inheritable(fd, False)
    os.chdir("/")
    manners = spawn.Manners(umask=os.umask(spawn.OUR_UMASK), files=resource.getrlimit(resource.RLIMIT_NOFILE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (manners.files[1], manners.files[1]))  # one for each attempt in waiting
    processes.become_subreaper(b"forkjoin-nurse")
    nursery = Nursery(socket.socket(fileno=fd), manners)
    gc.disable()
    gc.freeze()  # the heap stays as it is, so that forks share its pages
    nursery.serve()
    os._exit(0)


class Nursery:
    """The owner's socket and the shims that live."""

    def __init__(self, owner: socket.socket, manners: spawn.Manners) -> None:
        self.owner: socket.socket | None = owner
        self.manners = manners
        self.shims: dict[int, int] = {}
        self.inbox, self.outbox = bytearray(), bytearray()
        self.locks: list[int] = []  # as they came, before the frame that says whose they are
        self.held: dict[str, int] = {}  # by the attempt's folder
        self.todo: list[tuple[dict[str, Any], int]] = []  # what to fork, with its lock
        self.poller = select.poll()
        self.wake, self.wake_in = os.pipe()
        for fd in (self.wake, self.wake_in):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self.wake_in, warn_on_full_buffer=False)
        self.poller.register(self.wake, select.POLLIN)
        owner.setblocking(False)
        self.poller.register(owner, select.POLLIN)

    def serve(self) -> None:
        """Fork and reap until there is nothing left to do."""
        while self.owner is not None or self.shims:
            # What is asked is taken before anything is forked, so that a burst never waits in its owner.
            asked = self.poller.poll(0 if self.todo else None)
            for fd, events in asked:
                self._hear(fd, events)
            if self.todo and not asked:
                self._fork(*self.todo.pop(0))

    def _hear(self, fd: int, events: int) -> None:
        if fd == self.wake:
            os.read(self.wake, 4096)
            self._reap()
            return
        if events & select.POLLOUT:
            self._flush()
        if events & ~select.POLLOUT:
            self._receive()

    def _receive(self) -> None:
        if self.owner is None:
            return
        try:
            room, cloexec = socket.CMSG_SPACE(64), getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            data, ancillary, flags, _ = self.owner.recvmsg(65536, room, cloexec)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary, flags = b"", [], 0
        for _, _, fds in ancillary:
            for at in range(0, len(fds) - 3, 4):
                fd = int.from_bytes(fds[at : at + 4], sys.byteorder)
                os.set_inheritable(fd, False)
                self.locks.append(fd)
        if not data or flags & socket.MSG_CTRUNC:  # a lost lock: which one, nobody can tell
            self._owner_left()
            return
        self.inbox += data
        while len(self.inbox) >= 4 and len(self.inbox) >= 4 + (size := int.from_bytes(self.inbox[:4], "big")):
            frame = bytes(self.inbox[4 : 4 + size])
            del self.inbox[: 4 + size]
            self._do(*marshal.loads(frame))  # noqa: S302 - only its owner has the other end

    def _do(self, what: str, about: Any) -> None:
        if what == "hold":
            self.held[about] = self.locks.pop(0)
        elif what == "drop":
            os.close(self.held.pop(about))
        else:
            self.todo.append((about, self.held.pop(about["folder"])))

    def _owner_left(self) -> None:
        if self.owner is not None:
            self.poller.unregister(self.owner)
            self.owner.close()
            self.owner = None
        for fd in self._all_locks():
            os.close(fd)
        self.locks.clear()
        self.held.clear()
        self.todo.clear()

    def _all_locks(self) -> list[int]:
        return [*self.locks, *self.held.values(), *(lock for _, lock in self.todo)]

    def _fork(self, job: dict[str, Any], lock: int) -> None:
        reached("nursery.forking")
        try:
            pid = os.fork()
        except OSError as error:
            os.close(lock)
            self._tell(("failed", job["id"], f"cannot fork: {error.strerror}"))
            return
        if pid == 0:
            self._leave_for_shim()
            shim.run(job, lock, self.manners)
        os.close(lock)
        self.shims[pid] = job["id"]
        reached("nursery.forked")
        self._tell(("spawned", job["id"], pid, processes.start_of(pid)))

    def _leave_for_shim(self) -> None:
        """Let go, in the new child, of what is the nursery's."""
        signal.set_wakeup_fd(-1)
        for fd in (self.wake, self.wake_in, *self._all_locks()):
            os.close(fd)
        if self.owner is not None:
            self.owner.close()

    def _tell(self, message: tuple[Any, ...]) -> None:
        if self.owner is not None:
            body = marshal.dumps(message)
            self.outbox += len(body).to_bytes(4, "big") + body
            self._flush()

    def _flush(self) -> None:
        """Send what there is to say; an owner that does not listen just now is never waited for."""
        if self.owner is None:
            return
        try:
            while self.outbox:
                del self.outbox[: self.owner.send(self.outbox)]
        except BlockingIOError:
            self.poller.modify(self.owner, select.POLLIN | select.POLLOUT)
        except OSError:
            self._owner_left()
        else:
            self.poller.modify(self.owner, select.POLLIN)

    def _reap(self) -> None:
        ended, orphans = [], False
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid in self.shims:
                    ended.append(self.shims.pop(pid))
                    orphans = orphans or status != 0
        except ChildProcessError:
            pass
        if orphans:
            self._sweep()
        for number in ended:
            reached("nursery.reaped")
            self._tell(("ended", number))

    def _sweep(self) -> None:
        """End what a killed shim left behind: every child of ours that is no shim, and all below it."""
        limit, seen = time.monotonic() + SWEEP_S, set[tuple[int, int]]()
        while time.monotonic() < limit:
            alive = processes.descendants(os.getpid(), without=frozenset(self.shims))
            if not alive:
                return
            processes.end_all(os.getpid(), seen, without=frozenset(self.shims))
            time.sleep(0.002)
            # Only orphans are reaped here: a shim that ends now must be met by the next `_reap`.
            for process in alive:
                try:
                    os.waitpid(process.pid, os.WNOHANG)
                except ChildProcessError:
                    continue


if __name__ == "__main__":
    main(int(sys.argv[1]))
