"""Everything that can happen in a run: a closed union, written to the journal before anything is done about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from forkjoin.model.base import RunId, TaskId, Value, snake
from forkjoin.model.estimate import Estimate
from forkjoin.model.invocation import Exit
from forkjoin.model.landing import LandedTask, LeftOut, RefMove
from forkjoin.model.limit import Limit, Limits
from forkjoin.model.outcome import Outcome
from forkjoin.model.plan import Edge, Plan
from forkjoin.model.scope import Scope
from forkjoin.model.task import Budget
from forkjoin.model.usage import Usage
from forkjoin.model.verdict import Claims, ConflictKind
from forkjoin.model.workspace import Base, Changes, Place


class _Event(Value, frozen=True, kw_only=True, tag_field="kind", tag=snake, omit_defaults=True):
    """Base of the cases."""


class Text(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A text of any length: kept inline when short, else by the sha256 of its UTF-8 bytes in the journal's blobs.

    `length` is in characters.
    """

    inline: str = ""
    blob: str = ""
    length: int = 0


class Replay(Value, frozen=True, kw_only=True, omit_defaults=True):
    """The run is a replay of *run*, whose recording lies in its folder; *speed* 2 = twice as fast, 0 = no waiting."""

    run: RunId
    speed: float = 1.0


OnOverlap = Literal["note", "pause", "stop"]  # what follows where living tasks change the same file


