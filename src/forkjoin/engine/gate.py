"""The gate before launches: enough memory and disk, looked at once a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from forkjoin.model import Event, Held, Options, Released

MIB = 1024 * 1024
_DISK_FLOOR = 256 * MIB  # below it the records of what already runs may not find room
_Cause = Literal["memory", "disk"]


@dataclass
class Gate:
    """Says when launches must wait and when they may go on; remembers what it said last."""

    folder: Path
    options: Options
    closed: set[_Cause] = field(default_factory=set)

    def look(self) -> Iterator[Event]:
        """Yield `Held` or `Released` where something changed since the last look."""
        yield from self._change("memory", self._memory())
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
        return "" if free >= _DISK_FLOOR else f"{free // MIB} MiB of disk left in the state folder"
