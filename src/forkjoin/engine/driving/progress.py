"""What running attempts say: their last action, thinned, what they use of the caps of their tasks, and of limits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from forkjoin.agents import Action, Dialect, Meter, Trouble, dated, limit_of
from forkjoin.backends import Output
from forkjoin.engine.attempts.underway import Key
from forkjoin.model import Limited, Progress, Task, TaskId, Usage
from forkjoin.model.text import one_line

_WIDTH = 200  # of an action
_ACTION_S = 0.5  # at most one `Progress` a task in this time
_LIMIT_S = 5.0  # at most one `Limited` of an agent that does not say how long it waits
_LONGEST_WAIT_S = 7 * 86_400.0  # of an agent for its provider: more than that is not believed
_LONGEST_LINE = 1024 * 1024  # a longer line is cut there


def _nothing(_: Key) -> None: ...


class Actions:
    """Frames output into lines (on LF only), asks the dialect what they say, and thins that to a line now and then.

    *before* says which part of an attempt's sums an earlier one of its session has used.
    """

    def __init__(self, speaker: Callable[[TaskId], Dialect], before: Callable[[Key], Usage | None] = _nothing) -> None:
        self._speaker, self._before = speaker, before
        self._meters: dict[Key, Meter] = {}
        self._rest: dict[Key, bytes] = {}
        self._told: dict[Key, float] = {}
        self._last: dict[Key, str] = {}
        self._used: dict[Key, Usage] = {}
        self._limits: dict[Key, list[Limited]] = {}
        self._limited: dict[Key, float] = {}

    def heard(self, output: Output, now: float) -> tuple[Progress | Limited, ...]:
        """Return what to tell about new output: nothing where there is nothing new, or too soon."""
        key = (output.task, output.attempt)
        *lines, rest = (self._rest.get(key, b"") + output.data).split(b"\n")
        self._rest[key] = rest[:_LONGEST_LINE]
        action = ""
        for line in lines:
            action = self._action(key, line[:_LONGEST_LINE], now) or action
        limited, usage = self._sent_away(key, now), self._new_usage(key)
        early = now - self._told.get(key, 0.0) < _ACTION_S
        if usage is None and (not action or early):
            return limited
        self._told[key], self._last[key] = now, action or self._last.get(key, "")
        told = Progress(task=output.task, attempt=output.attempt, text=self._last[key], bytes=output.total, usage=usage)
        return (told, *limited)

    def over(self, task: Task, attempt: int) -> str:
        """Return which cap of its task an attempt has reached; "" where none."""
        meter = self._meters.get((task.id, attempt))
        return meter.over(task) if meter is not None else ""

    def _action(self, key: Key, line: bytes, now: float) -> str:
        action = ""
        with suppress(Exception):  # a dialect may be anybody's code, and a line of the board is not worth a run
            if key not in self._meters:
                self._meters[key] = Meter(before=self._before(key))
            meter = self._meters[key]
            for said in self._speaker(key[0]).parse(line):
                meter.take(said)
                limit = limit_of(dated(said, now=now)) if isinstance(said, Trouble) and said.retrying else None
                if limit is not None and isinstance(said, Trouble):
                    waits = None if said.delay_s is None else min(said.delay_s, _LONGEST_WAIT_S)
                    self._limits.setdefault(key, []).append(
                        Limited(task=key[0], attempt=key[1], limit=limit, waits=waits, number=meter.waits)
                    )
                action = one_line(said.text, _WIDTH) if isinstance(said, Action) and said.text else action
        return action

    def _new_usage(self, key: Key) -> Usage | None:
        """Return what it has used so far, where that is more than was told."""
        meter = self._meters.get(key)
        if meter is None or meter.usage is None or meter.usage == self._used.get(key):
            return None
        self._used[key] = meter.usage
        return meter.usage

    def _sent_away(self, key: Key, now: float) -> tuple[Limited, ...]:
        """Return that its provider would not take a request of an agent that tries again by itself, now and then."""
        found = self._limits.pop(key, [])
        told = tuple(one for one in found if one.waits is not None)  # each of them counts in the account
        if told or not found or now - self._limited.get(key, 0.0) < _LIMIT_S:
            return told
        self._limited[key] = now
        return (found[-1],)

    def forget(self, key: Key) -> None:
        """Drop what is kept of an ended attempt."""
        self._rest.pop(key, None)
        self._told.pop(key, None)
        self._meters.pop(key, None)
        for kept in (self._limits, self._limited, self._used, self._last):
            kept.pop(key, None)
