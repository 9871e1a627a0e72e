"""What a caller allows to be spent, as text."""

from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.spending import caps_line, spendable
from forkjoin.model import Budget, Limits


@pytest.mark.parametrize(
    ("usd", "tokens", "found"),
    [
        ("", "", None),
        ("5usd", "", Budget(usd=5.0)),
        ("$0.50", "", Budget(usd=0.5)),
        ("2 USD", "500k", Budget(usd=2.0, tokens=500_000)),
        ("", "1.5M", Budget(tokens=1_500_000)),
        ("", "10000", Budget(tokens=10_000)),
    ],
)
def test_sums(usd, tokens, found):
    assert spendable(usd, tokens) == found


@pytest.mark.parametrize(("usd", "tokens", "where"), [("5eur", "", "--budget"), ("-1", "", "--budget"),
                                                      ("", "many", "--budget-tokens")])  # fmt: skip
def test_what_is_no_sum_names_the_flag(usd, tokens, where):
    with pytest.raises(PlanError) as error:
        spendable(usd, tokens)
    assert error.value.where == where


def test_caps_in_a_line():
    assert caps_line(Limits()) == ""
    assert caps_line(Limits(agents={"opencode": 5}, providers={"openai": 2})) == "agent opencode 5, provider openai 2"
