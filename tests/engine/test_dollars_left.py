"""What is left of a run's budget bounds each attempt of an agent that says its dollars only at its end."""

from __future__ import annotations

import pytest

from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.carrying_on import Carrying, at_most
from forkjoin.engine.attempts.giving import Giving
from forkjoin.model import Budget, Completed, Ended, Options, Planned, RetryAsked, RunId, Task, TaskId, Usage
from forkjoin.testing import a_plan

A, B = TaskId("a"), TaskId("b")


def giving(budget: Budget | None) -> Giving:
    planned = Planned(
        run=RunId("r"), plan=a_plan("a", "b"), edges=(), claims=(), tree="/t", repository="/t",
        options=Options(budget=budget), version="0",
    )  # fmt: skip
    return Giving(planned, lambda text: text.inline)


def test_what_has_ended_is_taken_off_and_a_retry_may_add() -> None:
    made = giving(Budget(usd=2))
    assert made.to(B).left == 2
    made.note(Ended(task=A, attempt=1, outcome=Completed(), usage=Usage(usd=1.5)))
    assert made.to(B).left == 0.5
    made.note(RetryAsked(task=A, budget=Budget(usd=5)))
    assert made.to(B).left == 3.5
    assert giving(Budget(tokens=5)).to(B).left is None
    assert giving(None).to(B) == Given()


@pytest.mark.parametrize(
    ("own", "left", "budget"),
    [
        (None, 0.5, Budget(usd=0.5)),
        (Budget(usd=2), 0.5, Budget(usd=0.5)),
        (Budget(usd=0.2), 0.5, Budget(usd=0.2)),
        (Budget(tokens=9), 0.5, Budget(usd=0.5, tokens=9)),
        (None, -1.0, Budget(usd=0.01)),  # 0 would be no bound
    ],
)
def test_a_task_gets_no_more_than_is_left(own: Budget | None, left: float, budget: Budget) -> None:
    assert at_most(own, left) == budget


@pytest.mark.parametrize(("agent", "bounds"), [("claude", [0.5, 0.1, 3.0]), ("opencode", [None, None, None])])
def test_it_is_bounded_anew_at_each_start(agent: str, bounds: list[float | None]) -> None:
    tasks = {A: Task(id=A, task="x", agent=agent)}
    carrying, seen = Carrying(tasks), []
    for number, left in enumerate((0.5, 0.1, 3.0), 1):
        carrying.remember((A, number), Given(left=left))
        budget = tasks[A].budget
        seen.append(None if budget is None else budget.usd)
    assert seen == bounds
