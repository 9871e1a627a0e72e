"""Serving the one client at standard input and output: greeted at once, served as soon as the package is loaded."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from forkjoin.errors import CannotHere
from forkjoin.interfaces.mcp.calling import warm_up
from forkjoin.interfaces.mcp.giving_way import giving_way
from forkjoin.interfaces.mcp.greeting import Greeting
from forkjoin.model.text import without_halves
from forkjoin.tools import Host, Names, toolset

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import Server

_MOST_LINES: Final = 64  # that wait for the server; the client waits with the next


def serve_stdio(host: Host, *, names: Names) -> None:
    """Serve the client until it leaves. What it launched goes on."""
    # Ctrl-C ends the process at once: its thread that reads standard input could not be interrupted otherwise.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        reading, writing = _claimed(0, os.open(os.devnull, os.O_RDONLY), "rb"), _claimed(1, os.dup(2), "wb")
    except OSError as error:
        raise CannotHere(f"standard input, output or error is closed: {error.strerror}") from error
    door = Door(reading, writing, Greeting(host, toolset(host=host, names=names)))
    threading.Thread(target=door.read, name="stdin", daemon=True).start()
    with _loading():
        warm_up()  # first of all: a launch is answered before the package is there
        with giving_way(door.turn):
            from forkjoin.interfaces.mcp.server import made_server

            server = made_server(host, names=names)
    gc.freeze()
    try:
        asyncio.run(_served(server, door))
    except* BrokenPipeError:
        pass  # the client has left without closing its other end: nobody hears what we say


@contextmanager
def _loading() -> Iterator[None]:
    """Load in here while the door answers: whoever answers gets the interpreter ten times as fast as by default."""
    slice_s = sys.getswitchinterval()
    sys.setswitchinterval(slice_s / 10)
    gc.disable()  # loading makes thousands of classes and frees next to nothing
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(slice_s)


async def _served(server: Server[Any], door: Door) -> None:
    from mcp.server.stdio import stdio_server

    door.open()
    async with stdio_server(cast("Any", door), cast("Any", door)) as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


class Door:
    """The client's lines: the first are answered by the greeting, all others wait for the server.

    To the package it is both of its text files: it iterates the lines, and writes whole ones.
    """

    def __init__(self, reading: BinaryIO, writing: BinaryIO, greeting: Greeting) -> None:
        self._reading, self._writing, self._greeting = reading, writing, greeting
        self._lines: asyncio.Queue[bytes] = asyncio.Queue(_MOST_LINES)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[bytes] = []
        self._opened = threading.Event()
        self.turn = threading.Lock()  # of who answers: each line is answered or kept before the server opens
        self._drop: str | int | None = None

    def read(self) -> None:
        """Read lines to the end, in a thread of its own; a client that hears no answer any more has left, too."""
        with suppress(BrokenPipeError):
            # A line with half a pair in it would be dropped by the package, and its client wait for ever.
            for line in map(without_halves, self._reading):
                if not self._greet(line):
                    self._hand_on(line)
        self._hand_on(b"")

    def open(self) -> None:
        """Let the server have all lines from here on; called in its loop."""
        with self.turn:
            self._loop = asyncio.get_running_loop()
            self._drop = self._greeting.greeted
        self._opened.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        for line in self._early:
            if not line:
                return
            yield line.decode("utf-8", "replace")
        while line := await self._lines.get():
            yield line.decode("utf-8", "replace")

    async def write(self, text: str) -> None:
        """Write a line of the server's; not the one that answers what was answered already."""
        if self._drop is not None and (said := json.loads(text)).get("id") == self._drop and "method" not in said:
            self._drop = None
            return
        await asyncio.to_thread(self._write, text.encode())

    async def flush(self) -> None:
        """Each line is flushed as it is written."""

    def _greet(self, line: bytes) -> bool:
        """Answer a line before the server is there, or keep it; return False for one that the server may have."""
        with self.turn:
            if self._loop is not None:
                return False
            before = self._greeting.greeted
            answer = self._greeting.answer(line)
            if answer is None or self._greeting.greeted != before:  # the server, too, must know who the client is
                self._early.append(line)
            if answer is not None:
                self._write(answer)
        if len(self._early) >= _MOST_LINES:
            self._opened.wait()
        return True

    def _hand_on(self, line: bytes) -> None:
        with self.turn:
            loop = self._loop
            if loop is None:
                self._early.append(line)
                return
        asyncio.run_coroutine_threadsafe(self._lines.put(line), loop).result()

    def _write(self, line: bytes) -> None:
        self._writing.write(line)
        self._writing.flush()


def _claimed(descriptor: int, instead: int, mode: str) -> BinaryIO:
    """Take a standard stream for us alone: who prints, or reads, by its number gets *instead*, children too."""
    own = os.fdopen(os.dup(descriptor), mode, closefd=False)  # a thread may still block on it at the end
    os.dup2(instead, descriptor)
    os.close(instead)
    return cast("BinaryIO", own)
