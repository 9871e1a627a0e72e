"""The last action of each running attempt, from what its output says; thinned."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from forkjoin.agents import Dialect
from forkjoin.backends import Output
from forkjoin.model import Progress, TaskId

_ACTION_S = 0.5  # at most one `Progress` a task in this time
_LONGEST_LINE = 1024 * 1024  # a longer line is cut there


class Actions:
    """Frames output into lines (on LF only), asks the dialect what they say, and thins that to a line now and then."""

    def __init__(self, speaker: Callable[[TaskId], Dialect]) -> None:
        self._speaker = speaker
        self._rest: dict[tuple[TaskId, int], bytes] = {}
        self._told: dict[tuple[TaskId, int], float] = {}

    def heard(self, output: Output, now: float) -> tuple[Progress, ...]:
        """Return what to tell about new output: nothing where there is nothing new, or too soon."""
        key = (output.task, output.attempt)
        *lines, rest = (self._rest.get(key, b"") + output.data).split(b"\n")
        self._rest[key] = rest[:_LONGEST_LINE]
        action = ""
        for line in lines:
            action = self._action(output.task, line[:_LONGEST_LINE]) or action
        if not action or now - self._told.get(key, 0.0) < _ACTION_S:
            return ()
        self._told[key] = now
        return (Progress(task=output.task, attempt=output.attempt, text=action, bytes=output.total),)

    def _action(self, task: TaskId, line: bytes) -> str:
        action = ""
        with suppress(Exception):  # a dialect may be anybody's code, and a line of the board is not worth a run
            for said in self._speaker(task).parse(line):
                action = said.action or action
        return action

    def forget(self, key: tuple[TaskId, int]) -> None:
        """Drop what is kept of an ended attempt."""
        self._rest.pop(key, None)
        self._told.pop(key, None)
