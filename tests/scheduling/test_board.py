"""What `step` commands, told in turns."""

from __future__ import annotations

import itertools

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import (
    Blocked,
    Closed,
    Completed,
    Edge,
    Ended,
    Failed,
    Held,
    Lost,
    NeedsInput,
    Options,
    Released,
    RetryAsked,
    Running,
    Skipped,
    Starting,
    StopAsked,
    Stopped,
    TimedOut,
)
from forkjoin.scheduling import End, Finish, Settle, Start, new_board, rebuild, retries_left, step
from forkjoin.testing import a_plan, a_task

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


def test_independent_tasks_all_start_in_the_first_turn():
    assert Run("a", "b", "c").step() == tuple(Start(task=task, attempt=1) for task in "abc")


def test_a_plan_without_tasks_is_finished_at_once():
    run = Run()
    run.board = new_board(a_plan().__class__(tasks=()), (), Options())
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


def test_fail_fast_skips_what_waits_and_ends_what_runs():
    run = Run("a", "b", "c", max_parallel=2, fail_fast=True)
    run.step()
    assert run.step(ended("a", FAILED)) == (
        End(task="b", attempt=1, how="term", reason="fail fast: a failed"),
        Settle(task="c", outcome=Skipped(reason="fail fast: a failed")),
    )
    assert run.step(ended("b", Stopped(reason="fail fast: a failed"))) == (Finish(),)


def test_fail_fast_waits_for_the_last_attempt():
    run = Run(a_task("a", retries=1), "b", fail_fast=True)
    run.step()
    assert run.step(ended("a", FAILED, again=True)) == (Start(task="a", attempt=2),)


def test_a_stop_by_name_is_no_failure():
    run = Run("a", "b", "c", max_parallel=1, fail_fast=True)
    run.step()
    run.step(StopAsked(task="a", reason="enough"))
    assert starts(run.step(ended("a", Stopped(reason="enough")))) == ["b"]


def test_a_stop_of_a_waiting_task_settles_it_and_blocks_what_needs_it():
    run = Run("a", "b", "c", edges=[after("a", "b"), after("b", "c")])
    run.step()
    outcomes = settled(run.step(StopAsked(task="b", reason="not needed")))
    assert outcomes["b"] == Stopped(reason="not needed")
    assert outcomes["c"] == Blocked(by=("b",), reason="needs b, which was stopped")


def test_a_stop_of_all_skips_what_waits():
    run = Run("a", "b", max_parallel=1)
    run.step()
    assert run.step(StopAsked(task="", reason="Ctrl-C")) == (
        End(task="a", attempt=1, how="term", reason="Ctrl-C"),
        Settle(task="b", outcome=Skipped(reason="Ctrl-C")),
    )


def test_a_kill_follows_a_term_and_nothing_is_asked_twice():
    run = Run("a")
    run.step()
    assert len(run.step(StopAsked(task="a", reason="slow"))) == 1
    assert run.step(StopAsked(task="a", reason="slow")) == ()
    assert run.step(StopAsked(task="", reason="now", how="kill")) == (
        End(task="a", attempt=1, how="kill", reason="slow"),
    )
    assert run.step(StopAsked(task="a", reason="slow", how="kill"), StopAsked(task="a", reason="slow")) == ()


@pytest.mark.parametrize("stop_first", [True, False])
def test_a_stopped_task_is_not_tried_again(stop_first):
    run = Run(a_task("a", retries=3))
    run.step()
    pair = [StopAsked(task="a", reason="enough"), ended("a", FAILED, again=True)]
    commands = run.step(*(pair if stop_first else pair[::-1]))
    assert commands == (Settle(task="a", outcome=Stopped(reason="enough")), Finish())


def test_memory_holds_every_launch_but_the_first():
    run = Run("a", "b")
    held = Held(cause="memory", detail="5 %")
    assert starts(run.step(held)) == ["a"]
    assert starts(run.step()) == []
    assert starts(run.step(Released(cause="memory"))) == ["b"]


def test_a_full_disk_holds_all_and_each_hold_is_released_by_its_own_cause():
    run = Run("a", "b")
    assert run.step(Held(cause="disk", detail=""), Held(cause="memory", detail="")) == ()
    assert run.step(Released(cause="memory")) == ()
    assert starts(run.step(Released(cause="disk"))) == ["a", "b"]


def test_another_attempt_goes_through_the_queue_again():
    run = Run(a_task("a", retries=1), "b", max_parallel=1)
    run.step()
    assert run.step(ended("a", FAILED, again=True)) == (Start(task="a", attempt=2),)
    assert starts(run.step(ended("a", attempt=2))) == ["b"]


