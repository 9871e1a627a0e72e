"""What a board remembers of each task, and the moves between its states; nothing here decides."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Budget, Edge, Options, Plan, Task, TaskId
from forkjoin.scheduling.commands import StopHow
from forkjoin.scheduling.lanes import Group, Lane, lanes_of
from forkjoin.scheduling.limits import Limits, limits
from forkjoin.scheduling.purse import Purse

# Where a task is, as far as starting and stopping it goes.
At: TypeAlias = Literal["queued", "starting", "running", "ended"]


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task must not go on; `everyone` = it was not asked of this task by name."""

    how: StopHow
    reason: str
    everyone: bool


class Slot(msgspec.Struct, kw_only=True):
    """One task on the board.

    `waiting` counts the edges into a *queued* task whose first task has not ended; `failed` are the tasks it needs
    that ended and did not complete. `key` is its place among the ready ones. `state` is the word of its outcome.
    """

    task: TaskId
    number: int
    need: int
    key: tuple[float, int]
    lane: Lane
    before: list[tuple[int, bool]] = []
    behind: list[tuple[int, bool]] = []
    at: At = "queued"
    attempt: int = 0
    waiting: int = 0
    failed: set[int] = set()
    state: str = ""
    root: str = ""  # of a blocked task: what started it all, in words
    stop: Stop | None = None
    claims: bool = False  # other runs must know of it before it starts
    elsewhere: bool = False  # it waits for another run, or until it is known whether it must
    asked: StopHow | None = None  # the last `End` sent to the live attempt
    paused_before: int = 0  # number of its provider's last pause when its attempt was launched
    capped: bool = False  # the live attempt was told to end, for the budget is used up
    spared: int = 0  # attempts that cost it no retry: sent away by its provider, a turn to put right, none that ran
    sent_away: int = 0  # those since it was last asked for

    @property
    def live(self) -> bool:
        return self.at in ("starting", "running")

    @property
    def word(self) -> str:
        """How it ended, as what follows its name in a sentence."""
        said = self.state.replace("_", " ")
        return f"was {said}" if self.state in ("lost", "stopped", "skipped", "blocked") else said


class Store(msgspec.Struct, kw_only=True):
    """All tasks of a run. Owned by one board at a time; every move costs the task's own edges, never the tasks.

    `touched` are the tasks that the next dispatch must look at, `told` the providers.
    """

    limits: Limits
    slots: list[Slot]
    numbers: dict[TaskId, int]
    queued: set[int]
    live: set[int] = set()
    touched: set[int] = set()
    lanes: list[Lane]
    providers: dict[str, Group]
    told: set[str] = set()
    purse: Purse
    cores_used: int = 0
    unclaimed: set[int] = msgspec.field(
        default_factory=set
    )  # back in the queue, and nobody was asked to claim for them yet
    held: set[str] = set()
    tripped: bool = False  # fail_fast has struck
    finished: bool = False

    def find(self, task: TaskId) -> Slot | None:
        number = self.numbers.get(task)
        return None if number is None else self.slots[number]

    def push(self, slot: Slot) -> None:
        heapq.heappush(slot.lane.heavy if slot.need else slot.lane.light, slot.key)

    def ready(self, number: int) -> bool:
        slot = self.slots[number]
        return slot.at == "queued" and not slot.waiting and not slot.elsewhere

    def go_live(self, slot: Slot, attempt: int, at: At) -> None:
        """Take a task out of the queue (or back from its end) into *attempt*."""
        if slot.at == "ended":
            self._reopen(slot)
        if not slot.live:
            self.queued.discard(slot.number)
            self.live.add(slot.number)
            self.cores_used += slot.need
            for group in slot.lane.groups:
                group.live += 1
        if (own := self.providers.get(slot.lane.provider)) is not None:
            slot.paused_before = own.number
        slot.at, slot.attempt, slot.asked, slot.elsewhere, slot.capped = at, attempt, None, False, False

    def end(self, slot: Slot, state: str) -> None:
        """Put a task to its end, and tell those behind it."""
        self._leave_live(slot)
        self.queued.discard(slot.number)
        slot.at, slot.state, slot.stop = "ended", state, None
        for number, needs in slot.behind:
            then = self.slots[number]
            if then.at == "queued":
                then.waiting -= 1
                if needs and state != "completed":
                    then.failed.add(slot.number)
                if not then.waiting or then.failed:
                    self.touched.add(number)

    def queue(self, slot: Slot) -> None:
        """Put a task (back) into the queue; what it waits for is counted afresh."""
        if slot.at == "ended":
            self._reopen(slot)
        self._leave_live(slot)
        slot.at, slot.state, slot.root = "queued", "", ""
        self.queued.add(slot.number)
        first = [(self.slots[number], needs) for number, needs in slot.before]
        slot.waiting = sum(other.at != "ended" for other, _ in first)
        slot.failed = {
            other.number for other, needs in first if needs and other.at == "ended" and other.state != "completed"
        }
        if slot.claims:
            slot.elsewhere = True
            self.unclaimed.add(slot.number)
        self.touched.add(slot.number)

    def _leave_live(self, slot: Slot) -> None:
        if slot.live:
            self.live.discard(slot.number)
            self.cores_used -= slot.need
            for group in slot.lane.groups:
                group.live -= 1

    def _reopen(self, slot: Slot) -> None:
        """Make those still queued behind an ended task wait for it again."""
        self.finished = False
        slot.at, slot.state = "queued", ""
        for number, _ in slot.behind:
            then = self.slots[number]
            if then.at == "queued":
                then.waiting += 1
                then.failed.discard(slot.number)


