"""A board and the turns it takes, in the words of a test."""

from __future__ import annotations

from forkjoin.model import Completed, Edge, Ended, Failed, Options
from forkjoin.scheduling import Settle, Start, new_board, rebuild, step
from forkjoin.testing import a_plan

FAILED = Failed(kind="agent", reason="boom")


def after(first, then, kind="after"):
    return Edge(first=first, then=then, kind=kind)


def ended(task, outcome=None, *, attempt=1, again=False):
    return Ended(task=task, attempt=attempt, outcome=outcome or Completed(), again=again)


class Run:
    """A board with the turns already taken."""

    def __init__(self, *tasks, edges=(), **options):
        self.plan, self.edges, self.options = a_plan(*tasks), tuple(edges), Options(**options)
        self.board = new_board(self.plan, self.edges, self.options)
        self.events = []

    def step(self, *events):
        self.events += events
        self.board, commands = step(self.board, events)
        return commands

    def rebuilt(self):
        return rebuild(self.plan, self.edges, self.options, self.events)


def starts(commands):
    return [command.task for command in commands if isinstance(command, Start)]


def settled(commands):
    return {command.task: command.outcome for command in commands if isinstance(command, Settle)}
