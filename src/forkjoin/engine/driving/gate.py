"""The gate before launches: enough memory and disk, looked at once a second."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from forkjoin.model import Event, Held, Options, Released

MIB = 1024 * 1024
_DISK_FLOOR = 256 * MIB  # below it the records of what already runs may not find room
_TRIED = MIB  # bytes that must find room again once the disk was said to be full, whatever it says is free
_Cause = Literal["memory", "disk"]


class Gate(msgspec.Struct):
    """Says when launches must wait and when they may go on; remembers what it said last."""

    folder: Path
    options: Options
    closed: set[_Cause] = set()
    refused: bool = False

    def refuse(self, detail: str) -> Iterator[Event]:
        """Yield `Held`: something found no room, though the disk may say that there is some (a quota)."""
        self.refused = True
        yield from self._change("disk", detail)

    def look(self) -> Iterator[Event]:
        """Yield `Held` or `Released` where something changed since the last look."""
        yield from self._change("memory", self._memory())
        yield from self.look_at_disk()

    def look_at_disk(self) -> Iterator[Event]:
        """Yield what `look` does, for the disk alone: it costs microseconds."""
        yield from self._change("disk", self._disk())

    def _change(self, cause: _Cause, trouble: str) -> Iterator[Event]:
        if trouble and cause not in self.closed:
            self.closed.add(cause)
            yield Held(cause=cause, detail=trouble)
        elif not trouble and cause in self.closed:
            self.closed.discard(cause)
            yield Released(cause=cause)

    def _memory(self) -> str:
        import psutil  # 15 ms: only a run needs it

        memory = psutil.virtual_memory()
        share = memory.available / memory.total
        if share >= self.options.memory_floor:
            return ""
        return f"{memory.available // MIB} MiB of memory available ({share:.0%})"

    def _disk(self) -> str:
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            return f"the state folder cannot be read: {error.strerror}"
        if free < _DISK_FLOOR:
            return f"{free // MIB} MiB of disk left in the state folder"
        return self._tried() if self.refused else ""

    def _tried(self) -> str:
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(bytes(_TRIED))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return f"the state folder takes no more: {error.strerror}"
        self.refused = False
        return ""
