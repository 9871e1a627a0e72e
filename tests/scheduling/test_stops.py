"""Stops, retries, and a board made again from a journal."""

from __future__ import annotations

import pytest
from scheduling.turns import FAILED, Run, after, ended, settled, starts

from forkjoin.model import (
    Blocked,
    Closed,
    Held,
    Released,
    RetryAsked,
    Running,
    Skipped,
    Starting,
    StopAsked,
    Stopped,
)
from forkjoin.scheduling import End, Finish, Settle, Start, step
from forkjoin.testing import a_task


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


def test_what_held_the_last_owner_does_not_hold_the_next():
    run = Run("a", "b")
    run.events = [Held(cause="disk", detail=""), Held(cause="memory", detail="")]
    assert starts(step(run.rebuilt(), ())[1]) == ["a", "b"]


def test_fail_fast_strikes_again_after_a_retry():
    run = Run("a", "b", max_parallel=1, fail_fast=True)
    run.step()
    run.step(ended("a", FAILED))
    assert starts(run.step(RetryAsked(task="a"), RetryAsked(task="b"))) == ["a"]
    assert list(settled(run.step(ended("a", FAILED, attempt=2)))) == ["b"]


def test_an_end_and_its_retry_in_one_turn_block_nobody():
    run = Run("a", "b", edges=[after("a", "b")])
    run.step()
    assert run.step(ended("a", FAILED), RetryAsked(task="a")) == (Start(task="a", attempt=2),)


def test_each_attempt_can_be_stopped_anew():
    run = Run("a")
    run.step()
    stop = StopAsked(task="a", reason="x")
    assert run.step(stop) == (End(task="a", attempt=1, how="term", reason="x"),)
    run.step(ended("a", Stopped(reason="x")))
    run.step(RetryAsked(task="a"))
    assert run.step(stop) == (End(task="a", attempt=2, how="term", reason="x"),)


def test_a_stop_journaled_before_a_start_still_ends_it():
    run = Run("a")
    run.events = [StopAsked(task="a", reason="x"), Starting(task="a", attempt=1)]
    assert step(run.rebuilt(), ())[1] == (End(task="a", attempt=1, how="term", reason="x"),)
