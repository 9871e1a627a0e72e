"""The budget of a run: launches stop where it would not be kept, and what runs is ended where it is used up."""

from __future__ import annotations

import pytest
from scheduling.turns import Run, settled, starts

from forkjoin.agents.hearing import Meter
from forkjoin.agents.said import Spent
from forkjoin.model import Budget, Completed, Ended, Progress, RetryAsked, Usage
from forkjoin.scheduling import Cap, new_board, rebuild, step
from forkjoin.scheduling.purse import Sum
from forkjoin.testing import a_task

PROVIDERS = {"claude": "anthropic"}


class Paid(Run):
    def __init__(self, *tasks, **options):
        super().__init__(*tasks, **options)
        self.board = new_board(self.plan, (), self.options, (), PROVIDERS)


def asks(*names):
    return [a_task(name, agent="claude") for name in names]


def cost(usd=None, tokens=None):
    return Usage(usd=usd, input_tokens=tokens, output_tokens=None if tokens is None else 0)


def done(task, usd=None, tokens=None, attempt=1):
    return Ended(task=task, attempt=attempt, outcome=Completed(), usage=cost(usd, tokens))


def so_far(task, usd):
    return Progress(task=task, attempt=1, text="", usage=cost(usd))


def caps(commands):
    return [command.task for command in commands if isinstance(command, Cap)]


def test_no_more_start_than_the_rest_of_the_budget_will_pay_for_by_what_those_before_cost():
    run = Paid(*asks(*"abcdef"), budget=Budget(usd=5.0), max_parallel=2)
    assert starts(run.step()) == ["a", "b"]
    assert starts(run.step(done("a", 1.0))) == ["c"]  # 1 spent, b and c are expected to take 1 each
    assert starts(run.step(done("b", 1.0))) == ["d"]
    assert starts(run.step(done("c", 1.0))) == ["e"]
    said = run.step(done("d", 1.0))  # 4 spent, e will take 1: nothing is left for f
    assert (starts(said), caps(said), settled(said)) == ([], [], {})
    left_out = settled(run.step(done("e", 1.0)))["f"]
    assert "$5.00 of $5.00" in left_out.reason
    assert "budget" in left_out.reason
    assert run.board.finished


def test_one_that_cost_less_leaves_more_for_those_that_wait():
    run = Paid(*asks("a", "b"), budget=Budget(usd=2.5), max_parallel=1)
    run.step()
    run.step(so_far("a", 2.0))
    assert starts(run.step(done("a", 1.0))) == []  # what it said before is not taken back
    assert run.board.finished


def test_what_runs_is_ended_once_where_more_is_spent_and_what_costs_nothing_goes_on():
    run = Paid(*asks("a", "b"), a_task("free"), a_task("later"), budget=Budget(usd=1.0), max_parallel=3)
    assert starts(run.step()) == ["a", "b", "free"]
    assert caps(run.step(so_far("a", 0.6))) == []
    said = run.step(so_far("b", 0.6))
    assert caps(said) == ["a", "b"]
    assert caps(run.step(so_far("b", 0.7))) == []
    assert starts(run.step(done("a", 0.7))) == ["later"]


def test_tokens_count_in_and_out():
    run = Paid(*asks("a", "b"), budget=Budget(tokens=100), max_parallel=1)
    run.step()
    said = run.step(Ended(task="a", attempt=1, outcome=Completed(), usage=Usage(input_tokens=60, output_tokens=41)))
    assert "101 of 100 tokens spent; for more: forkjoin retry --budget-tokens N" in settled(said)["b"].reason


def test_what_is_not_known_holds_up_nobody():
    run = Paid(*asks("a", "b"), budget=Budget(usd=1.0), max_parallel=1)
    run.step()
    assert starts(run.step(done("a"))) == ["b"]


def test_the_next_owner_counts_the_same_and_a_retry_pays_nothing_back():
    run = Paid(*asks("a", "b"), budget=Budget(usd=1.0), max_parallel=1)
    run.step()
    run.step(done("a", 2.0))
    assert run.board.finished
    board = rebuild(run.plan, (), run.options, [*run.events, RetryAsked(task="a", force=True)], (), PROVIDERS)
    board, commands = step(board, ())
    assert (starts(commands), sorted(settled(commands))) == ([], ["a", "b"])


@pytest.mark.parametrize("usage", [cost(0.5), cost(1.5)])
def test_without_a_budget_nothing_is_counted(usage):
    run = Paid(*asks("a", "b"), max_parallel=1)
    run.step()
    said = run.step(Ended(task="a", attempt=1, outcome=Completed(), usage=usage))
    assert starts(said) == ["b"]


def test_ten_cents_three_times_are_thirty() -> None:
    run = Paid(*asks("a", "b", "c"), budget=Budget(usd=0.3), max_parallel=1)
    assert starts(run.step()) == ["a"]
    assert starts(run.step(done("a", usd=0.1))) == ["b"]
    assert starts(run.step(done("b", usd=0.1))) == ["c"], "it fits, to the cent"
    meter = Meter()
    for _ in range(3):
        meter.take(Spent(usage=cost(0.1)))
    assert meter.over(a_task("a", budget=Budget(usd=0.3))) == ""
    meter.take(Spent(usage=cost(0.0001)))
    assert "it spent $0.30 of $0.30" in meter.over(a_task("a", budget=Budget(usd=0.3)))


def test_a_start_costs_no_look_at_all_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def left(own: Sum, other: Sum) -> Sum:
        nonlocal looks
        looks += 1
        return Sum(usd=max(0.0, own.usd - other.usd))

    monkeypatch.setattr(Sum, "left", left)
    run = Paid(*asks(*(f"t{n}" for n in range(300))), budget=Budget(usd=1000.0))
    assert len(starts(run.step())) == 300
    for number in range(20):  # nobody waits any more
        run.step(done(f"t{number}", usd=0.1))
    assert looks <= 300
