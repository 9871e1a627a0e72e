"""The scheduler in virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from forkjoin.model import Completed, Edge, Ended, Event, Options, Outcome, Plan, Stopped, TaskId
from forkjoin.scheduling import Command, End, Settle, Start, new_board, retries_left, step

Durations: TypeAlias = Mapping[str, float]
Endings: TypeAlias = Mapping[str, Outcome]


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """A run in virtual time: seconds from its start to its end, the most that ran at once, and each task's times."""

    wall_s: float
    peak: int
    order: tuple[TaskId, ...]
    started: dict[TaskId, float]
    ended: dict[TaskId, float]
    outcomes: dict[TaskId, Outcome]


def simulate(
    plan: Plan, edges: Sequence[Edge], durations: Durations, options: Options, *, endings: Endings | None = None
) -> Simulated:
    """Run the scheduler alone, each task taking its seconds (0 where not said) and ending as *endings* says."""
    run = _Simulation(plan, durations, endings or {})
    board, commands = step(new_board(plan, edges, options), ())
    run.obey(commands)
    while run.live:
        board, commands = step(board, run.next_turn())
        run.obey(commands)
    if not board.finished:
        raise AssertionError(f"the run hangs: {board.queued} queued, {board.live} live")
    return Simulated(
        wall_s=run.now, peak=run.peak, order=tuple(run.started), started=run.started, ended=run.ended,
        outcomes=run.outcomes,
    )  # fmt: skip


class _Simulation:
    """Virtual time: the ends to come, and what came so far."""

    def __init__(self, plan: Plan, durations: Durations, endings: Endings) -> None:
        self.tasks = {task.id: task for task in plan.tasks}
        self.durations, self.endings = durations, endings
        self.now, self.peak = 0.0, 0
        self.ends: list[tuple[float, int, TaskId, int]] = []
        self.live: dict[TaskId, int] = {}
        self.started: dict[TaskId, float] = {}
        self.ended: dict[TaskId, float] = {}
        self.outcomes: dict[TaskId, Outcome] = {}
        self._count = 0

    def obey(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Start):
                self.started.setdefault(command.task, self.now)
                self._live(command.task, command.attempt, self.durations.get(command.task, 0.0))
            elif isinstance(command, End):
                self.endings = {**self.endings, command.task: Stopped(reason=command.reason)}
                self._live(command.task, command.attempt, 0.0)
            elif isinstance(command, Settle):
                self.outcomes[command.task], self.ended[command.task] = command.outcome, self.now
        self.peak = max(self.peak, len(self.live))

    def next_turn(self) -> list[Event]:
        """Return the ends of the next moment at which something ends."""
        while self.live.get(self.ends[0][2]) != self.ends[0][3]:  # stopped before its time
            heapq.heappop(self.ends)
        self.now = self.ends[0][0]
        events: list[Event] = []
        while self.ends and self.ends[0][0] == self.now:
            _, _, task, attempt = heapq.heappop(self.ends)
            if self.live.get(task) == attempt:
                del self.live[task]
                events.append(self._end(task, attempt))
        return events

    def _live(self, task: TaskId, attempt: int, seconds: float) -> None:
        self._count += 1
        self.live[task] = attempt
        heapq.heappush(self.ends, (self.now + seconds, self._count, task, attempt))

    def _end(self, task: TaskId, attempt: int) -> Ended:
        outcome = self.endings.get(task, Completed())
        self.outcomes[task], self.ended[task] = outcome, self.now
        again = retries_left(self.tasks[task], attempt, outcome)
        return Ended(task=task, attempt=attempt, outcome=outcome, again=again)
