"""Money in words."""

from __future__ import annotations

import pytest

from forkjoin.model import Budget, Spent
from forkjoin.model.usage import in_dollars


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (0.0, "$0.00"),
        (5.0, "$5.00"),
        (0.01, "$0.01"),
        (0.0042, "$0.0042"),
        (0.000001, "$0.0001"),
    ],
)
def test_less_than_a_cent_is_not_said_to_be_nothing(usd: float, said: str) -> None:
    assert in_dollars(usd) == said


def test_what_was_spent_and_what_may_be_are_told_apart() -> None:
    spent = Spent(tasks=1, usd=0.0042, usd_known=0.0042, tokens=12, tokens_known=12, budget=Budget(usd=0.001))
    assert spent.said == "$0.0042 of $0.0010, 12 tokens"
