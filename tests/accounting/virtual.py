"""A run in virtual time: the real scheduler and the real fold of events, with delays planted between them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from forkjoin.journal import Fold
from forkjoin.model import (
    Closed,
    Completed,
    Edge,
    Ended,
    Event,
    Exit,
    Failed,
    Options,
    Owned,
    Plan,
    Planned,
    Recorded,
    RetryAsked,
    RunId,
    Running,
    RunView,
    Starting,
    TaskId,
)
from forkjoin.scheduling import Command, Finish, Settle, Start, new_board, step


@dataclass(frozen=True, kw_only=True)
class Takes:
    """What each attempt of a task takes: set-up, then work (seconds); how many of them fail before one completes."""

    work: float
    setup: float = 0.0
    fails: int = 0


@dataclass(kw_only=True)
class Virtual:
    """Drives a plan in virtual time; `away` are times in which the owner was stopped: what ends then is seen after."""

    plan: Plan
    takes: Mapping[TaskId, Takes]
    edges: Sequence[Edge] = ()
    options: Options = field(default_factory=Options)
    away: Sequence[tuple[float, float]] = ()
    now: float = 0.0

    def __post_init__(self) -> None:
        self._fold, self._seq, self._count = Fold(), 0, 0
        self._due: list[tuple[float, int, Event]] = []
        self._over = False
        self._board = new_board(self.plan, self.edges, self.options)
        planned = Planned(
            run=RunId("r"), plan=self.plan, edges=tuple(self.edges), claims=(), tree="/t", repository="/t",
            options=self.options, version="0",
        )  # fmt: skip
        self._journal(planned, Owned(pid=1, start=1, boot="b", attached=True))

    def drive(self) -> RunView:
        """Go on until the run is over."""
        self._step(())
        while not self._over:
            at, _, event = heapq.heappop(self._due)
            self.now = max(self.now, at)
            for since, until in self.away:
                self.now = until if since <= self.now < until else self.now
            self._step((event,))
        return self._fold.view()

    def again(self, tasks: Sequence[TaskId], *, after: float) -> RunView:
        """Ask for ended tasks once more, *after* seconds of rest; go on until the run is over again."""
        self.now, self._over = self.now + after, False
        wishes = tuple(RetryAsked(task=task, force=True) for task in tasks)
        self._journal(*wishes)
        self._journal(Owned(pid=2, start=1, boot="b", attached=True))
        self._board, commands = step(self._board, wishes)
        self._obey(commands)
        return self.drive()

    def _step(self, events: Sequence[Event]) -> None:
        self._journal(*events)
        self._board, commands = step(self._board, events)
        self._obey(commands)

    def _obey(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, Start):
                self._journal(Starting(task=command.task, attempt=command.attempt))
                for at, event in self._attempt(command.task, command.attempt):
                    self._count += 1
                    heapq.heappush(self._due, (at, self._count, event))
            elif isinstance(command, Settle):
                self._journal(Ended(task=command.task, attempt=0, outcome=command.outcome))
            elif isinstance(command, Finish):
                self._journal(Closed(state="completed"))
                self._over = True

    def _attempt(self, task: TaskId, attempt: int) -> Iterator[tuple[float, Event]]:
        takes = self.takes[task]
        began = self.now + takes.setup
        yield began, Running(task=task, attempt=attempt, pid=attempt)
        ended, fails = began + takes.work, attempt <= takes.fails
        exit_ = Exit(how="exited", code=int(fails), wall_s=takes.work, ended_at=ended)
        outcome = Failed(kind="exit", reason="planted") if fails else Completed()
        yield ended, Ended(task=task, attempt=attempt, outcome=outcome, exit=exit_, again=fails)

    def _journal(self, *events: Event) -> None:
        for event in events:
            self._seq += 1
            self._fold.apply(Recorded(seq=self._seq, at=self.now, event=event))
