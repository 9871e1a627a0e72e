"""The owner's end of a nursery: starts it, sends it requests, hears what it says, notices when it is gone."""

from __future__ import annotations

import asyncio
import errno
import marshal
import os
import select
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from forkjoin.private import opener

SCRIPT = Path(__file__).with_name("nursery.py")
CROWDED = (errno.ETOOMANYREFS, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
AGAIN_S = 0.01
MOST_WAITING, MOST_PAUSES, PAUSE_S = 64, 100, 0.01  # locks that wait to be handed over, and how long for

# Nurseries that still look after shims of an owner in this process that has let go; reaped when the next one is closed.
_left_behind: list[subprocess.Popen[bytes]] = []


class _Frame(msgspec.Struct, kw_only=True):
    """A frame on its way: what is still to be sent, the lock that goes with its first byte, the request's number."""

    rest: memoryview
    lock: int = -1
    number: int = 0
    begun: bool = False


@dataclass(kw_only=True, eq=False)
class Nursery:
    """One nursery process.

    *hear* gets each message it sends; *lost* is told that it is gone, and the numbers of requests that never left.
    """

    process: subprocess.Popen[bytes]
    socket: socket.socket
    hear: Callable[[tuple[Any, ...]], None]
    lost: Callable[[Nursery, list[int]], None]
    outbox: deque[_Frame] = field(default_factory=deque)
    inbox: bytearray = field(default_factory=bytearray)
    writing: bool = False
    open: bool = True

    def __post_init__(self) -> None:
        """Listen in the running loop."""
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.socket, self._receive)

    def hold(self, folder: str, lock: int) -> None:
        """Give it the lock of an attempt to hold; ours is closed once it is on its way."""
        self._send(_Frame(rest=_framed("hold", folder), lock=lock))
        patience = MOST_PAUSES
        # A burst of reservations must not use up our descriptors: the nursery takes them within microseconds.
        while self.open and len(self.outbox) > MOST_WAITING and patience:
            writable = select.poll()  # not select: it knows no descriptor above 1,023
            writable.register(self.socket, select.POLLOUT)
            writable.poll(PAUSE_S * 1000)
            self._flush()
            patience -= 1

    def drop(self, folder: str) -> None:
        """Have it let go of a lock."""
        self._send(_Frame(rest=_framed("drop", folder)))

    def start(self, number: int, request: dict[str, Any]) -> None:
        """Have it start an attempt whose lock it holds."""
        self._send(_Frame(rest=_framed("start", request), number=number))

    def _send(self, frame: _Frame) -> None:
        self.outbox.append(frame)
        if not self.writing:
            self._flush()

    async def close(self, *, wait_s: float = 2.0) -> None:
        """Let go of it; where no shim is left it ends by itself, and is reaped."""
        self._shut()
        while wait_s > 0 and self.process.poll() is None:
            await asyncio.sleep(0.002)
            wait_s -= 0.002
        self._close_locks()
        _left_behind.append(self.process)
        _left_behind[:] = [process for process in _left_behind if process.poll() is None]

    def _shut(self) -> None:
        if self.open:
            self.open = False
            self.loop.remove_reader(self.socket)
            self.loop.remove_writer(self.socket)
            self.socket.close()

    def _flush(self) -> None:
        self.writing = False
        try:
            while self.open and self.outbox:
                self._send_some(self.outbox[0])
                if not self.outbox[0].rest:
                    self.outbox.popleft()
        except BlockingIOError:
            self.writing = True
            self.loop.add_writer(self.socket, self._writable)
        except OSError as error:
            if error.errno not in CROWDED:
                self._gone()
                return
            self.writing = True
            self.loop.call_later(AGAIN_S, self._flush)

    def _writable(self) -> None:
        self.loop.remove_writer(self.socket)
        self._flush()

    def _send_some(self, frame: _Frame) -> None:
        if frame.lock < 0:
            sent = self.socket.send(frame.rest)
        else:
            sent = socket.send_fds(self.socket, [frame.rest], [frame.lock])
            os.close(frame.lock)
            frame.lock = -1
        frame.rest, frame.begun = frame.rest[sent:], True

    def _receive(self) -> None:
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.inbox += data
        while len(self.inbox) >= 4 and len(self.inbox) >= 4 + (size := int.from_bytes(self.inbox[:4], "big")):
            message = marshal.loads(bytes(self.inbox[4 : 4 + size]))  # noqa: S302 - it comes from our own process
            del self.inbox[: 4 + size]
            self.hear(message)
        if not data:
            self._gone()

    def _gone(self) -> None:
        if not self.open:
            return
        self._shut()
        self.process.kill()  # it closed its end, so it is of no use any more; its shims live on
        self.process.wait()
        self._close_locks()
        unsent = [frame.number for frame in self.outbox if frame.number and not frame.begun]
        self.outbox.clear()
        self.lost(self, unsent)

    def _close_locks(self) -> None:
        for frame in self.outbox:
            if frame.lock >= 0:
                os.close(frame.lock)
                frame.lock = -1


def _framed(what: str, about: Any) -> memoryview:
    body = marshal.dumps((what, about))
    return memoryview(len(body).to_bytes(4, "big") + body)


def start_nursery(
    log: Path,
    *,
    hear: Callable[[tuple[Any, ...]], None],
    lost: Callable[[Nursery, list[int]], None],
) -> Nursery:
    """Start a nursery in a session of its own, its complaints going to *log*; raise OSError where that fails."""
    ours, its = socket.socketpair()
    try:
        with open(log, "ab", opener=opener) as complaints:
            utf8 = f"utf8={int(bool(sys.flags.utf8_mode))}"  # file names must mean the same at both ends
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", utf8, str(SCRIPT), str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=(its.fileno(),),
                start_new_session=True,
                # An owner that is itself part of an attempt: our nursery is not what that attempt left behind.
                env={name: value for name, value in os.environ.items() if name != "FORKJOIN_ATTEMPT"},
            )
    except OSError:
        ours.close()
        raise
    finally:
        its.close()
    ours.setblocking(False)
    return Nursery(process=process, socket=ours, hear=hear, lost=lost)