def test_a_retry_wakes_the_task_and_what_never_ran_behind_it():
    run = Run("a", "b", "c", "other", edges=[after("a", "b"), after("b", "c")])
    run.step()
    run.step(ended("other"))
    assert run.step(ended("a", FAILED))[-1] == Finish()
    assert run.step(RetryAsked(task="a")) == (Start(task="a", attempt=2),)
    assert run.board.states() == {"a": "starting", "b": "queued", "c": "queued", "other": "completed"}
    assert starts(run.step(ended("a", attempt=2))) == ["b"]
    assert starts(run.step(ended("b"))) == ["c"]
    assert run.step(ended("c")) == (Finish(),)


def test_a_retry_makes_what_still_waits_wait_again():
    run = Run("a", "b", "c", edges=[after("a", "c", "write-write"), after("b", "c")])
    run.step()
    run.step(ended("a", FAILED))
    assert starts(run.step(RetryAsked(task="a"))) == ["a"]
    assert run.step(ended("b")) == ()
    assert starts(run.step(ended("a", attempt=2))) == ["c"]


def test_a_completed_task_is_run_again_only_by_force():
    run = Run("a")
    run.step()
    run.step(ended("a"))
    assert run.step(RetryAsked(task="a")) == ()
    assert run.step(RetryAsked(task="a", force=True)) == (Start(task="a", attempt=2),)


def test_a_retry_after_a_stop_of_all_takes_back_the_stop_of_that_task_alone():
    run = Run("a", "b", max_parallel=1)
    run.step()
    run.step(StopAsked(task="", reason="lunch"))
    run.step(ended("a", Stopped(reason="lunch")))
    assert run.step(RetryAsked(task="b")) == (Start(task="b", attempt=1),)
    assert run.board.states() == {"a": "stopped", "b": "starting"}


def test_a_block_written_after_the_retry_that_lifted_it_is_not_believed():
    run = Run("a", "b", edges=[after("a", "b")])
    run.step()
    block = settled(run.step(ended("a", FAILED)))["b"]
    run.step(RetryAsked(task="a"))
    run.step(ended("b", block, attempt=0))
    assert starts(run.step(ended("a", attempt=2))) == ["b"]


def test_the_first_end_of_an_attempt_is_the_one_that_counts():
    run = Run(a_task("a", retries=1))
    run.step()
    run.step(ended("a", FAILED, again=True))
    assert run.step(ended("a", FAILED)) == ()
    assert run.board.states() == {"a": "starting"}
    run.step(ended("a", attempt=2))
    run.step(ended("a", FAILED, attempt=2))
    assert run.board.states() == {"a": "completed"}


def test_events_about_unknown_tasks_change_nothing():
    run = Run("a")
    run.step()
    strangers = (StopAsked(task="x", reason=""), ended("x"), RetryAsked(task="x"), Starting(task="x", attempt=1))
    assert run.step(*strangers) == ()


def test_a_rebuilt_board_keeps_live_attempts_live_and_goes_on():
    run = Run("a", "b", "c", max_parallel=2)
    run.step()
    run.events = [Starting(task="a", attempt=1), Running(task="a", attempt=1), Starting(task="b", attempt=1)]
    board, commands = step(run.rebuilt(), ())
    assert commands == ()
    assert board.states() == {"a": "running", "b": "starting", "c": "queued"}
    assert starts(step(board, [ended("a")])[1]) == ["c"]


def test_a_rebuilt_board_asks_for_what_was_decided_and_not_written():
    run = Run("a", "b", "c", edges=[after("a", "b")])
    run.events = [
        Starting(task="a", attempt=1),
        Starting(task="c", attempt=1),
        ended("a", FAILED),
        StopAsked(task="c", reason="x"),
    ]
    _, commands = step(run.rebuilt(), ())
    assert [type(command) for command in commands] == [Settle, End]


def test_a_rebuilt_board_of_a_closed_run_is_silent_until_a_retry():
    run = Run("a")
    run.events = [Starting(task="a", attempt=1), ended("a", FAILED), Closed(state="failed")]
    board, commands = step(run.rebuilt(), ())
    assert commands == ()
    board, commands = step(board, [RetryAsked(task="a")])
    assert commands == (Start(task="a", attempt=2),)
    assert step(board, [ended("a", attempt=2)])[1] == (Finish(),)


def test_an_end_without_a_start_is_an_end():
    run = Run("a", "b", edges=[after("a", "b")])
    run.events = [ended("a")]
    assert starts(step(run.rebuilt(), ())[1]) == ["b"]


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
