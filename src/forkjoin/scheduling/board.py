"""The scheduler: `step(board, events)` gives the next board and the commands that follow. It never sleeps or spawns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from forkjoin.model import Edge, Ended, Event, Options, Plan, Task, TaskId
from forkjoin.scheduling.commands import Command
from forkjoin.scheduling.dispatch import dispatch
from forkjoin.scheduling.fold import fold
from forkjoin.scheduling.limits import retries_left
from forkjoin.scheduling.pausing import sent_away
from forkjoin.scheduling.slots import Store, new_store


class Board:
    """Where every task of a run stands. It is spent by the `step` it is given to: reading it then raises RuntimeError.

    (The states are handed on, not copied: a turn costs its events, never the tasks.)
    """

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store: Store | None = store

    @property
    def queued(self) -> int:
        """How many tasks have not started, or will start again."""
        return len(self._open().queued)

    @property
    def live(self) -> int:
        """How many tasks are starting or running."""
        return len(self._open().live)

    @property
    def finished(self) -> bool:
        """Whether every task has ended and `Finish` was said."""
        return self._open().finished

    def attempt(self, task: TaskId) -> int:
        """Return the number of the task's last attempt, 0 before its first; KeyError for an unknown task."""
        store = self._open()
        return store.slots[store.numbers[task]].attempt

    def states(self) -> dict[TaskId, str]:
        """Return each task's state in plan order: `queued`, `starting`, `running`, or the word of its outcome."""
        return {slot.task: slot.state if slot.at == "ended" else slot.at for slot in self._open().slots}

    def goes_on(self, task: Task, ended: Ended) -> bool:
        """Whether another attempt follows one that ended so; those that its provider sent away cost no retry."""
        store = self._open()
        slot = store.slots[store.numbers[task.id]]
        spared = self.repairs(ended) or sent_away(slot, ended)
        return spared or retries_left(task, ended.attempt - slot.spared, ended.outcome)

    def repairs(self, ended: Ended) -> bool:
        """Whether an answer that could be put right will be: nobody stops the task, and the budget allows it."""
        store = self._open()
        slot = store.slots[store.numbers[ended.task]]
        return ended.repair and slot.stop is None and not store.purse.spent.above(store.purse.budget)

    def elsewhere(self) -> tuple[TaskId, ...]:
        """Return the queued tasks that wait for another run, or until it is known whether they must."""
        return tuple(slot.task for slot in self._open().slots if slot.elsewhere and slot.at == "queued")

    def _open(self) -> Store:
        if self._store is None:
            raise RuntimeError("this board is spent: a later step has taken it over; read the board that step returned")
        return self._store

    def _take(self) -> Store:
        store = self._open()
        self._store = None
        return store


def new_board(
    plan: Plan,
    edges: Sequence[Edge],
    options: Options,
    claiming: Collection[TaskId] = (),
    providers: Mapping[str, str] | None = None,
) -> Board:
    """Return the board of a run of which nothing has happened yet; `step(board, ())` then says what to start.

    The tasks *claiming* have made their claims among other runs; whenever one of them is queued again it makes them
    anew (`Reclaim`). *providers* says whose limits an agent meets, as `Planned` has it.
    Raises PlanError for two tasks of one id, an edge to an unknown task, or a circle.
    """
    return Board(new_store(plan, edges, options, claiming, providers))


def step(board: Board, events: Sequence[Event]) -> tuple[Board, tuple[Command, ...]]:
    """Fold one turn's events and say what to do now. The order of independent events within the turn does not matter.

    Commands count as carried out: a `Start` is starting, a `Settle` is ended. Feeding their journaled events
    (`Starting`, `Ended(attempt=0)`) back changes nothing. Costs O(log tasks) an event, besides the commands.
    """
    store = board._take()  # noqa: SLF001 - the handing-on of the board is this function's own business
    for event in events:
        fold(store, event)
    return Board(store), tuple(dispatch(store))


def rebuild(
    plan: Plan,
    edges: Sequence[Edge],
    options: Options,
    events: Iterable[Event],
    claiming: Collection[TaskId] = (),
    providers: Mapping[str, str] | None = None,
) -> Board:
    """Return the board that a journal's events lead to; attempts without an `Ended` count as live.

    Nothing is commanded: `step(board, ())` then says what is still to be done (stops and settlements again too). What
    held launches is forgotten: whoever goes on with the run looks at memory and disk for itself, and claims for the
    tasks that are `elsewhere`. Pauses of providers stand until they are lifted.
    """
    store = new_store(plan, edges, options, claiming, providers)
    for event in events:
        fold(store, event)
    store.touched &= store.queued | store.live  # of those that have ended nothing follows
    store.held.clear()
    store.unclaimed.clear()
    for group in store.providers.values():  # what came of that is in the journal, too
        group.told, group.gone = [], 0
    store.told.clear()
    return Board(store)