def new_store(
    plan: Plan,
    edges: Sequence[Edge],
    options: Options,
    claiming: Collection[TaskId] = (),
    providers: Mapping[str, str] | None = None,
) -> Store:
    """Return all tasks queued, the claims of *claiming* made; *providers* as `Planned` has them.

    Raises PlanError for a task named twice, an edge to an unknown one, or a circle.
    """
    caps = limits(plan, options)
    numbers = {task.id: number for number, task in enumerate(plan.tasks)}
    if len(numbers) != len(plan.tasks):
        raise PlanError("two tasks have the same id", next_step="give each task its own id")
    lanes, mine, theirs = lanes_of(plan, options.limits, providers or {})
    slots = [
        Slot(task=task.id, number=number, need=caps.need(task), key=(0.0, number), lane=mine[number])
        for number, task in enumerate(plan.tasks)
    ]
    for edge in edges:
        if edge.first not in numbers or edge.then not in numbers:
            raise PlanError(f"the order names a task that is not in the plan: {edge.first} -> {edge.then}")
        first, then = numbers[edge.first], numbers[edge.then]
        slots[first].behind.append((then, edge.needs_success))
        slots[then].before.append((first, edge.needs_success))
        slots[then].waiting += 1
    for task in claiming:
        slots[numbers[task]].claims = True
    for slot, tail in zip(slots, _tails(plan.tasks, slots), strict=True):
        slot.key = (-tail, slot.number)
    everything = set(range(len(slots)))
    return Store(
        limits=caps, slots=slots, numbers=numbers, queued=everything, touched=set(everything), lanes=lanes,
        providers=theirs, purse=Purse(budget=options.budget or Budget()),
    )  # fmt: skip


def _tails(tasks: Sequence[Task], slots: Sequence[Slot]) -> list[float]:
    """Return for each task the estimated seconds of the longest chain that begins with it.

    A task without an estimate counts as the middle one of those that have one; where none has, each counts 1.
    """
    known = sorted(task.estimate for task in tasks if task.estimate is not None)
    usual = known[len(known) // 2] if known else 1.0
    tails = [usual if task.estimate is None else task.estimate for task in tasks]
    for number in reversed(_in_order(slots)):
        if behind := slots[number].behind:
            tails[number] += max(tails[then] for then, _ in behind)
    return tails


def _in_order(slots: Sequence[Slot]) -> list[int]:
    """Return every task behind all that it waits for; raise PlanError for a circle."""
    order = [slot.number for slot in slots if not slot.waiting]
    left = [slot.waiting for slot in slots]
    for number in order:  # grows while it is read
        for behind, _ in slots[number].behind:
            left[behind] -= 1
            if not left[behind]:
                order.append(behind)
    if len(order) != len(slots):
        stuck = ", ".join(slot.task for slot in slots if left[slot.number])
        raise PlanError(f"tasks wait for one another in a circle: {stuck[:400]}", next_step="break it in `after`")
    return order
