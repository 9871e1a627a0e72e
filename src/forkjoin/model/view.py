"""A run as people and programs see it: a fold of its events."""

from __future__ import annotations

from typing import Literal

from forkjoin.model.account import Hold, Try
from forkjoin.model.base import RunId, TaskId, Value
from forkjoin.model.event import Text
from forkjoin.model.limit import Limits, Pause
from forkjoin.model.plan import Edge
from forkjoin.model.task import Budget, Task
from forkjoin.model.usage import Usage
from forkjoin.model.workspace import Changes, Place

TaskState = Literal[
    "queued", "limited", "starting", "running", "completed", "needs_input", "failed", "timed_out", "stopped", "lost",
    "blocked", "skipped",
]  # fmt: skip
RunState = Literal["queued", "running", "completed", "failed", "stopped"]
ENDED: frozenset[str] = frozenset(
    ("completed", "needs_input", "failed", "timed_out", "stopped", "lost", "blocked", "skipped")
)


class Met(Value, frozen=True, kw_only=True):
    """Another task that changed the same files while both ran."""

    task: TaskId
    paths: tuple[str, ...]


class TaskView(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One task as it stands. Times are Unix seconds; `why` says why it waits, or the reason of its end.

    `launched` = it left the queue; `started` = its process was there (both of its first attempt, retries included).
    `tries` has the times of each attempt since it was last asked for, `earlier` those of attempts before. `landed` says
    where its changes are: a branch, or a folder of patches that they were exported to; `landed_as` is the commit there,
    and where somebody took only a part, `landed_without` names the other files, `landed_parts` commits of before.
    One that is `limited` waits for its `provider`, which sent it away, till `until`; so does one that has not begun,
    where that is not None.
    """

    task: Task
    number: int
    state: TaskState = "queued"
    why: str = ""
    kind: str = ""  # of a failure
    attempt: int = 0
    ready: float | None = None
    launched: float | None = None
    started: float | None = None
    ended: float | None = None
    action: str = ""
    output_bytes: int = 0
    pid: int = 0
    place: Place | None = None
    answer: Text = Text()
    value: Text = Text()
    usage: Usage = Usage()
    changes: Changes = Changes()
    session: str = ""  # under which its agent can go on
    findings: int = 0
    landed: str = ""
    landed_as: str = ""
    landed_without: tuple[str, ...] = ()
    landed_parts: tuple[str, ...] = ()
    waits_for: tuple[TaskId, ...] = ()
    waits_for_others: tuple[str, ...] = ()  # tasks of other runs, as RUN/TASK
    tries: tuple[Try, ...] = ()
    earlier: tuple[Try, ...] = ()
    waits: tuple[Hold, ...] = ()  # times in which it waited for other runs
    limits: tuple[Hold, ...] = ()  # times in which its agent waited for its provider
    provider: str = ""  # whose limits it meets
    until: float | None = None
    overlaps: tuple[Met, ...] = ()  # seen while its last attempt ran
    halted: str = ""  # why its processes stand still now
    halts: tuple[Hold, ...] = ()  # times in which they stood still

    @property
    def id(self) -> TaskId:
        """The task's id."""
        return self.task.id

    @property
    def unlanded(self) -> bool:
        """Whether it has changes that are nowhere but in the run; a replay only shows those of its recording."""
        return bool(self.changes.commit) and (not self.landed or bool(self.landed_without))

    def seconds(self, now: float) -> float:
        """How long it has run, or ran."""
        return 0.0 if self.started is None else max(0.0, (self.ended or now) - self.started)

    def worked(self, now: float) -> float:
        """How much of that an attempt of it ran, and was not made to stand still."""
        stood = sum((now if halt.ended is None else halt.ended) - halt.started for halt in self.halts)
        return max(0.0, self.seconds(now) - stood - self._between(now))

    def _between(self, now: float) -> float:
        """How long none of its attempts ran: it waited for its provider, or to be tried again."""
        begun = (*(one.started for one in self.tries[1:]), self.ended)
        return sum(
            max(0.0, (now if at is None else at) - one.ended)
            for one, at in zip(self.tries, begun, strict=False)
            if one.ended is not None
        )


class RunView(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One run as it stands. `seq` is its last event; what the tasks in `unknown` would write was not known before.

    `holds` are the times in which launches waited for memory or disk, or nobody drove the run, `pauses` those in which
    they waited for a provider; in its `rests` it was over, until somebody asked for more. `slots`, `cores`
    and `limits` are its caps; tasks of one group of `kin` do the same work.
    """

    run: RunId
    name: str
    goal: str
    state: RunState
    started: float
    ended: float | None
    tree: str
    repository: str
    tasks: tuple[TaskView, ...]
    edges: tuple[Edge, ...]
    seq: int
    detached: bool = False
    joined: bool = False
    held: str = ""
    findings: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""
    unknown: tuple[TaskId, ...] = ()
    holds: tuple[Hold, ...] = ()
    pauses: tuple[Pause, ...] = ()
    rests: tuple[Hold, ...] = ()
    kin: tuple[tuple[TaskId, ...], ...] = ()
    slots: int | None = None
    cores: float = 1.0
    limits: Limits | None = None
    budget: Budget | None = None
    lines: Text | None = None  # what stood where findings are, as `Joined` has it

    def seconds(self, now: float) -> float:
        """How long it has run, or ran, without its rests."""
        rested = sum((now if rest.ended is None else rest.ended) - rest.started for rest in self.rests)
        return max(0.0, (self.ended or now) - self.started - rested)

    @property
    def unlanded(self) -> tuple[TaskView, ...]:
        """The tasks with changes that are nowhere but in the run."""
        return tuple(task for task in self.tasks if task.unlanded)

    @property
    def landable(self) -> bool:
        """Whether `forkjoin land` has something to do: changes, and a git repository to land them in."""
        return self.repository != self.tree and bool(self.unlanded)

    def task(self, task: str) -> TaskView | None:
        """Return the task of that id or number, None where there is none."""
        return next((v for v in self.tasks if v.id == task or str(v.number) == task), None)
