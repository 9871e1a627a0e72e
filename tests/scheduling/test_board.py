"""What starts when, and what is blocked."""

from __future__ import annotations

import itertools

import pytest
from scheduling.turns import FAILED, Run, after, ended, settled, starts

from forkjoin.errors import PlanError
from forkjoin.model import (
    Blocked,
    Completed,
    Failed,
    Lost,
    NeedsInput,
    Options,
    Plan,
    Running,
    Skipped,
    Starting,
    Stopped,
    TimedOut,
)
from forkjoin.scheduling import Finish, Start, new_board, retries_left, step
from forkjoin.testing import a_plan, a_task


def test_independent_tasks_all_start_in_the_first_turn():
    assert Run("a", "b", "c").step() == tuple(Start(task=task, attempt=1) for task in "abc")


def test_a_plan_without_tasks_is_finished_at_once():
    run = Run()
    run.board = new_board(Plan(), (), Options())
    assert run.step() == (Finish(),)


def test_a_task_starts_in_the_turn_in_which_its_last_predecessor_ended():
    run = Run("a", "b", "c", edges=[after("a", "c"), after("b", "c")])
    assert starts(run.step()) == ["a", "b"]
    assert run.step(ended("a")) == ()
    assert starts(run.step(ended("b"))) == ["c"]


def test_there_is_no_barrier_between_waves():
    run = Run("a", "b", "c", "d", edges=[after("a", "c"), after("b", "d")])
    run.step()
    assert starts(run.step(ended("a"))) == ["c"]


def test_the_finish_is_said_once_and_last():
    run = Run("a", "b")
    run.step()
    assert run.step(ended("a")) == ()
    assert run.step(ended("b")) == (Finish(),)
    assert run.step() == ()
    assert run.board.finished


def test_what_was_commanded_may_be_fed_back_or_not():
    run = Run("a", "b", edges=[after("a", "b")])
    run.step()
    assert run.step(Starting(task="a", attempt=1), Running(task="a", attempt=1)) == ()
    commands = run.step(ended("a", FAILED))
    assert list(settled(commands)) == ["b"]
    assert commands[-1] == Finish()
    assert run.step(ended("b", settled(commands)["b"], attempt=0)) == ()


def test_a_spent_board_cannot_be_read():
    run = Run("a")
    old = run.board
    run.step()
    for read in (old.states, lambda: old.queued, lambda: step(old, ())):
        with pytest.raises(RuntimeError, match="spent"):
            read()


def test_the_cap_is_kept_and_a_freed_slot_filled_at_once():
    run = Run("a", "b", "c", max_parallel=2)
    assert starts(run.step()) == ["a", "b"]
    assert starts(run.step(ended("b"))) == ["c"]
    assert run.board.live == 2


def test_the_options_cap_goes_before_the_plans():
    plan = a_plan("a", "b", "c", max_parallel=1)
    assert len(step(new_board(plan, (), Options()), ())[1]) == 1
    assert len(step(new_board(plan, (), Options(max_parallel=2)), ())[1]) == 2


def test_the_longest_chain_starts_first():
    tasks = [a_task("short", estimate=1.0), a_task("head", estimate=2.0), a_task("tail", estimate=9.0)]
    run = Run(*tasks, edges=[after("head", "tail")], max_parallel=1)
    assert starts(run.step()) == ["head"]
    assert starts(run.step(ended("head"))) == ["tail"]


def test_without_estimates_the_plans_order_holds():
    run = Run("z", "m", "a", max_parallel=1)
    assert starts(run.step()) == ["z"]
    assert starts(run.step(ended("z"))) == ["m"]


def test_cores_are_never_oversubscribed_and_tasks_without_cpu_go_past():
    run = Run(a_task("a", cpu=1), a_task("b", cpu=1), a_task("c", cpu=1), "free", cores=2)
    assert starts(run.step()) == ["a", "b", "free"]
    assert starts(run.step(ended("free"))) == []
    assert starts(run.step(ended("a"))) == ["c"]


def test_a_task_wider_than_the_machine_runs_alone_on_its_cores():
    run = Run(a_task("one", cpu=1), a_task("wide", cpu=64), a_task("two", cpu=1), "free", cores=4)
    assert starts(run.step()) == ["one", "free"]
    assert starts(run.step(ended("one"))) == ["wide"]
    assert starts(run.step(ended("wide"))) == ["two"]


def test_fractions_of_a_core_come_back_whole():
    run = Run(*(a_task(f"t{n}", cpu=0.1) for n in range(30)), cores=1)
    running = starts(run.step())
    assert len(running) == 10
    for _ in range(20):
        running += starts(run.step(ended(running.pop(0))))
    assert len(running) == 10


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (FAILED, "which failed"),
        (TimedOut(after_s=3), "which timed out"),
        (NeedsInput(reason="which?"), "which needs input"),
        (Lost(reason="gone"), "which was lost"),
    ],
)
def test_what_needs_a_task_that_did_not_complete_is_blocked_and_told_why(outcome, words):
    run = Run("a", "b", edges=[after("a", "b")])
    run.step()
    blocked = settled(run.step(ended("a", outcome)))["b"]
    assert isinstance(blocked, Blocked)
    assert blocked.by == ("a",)
    assert blocked.reason == f"needs a, {words}"


def test_a_block_goes_down_the_chain_and_names_where_it_began():
    names = [f"t{n}" for n in range(200)]
    run = Run(*names, edges=[after(a, b) for a, b in itertools.pairwise(names)])
    run.step()
    outcomes = settled(run.step(ended("t0", FAILED)))
    assert list(outcomes) == names[1:]
    assert outcomes["t199"].reason == "needs t198, which is blocked: t0 failed"
    assert run.board.finished


@pytest.mark.parametrize("kind", ["write-write", "write-read", "resource", "unknown"])
def test_an_order_that_needs_no_success_only_orders(kind):
    run = Run("a", "b", edges=[after("a", "b", kind)])
    assert starts(run.step()) == ["a"]
    assert starts(run.step(ended("a", FAILED))) == ["b"]


def test_two_edges_between_the_same_tasks_count_as_two_and_end_together():
    run = Run("a", "b", edges=[after("a", "b", "write-write"), after("a", "b", "output")])
    run.step()
    assert list(settled(run.step(ended("a", FAILED)))) == ["b"]


@pytest.mark.parametrize(
    ("tasks", "edges", "said"),
    [
        (("a", "a"), (), "same id"),
        (("a",), (("a", "b"),), "not in the plan"),
        (("a", "b", "c"), (("a", "b"), ("b", "a")), "circle: a, b"),
        (("a",), (("a", "a"),), "circle"),
    ],
)
def test_an_order_that_cannot_be_kept_is_refused(tasks, edges, said):
    with pytest.raises(PlanError, match=said):
        new_board(a_plan(*tasks), [after(*edge) for edge in edges], Options())


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (FAILED, True),
        (TimedOut(after_s=1), True),
        (Lost(reason=""), True),
        (Failed(kind="violation", reason=""), False),
        (Failed(kind="permission", reason=""), False),
        (Completed(), False),
        (NeedsInput(reason=""), False),
        (Stopped(reason=""), False),
        (Blocked(by=(), reason=""), False),
        (Skipped(reason=""), False),
    ],
)
def test_only_what_may_go_better_is_tried_again(outcome, again):
    task = a_task(retries=2)
    assert retries_left(task, 1, outcome) is again
    assert retries_left(task, 2, outcome) is again
    assert not retries_left(task, 3, outcome)
    assert not retries_left(task, 0, outcome)
    assert not retries_left(a_task(), 1, outcome)
