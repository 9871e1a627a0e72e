"""Where the time went."""

from __future__ import annotations

from typing import Literal

from forkjoin.errors import listed
from forkjoin.model.base import TaskId, Value
from forkjoin.model.durations import spoken
from forkjoin.model.plan import Edge

LostCause = Literal[
    "dependency",  # it needed what another made
    "conflict",  # it and another write the same, or what one of them writes is not known
    "resource",  # another held a named resource
    "cap",  # max_parallel, the cores, or `limits` of an agent, a model, a provider
    "memory",
    "disk",
    "other run",  # a task of another run held what it writes
    "provider limit",  # its provider takes no requests, or not as many at once
    "overlap",  # it stood still until another that changed the same files had ended (--on-overlap pause)
    "set-up",
    "retry",
    "straggler",
    "owner",  # nobody drove the run: its owner was stopped, or gone
    "rest",  # the run was over, until a person asked for more: no loss, and no part of the wall
    "overhead",  # our own: deciding, noticing, joining
]


_BEHIND = ("dependency", "conflict", "resource")  # causes with one that is waited for, and one that waits
_SENTENCES: dict[str, str] = {
    "cap": "waited", "provider limit": "waited", "overlap": "", "straggler": "took"
}  # fmt: skip
_NAMED = 3
_MORE, _MORE_S = 1.1, 0.1  # a wait this much longer than what it cost is said beside that


class Try(Value, frozen=True, kw_only=True):
    """One attempt (Unix time, seconds): it left the queue, its process was there, that ended, we wrote that down."""

    launched: float
    started: float | None = None
    ended: float | None = None
    recorded: float | None = None


class Hold(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of time in which something kept launches, a task or the run back. `ended` None = it still does."""

    cause: LostCause
    started: float
    ended: float | None = None
    detail: str = ""


class Cap(Value, frozen=True, kw_only=True, omit_defaults=True):
    """How many tasks of one agent, model or provider may be live at once. *since* (Unix time): it was learnt then."""

    kind: Literal["agent", "model", "provider"]
    name: str
    most: int
    since: float | None = None


class Span(Value, frozen=True, kw_only=True):
    """When one task could run, ran and ended (Unix time, seconds), and behind whom it waited. None = it never did.

    `launched` = it left the queue: what lies between it and `started` is set-up, not waiting. `edges` say why it is
    behind each of `after`; `tries` are its attempts since it was last asked for, `earlier` those before; `waits` is
    what held it alone, `limits` when its agent waited for a provider, `halts` when its processes were made to stand
    still; `cpu` are the cores it takes, `caps` those that it shares with its likes. Tasks of one `kin` ("" = none) do
    the same work: a fan-out's, or those with the same words; those that completed say how long it takes.
    """

    task: TaskId
    ready: float
    started: float | None
    ended: float | None
    after: tuple[TaskId, ...] = ()
    launched: float | None = None
    edges: tuple[Edge, ...] = ()
    tries: tuple[Try, ...] = ()
    earlier: tuple[Try, ...] = ()
    waits: tuple[Hold, ...] = ()
    limits: tuple[Hold, ...] = ()
    halts: tuple[Hold, ...] = ()
    caps: tuple[Cap, ...] = ()
    estimate: float | None = None
    cpu: float = 0.0
    kin: str = ""
    completed: bool = True


class Timeline(Value, frozen=True, kw_only=True):
    """A run in time: its spans in plan order, what held all of it, and its caps. `ended` None = it still runs.

    In its `rests` it was over, until somebody asked for more.
    """

    started: float
    ended: float | None
    spans: tuple[Span, ...]
    holds: tuple[Hold, ...] = ()
    rests: tuple[Hold, ...] = ()
    slots: int | None = None
    cores: float | None = None


class LostTime(Value, frozen=True, kw_only=True):
    """Seconds of wall time with one cause. `detail` names files, cap or limit; `tasks` who waited for whom.

    `waited` is how long that kept the run waiting in all: more than `seconds` where other work went on meanwhile that
    had to be done anyway.
    """

    cause: LostCause
    seconds: float
    tasks: tuple[TaskId, ...] = ()
    detail: str = ""
    waited: float = 0.0

    @property
    def said(self) -> str:
        """The cause as a sentence's end: `conflict: b waited for a (src/app.py)`."""
        more = self.waited > max(_MORE * self.seconds, self.seconds + _MORE_S)
        return self._sentence + (f", {spoken(self.waited)} in all" if more else "")

    @property
    def _sentence(self) -> str:
        who = listed(self.tasks, _NAMED)
        if self.cause in _BEHIND:
            first, then = self.tasks[0], self.tasks[-1]
            about = f" ({self.detail})" if self.detail else ""
            chain = f" (of {len(self.tasks)} in a row)" if len(self.tasks) > 2 else ""
            return f"{self.cause}: {then} waited for {first}{chain}{about}"
        if self.cause in _SENTENCES and who and self.detail:
            return f"{self.cause}: " + " ".join(filter(None, (who, _SENTENCES[self.cause], self.detail)))
        return ": ".join(filter(None, (self.cause, "; ".join(filter(None, (self.detail, who))))))


class Account(Value, frozen=True, kw_only=True):
    """Wall seconds of the run, the sum of its tasks' seconds, their ratio, and the chain that made the wall time.

    `ideal_s` is what the run would have taken with all tasks side by side and nothing in the way: the longest task.
    Wall is ideal and `lost`, to the second. The `rests`, in which the run was over until somebody asked for more, are
    no part of the wall: wall and rests are the time from its start to its end.
    """

    wall_s: float
    sum_s: float
    speedup: float
    critical_path: tuple[TaskId, ...]
    lost: tuple[LostTime, ...] = ()
    ideal_s: float = 0.0
    rests: tuple[LostTime, ...] = ()
