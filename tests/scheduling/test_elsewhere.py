"""Tasks that wait for other runs."""

from __future__ import annotations

from scheduling.turns import FAILED, after, ended, settled, starts

from forkjoin.model import Awaited, Completed, Freed, Options, Other, RetryAsked, RunId, StopAsked, TaskId
from forkjoin.scheduling import Finish, Reclaim, new_board, rebuild, step
from forkjoin.testing import a_plan

ALL = ("a", "b", "c")
OTHERS = (Other(run=RunId("r"), task=TaskId("t")),)


class Run:
    """A board whose tasks claim, with the turns already taken."""

    def __init__(self, *tasks, edges=(), claiming=ALL):
        self.plan, self.edges, self.claiming = a_plan(*tasks), tuple(edges), claiming
        self.board = new_board(self.plan, self.edges, Options(), [task for task in claiming if task in tasks])
        self.events = []

    def step(self, *events):
        self.events += events
        self.board, commands = step(self.board, events)
        return commands

    def rebuilt(self):
        return rebuild(self.plan, self.edges, Options(), self.events, [task.id for task in self.plan.tasks])


def awaited(task):
    return Awaited(task=task, others=OTHERS)


def freed(task):
    return Freed(task=task)


def test_what_waits_for_another_run_starts_once_it_is_freed():
    run = Run("a", "b")
    assert starts(run.step(awaited("a"))) == ["b"]
    assert run.board.elsewhere() == ("a",)
    assert starts(run.step(ended("b"))) == []
    assert starts(run.step(freed("a"))) == ["a"]
    assert run.board.elsewhere() == ()


def test_what_waits_for_both_needs_both():
    run = Run("a", "b", edges=[after("a", "b")])
    assert starts(run.step(awaited("b"))) == ["a"]
    assert starts(run.step(ended("a"))) == []
    assert starts(run.step(freed("b"))) == ["b"]


def test_what_was_ready_and_waits_now_is_taken_from_the_ready():
    run = Run("a", claiming=("a",))
    assert starts(run.step(awaited("a"))) == []
    assert starts(run.step(freed("a"), awaited("a"))) == []
    assert starts(run.step(freed("a"))) == ["a"]


def test_a_waiting_task_can_be_stopped_and_the_run_finishes():
    run = Run("a")
    run.step(awaited("a"))
    commands = run.step(StopAsked(task=TaskId("a"), reason="enough"))
    assert list(settled(commands)) == ["a"]
    assert isinstance(commands[-1], Finish)
    assert starts(run.step(freed("a"))) == []


def test_a_waiting_task_is_blocked_where_what_it_needs_failed():
    run = Run("a", "b", edges=[after("a", "b")])
    run.step(awaited("b"))
    assert list(settled(run.step(ended("a", FAILED)))) == ["b"]


def test_another_attempt_waits_until_it_has_claimed_anew():
    run = Run("a")
    run.step()
    commands = run.step(ended("a", FAILED, again=True))
    assert commands == (Reclaim(tasks=("a",)),)
    assert run.step() == ()
    assert starts(run.step(freed("a"))) == ["a"]


def test_a_retry_claims_for_all_that_run_again():
    run = Run("a", "b", edges=[after("a", "b")])
    run.step()
    run.step(ended("a", FAILED))
    commands = run.step(RetryAsked(task=TaskId("a")))
    assert commands == (Reclaim(tasks=("a", "b")),)
    assert starts(run.step(freed("a"), awaited("b"))) == ["a"]


def test_what_is_stopped_before_it_claimed_is_not_claimed_for():
    run = Run("a")
    run.step()
    commands = run.step(ended("a", FAILED, again=True), StopAsked(task=TaskId("a"), reason="x"))
    assert not [command for command in commands if isinstance(command, Reclaim)]


def test_tasks_that_claim_nothing_are_never_held_back():
    run = Run("a", claiming=())
    run.step()
    assert starts(run.step(ended("a", FAILED, again=True))) == ["a"]


def test_a_rebuilt_board_knows_who_waits_and_who_has_not_claimed_anew():
    run = Run("a", "b")
    run.step(awaited("b"))
    run.step(ended("a", FAILED, again=True))
    board = run.rebuilt()
    assert board.elsewhere() == ("a", "b")
    _, commands = step(board, [freed("a"), freed("b")])
    assert starts(commands) == ["a", "b"]


def test_what_is_said_of_a_task_that_runs_or_has_ended_changes_nothing():
    run = Run("a")
    run.step()
    assert run.step(awaited("a")) == ()
    assert isinstance(run.step(ended("a", Completed()))[-1], Finish)
    assert run.step(awaited("a"), freed("a"), awaited("nobody")) == ()