class Options(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What the caller set for the whole run, beside the plan. `depth` is how deep this run is nested (0 = not)."""

    max_parallel: int | None = None
    fail_fast: bool = False
    cores: float = 1.0
    detached: bool = False
    base: str = "snapshot"  # snapshot | HEAD | a ref
    fail_on: str = ""
    memory_floor: float = 0.10  # share of memory that must be available to launch another
    depth: int = 0
    replay: Replay | None = None
    on_overlap: OnOverlap = "note"
    limits: Limits = Limits()
    budget: Budget | None = None
    resolves: RunId = RunId("")  # the run whose conflict this one puts right: nobody means it by "the latest run"


class Planned(_Event, frozen=True, kw_only=True):
    """The first event: the plan as it will run, its order, and the tree (absolute path) it runs on."""

    run: RunId
    plan: Plan
    edges: tuple[Edge, ...]
    claims: tuple[Claims, ...]
    tree: str
    repository: str  # the git common directory, or the tree where there is none: runs of one repository meet by it
    options: Options
    version: str
    notes: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    subdir: str = ""  # the tree's place in its repository, "" at the top
    scope: Scope = Scope()
    estimates: tuple[Estimate, ...] = ()  # which of the plan's were learnt, and where
    providers: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it; whose limits an agent meets, by `waits_at`
    kin: tuple[tuple[TaskId, ...], ...] = ()  # the tasks of each fan-out


class Owned(_Event, frozen=True, kw_only=True):
    """A process took the run: its pid, start time (clock ticks since boot) and boot id."""

    pid: int
    start: int
    boot: str
    attached: bool


class BaseTaken(_Event, frozen=True, kw_only=True):
    """What writers start from was fixed."""

    base: Base


class Starting(_Event, frozen=True, kw_only=True):
    """An attempt is about to start; written before its workspace, lock or process exist."""

    task: TaskId
    attempt: int


class Running(_Event, frozen=True, kw_only=True):
    """The attempt's process is there (pid of its shim; 0 for an in-process call)."""

    task: TaskId
    attempt: int
    place: Place | None = None
    pid: int = 0
    start: int = 0


class Progress(_Event, frozen=True, kw_only=True):
    """What an attempt last did, in a line; may be thinned. `bytes` is its output so far, `usage` what it used."""

    task: TaskId
    attempt: int
    text: str
    bytes: int = 0
    usage: Usage | None = None


class Limited(_Event, frozen=True, kw_only=True):
    """The provider of a live attempt took no request of it; the agent tries again by itself.

    Where it says how long it *waits* until then (seconds), this is the *number*-th such wait of the attempt.
    """

    task: TaskId
    attempt: int
    limit: Limit
    waits: float | None = None
    number: int = 0


class Overlapped(_Event, frozen=True, kw_only=True):
    """Two attempts that run have changed the same files, in trees of their own; *task* is the later in the plan."""

    task: TaskId
    attempt: int
    first: TaskId
    paths: tuple[str, ...]


class Halted(_Event, frozen=True, kw_only=True):
    """The attempt's processes are about to be made to stand still."""

    task: TaskId
    attempt: int
    reason: str


class Continued(_Event, frozen=True, kw_only=True):
    """They are about to go on."""

    task: TaskId
    attempt: int
    reason: str


class Ended(_Event, frozen=True, kw_only=True):
    """The terminal record of an attempt (attempt 0: it never started). `again` = another attempt follows.

    `limit` is set where its provider would take no more requests. `repair`: the other attempt is one turn to put right
    an answer that does not meet the output contract; it costs no retry. `unbegun`: nothing of it has run, so it costs
    no retry either, and its task goes on with what it had.
    """

    task: TaskId
    attempt: int
    outcome: Outcome
    answer: Text = Text()
    value: Text = Text()  # JSON of the structured answer, where the output contract asks for one
    usage: Usage = Usage()
    changes: Changes = Changes()
    exit: Exit | None = None
    place: Place | None = None
    session: str = ""
    findings: int = 0  # how many `value` holds, where the output is findings
    again: bool = False
    limit: Limit | None = None
    repair: bool = False
    unbegun: bool = False


class StopAsked(_Event, frozen=True, kw_only=True):
    """Somebody, maybe another process, asks to stop one task ("" = all). `how`: term = ask, then end; kill = now."""

    task: TaskId
    reason: str
    how: Literal["term", "kill"] = "term"


class RetryAsked(_Event, frozen=True, kw_only=True):
    """Somebody asks to run an ended task again: in its agent's session where it left one, unless *fresh*.

    A *message* makes it a follow-up: the agent is told that and no more. *budget* takes the place of the run's, and of
    the task's where it has one.
    """

    task: TaskId
    force: bool = False
    message: Text = Text()
    fresh: bool = False
    budget: Budget | None = None

    @property
    def followup(self) -> bool:
        """Whether it is a message to the task's agent."""
        return self.message.length > 0


class Other(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A task of another run (none named: the run as a whole) that one of ours waits for, and over what."""

    run: RunId
    task: TaskId = TaskId("")
    kind: ConflictKind = "write-write"
    paths: tuple[str, ...] = ()


class Awaited(_Event, frozen=True, kw_only=True):
    """A queued task waits until these tasks of other runs have ended; what was said of it before holds no more."""

    task: TaskId
    others: tuple[Other, ...]


class Freed(_Event, frozen=True, kw_only=True):
    """A queued task waits for no other run (any more); `note` says where that could not be looked at."""

    task: TaskId
    note: str = ""


class Held(_Event, frozen=True, kw_only=True):
    """Launches wait: not enough memory, or disk."""

    cause: Literal["memory", "disk"]
    detail: str


class Released(_Event, frozen=True, kw_only=True):
    """Launches go on."""

    cause: Literal["memory", "disk"]


class Paused(_Event, frozen=True, kw_only=True):
    """Nothing is started at a provider before *until* (Unix time), and then at most *at_once* tasks at a time.

    *number* counts the pauses of that provider: what was started before it says nothing new about it.
    """

    provider: str
    until: float
    number: int
    at_once: int | None = None
    reason: str = ""


class Lifted(_Event, frozen=True, kw_only=True):
    """Launches at a provider go on."""

    provider: str


class StoodStill(_Event, frozen=True, kw_only=True):
    """The owner found that it had stood still from *since* until *until* (Unix time): nobody drove the run."""

    since: float
    until: float


class Joined(_Event, frozen=True, kw_only=True):
    """The report was made; findings by severity, worst first.

    `lines` is JSON, {path: {line: its text}}: what stood where findings are, by which they are known again.
    """

    findings: tuple[tuple[str, int], ...] = ()
    lines: Text | None = None


class Closed(_Event, frozen=True, kw_only=True):
    """The run is over: nothing of it runs any more."""

    state: Literal["completed", "failed", "stopped"]
    reason: str = ""


class LandBegun(_Event, frozen=True, kw_only=True):
    """Changes are about to be put on branches of the user's repository, all these refs at once or none of them."""

    refs: tuple[RefMove, ...]
    tasks: tuple[LandedTask, ...]


class Landed(_Event, frozen=True, kw_only=True):
    """They are there; what was left out, and why. `where` is the branch (or the first of several)."""

    where: str
    refs: tuple[RefMove, ...]
    tasks: tuple[LandedTask, ...]
    left_out: tuple[LeftOut, ...] = ()


class Exported(_Event, frozen=True, kw_only=True):
    """Changes were written as patches into a folder (absolute) of the user's."""

    tasks: tuple[LandedTask, ...]
    folder: str


Event: TypeAlias = (
    Planned | Owned | BaseTaken | Starting | Running | Progress | Limited | Overlapped | Halted | Continued | Ended
    | Paused | Lifted | StoodStill
    | StopAsked | RetryAsked | Awaited | Freed | Held | Released | Joined | Closed
    | LandBegun | Landed | Exported
)  # fmt: skip


class Recorded(Value, frozen=True, kw_only=True):
    """An event as the journal has it: its number (from 1, rising) and when (Unix time)."""

    seq: int
    at: float
    event: Event
