"""Where each attempt of a run is, from its start to its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from forkjoin.model import Place, TaskId

Key: TypeAlias = tuple[TaskId, int]


@dataclass
class Underway:
    """Changed in the loop's thread, but for `kept`; threads only look.

    `places` is where attempts work, `stopping` why one is to end, `capped`: for a cap that it has reached. `opening`:
    its workspace is not there yet. `between`: the next owner could not find it, before its process is there, or while
    it is harvested. `living`: it was started, or taken over, and has no record yet. `calls`: it is a call in this
    process. `kept`: its workspace is that of an earlier attempt, as it was left.
    """

    places: dict[Key, Place] = field(default_factory=dict)
    stopping: dict[Key, str] = field(default_factory=dict)
    capped: set[Key] = field(default_factory=set)
    opening: set[Key] = field(default_factory=set)
    between: set[Key] = field(default_factory=set)
    living: set[Key] = field(default_factory=set)
    calls: set[Key] = field(default_factory=set)
    kept: set[Key] = field(default_factory=set)

    def recorded(self, key: Key) -> None:
        """Take note that its record was made: nothing more is to be known of it, but where it worked."""
        self.stopping.pop(key, None)
        for those in (self.capped, self.between, self.living, self.calls, self.kept):
            those.discard(key)
