"""Where the time went."""

from __future__ import annotations

import sys

import pytest

from forkjoin.accounting import account as account_of
from forkjoin.model import Options, Span, Timeline
from forkjoin.testing import a_plan, simulate


def account(spans, *, started, ended):
    return account_of(Timeline(started=started, ended=ended, spans=tuple(spans)), now=ended)


def span(task, ready, started, ended, *after, launched=None):
    return Span(task=task, ready=ready, started=started, ended=ended, after=after, launched=launched)


def path(*spans, ended=100.0):
    return account(spans, started=0.0, ended=ended).critical_path


def test_a_run_without_tasks_has_an_account():
    empty = account((), started=5.0, ended=5.0)
    assert (empty.wall_s, empty.sum_s, empty.speedup, empty.critical_path, empty.lost) == (0.0, 0.0, 1.0, (), ())


def test_five_side_by_side_are_five_times_as_fast():
    five = [span(f"t{n}", 0.0, 0.0, 30.0) for n in range(5)]
    result = account(five, started=0.0, ended=30.0)
    assert (result.wall_s, result.sum_s, result.speedup) == (30.0, 150.0, 5.0)
    assert len(result.critical_path) == 1


def test_what_never_started_counts_nothing():
    result = account([span("a", 0.0, 0.0, 4.0), span("b", 0.0, None, None, "a")], started=0.0, ended=8.0)
    assert (result.sum_s, result.speedup, result.critical_path) == (4.0, 0.5, ("a",))


def test_what_still_runs_counts_up_to_now():
    result = account([span("a", 0.0, 1.0, None), span("b", 0.0, 0.0, 2.0)], started=0.0, ended=5.0)
    assert (result.sum_s, result.critical_path) == (6.0, ("a",))


@pytest.mark.parametrize(("started", "ended"), [(10.0, 10.0), (10.0, 3.0)])
def test_no_time_and_a_clock_put_back_divide_by_nothing(started, ended):
    result = account([span("a", 10.0, 10.0, 3.0)], started=started, ended=ended)
    assert (result.wall_s, result.sum_s, result.speedup) == (0.0, 0.0, 1.0)


def test_the_path_goes_back_through_the_predecessor_that_ended_last():
    first = [span("a", 0.0, 0.0, 5.0), span("b", 0.0, 0.0, 9.0), span("d", 0.0, 0.0, 11.0)]
    assert path(*first, span("c", 9.0, 9.01, 12.0, "a", "b")) == ("b", "c")


def test_the_path_goes_through_the_task_whose_end_freed_the_slot():
    spans = [span("a", 0.0, 0.0, 5.0), span("b", 0.0, 0.0, 3.0), span("c", 0.0, 3.001, 9.0), span("d", 0.0, 5.001, 8.0)]
    assert path(*spans) == ("b", "c")


def test_a_slow_set_up_is_not_taken_for_a_wait():
    spans = [span("quick", 0.0, 0.1, 0.3), span("slow", 0.0, 0.5, 9.0, launched=0.01)]
    assert path(*spans) == ("slow",)


def test_a_task_that_waited_for_both_is_held_by_the_slot_last():
    spans = [span("a", 0.0, 0.0, 2.0), span("x", 0.0, 0.0, 6.0), span("b", 2.0, 6.0, 9.0, "a")]
    assert path(*spans) == ("x", "b")


def test_a_wait_that_no_end_explains_goes_back_to_the_predecessor():
    spans = [span("a", 0.0, 0.0, 2.0), span("b", 2.0, 6.0, 9.0, "a")]
    assert path(*spans) == ("a", "b")


def test_times_that_make_a_circle_end_the_walk():
    spans = [span("a", 0.0, 5.0, 5.0, "b"), span("b", 0.0, 5.0, 5.0, "a")]
    assert sorted(path(*spans)) == ["a", "b"]
    assert path(span("a", 0.0, 1.0, 2.0, "a", "stranger")) == ("a",)


def test_the_path_of_a_capped_run_fills_the_wall():
    """Without idle slots the seconds of the chain are the seconds of the run."""
    names = [f"t{n}" for n in range(12)]
    durations = {name: float(3 + n % 5) for n, name in enumerate(names)}
    run = simulate(a_plan(*names), (), durations, Options(max_parallel=3))
    spans = [span(name, 0.0, run.started[name], run.ended[name]) for name in names]
    result = account(spans, started=0.0, ended=run.wall_s)
    assert sum(durations[name] for name in result.critical_path) == result.wall_s == run.wall_s
    assert result.speedup == sum(durations.values()) / run.wall_s


def calls(size):
    spans = [span(f"t{n}", 0.0, float(n), float(n + 1)) for n in range(size)]
    count = 0

    def tick(_frame, kind, _arg):
        nonlocal count
        count += kind in ("call", "c_call")

    sys.setprofile(tick)
    try:
        result = account(spans, started=0.0, ended=float(size))
    finally:
        sys.setprofile(None)
    assert len(result.critical_path) == size
    return count


def test_the_account_of_a_long_run_is_linear_in_its_tasks():
    assert calls(5_000) <= 10.5 * calls(500)
