"""What a run has spent: what is not known is never shown as known."""

from __future__ import annotations

import pytest

from forkjoin.accounting import spent_by
from forkjoin.model import Budget, TaskView, Usage
from forkjoin.testing import a_task, a_view


def task(name, usage=None, *, provider="anthropic", attempt=1):
    return TaskView(task=a_task(name), number=1, attempt=attempt, provider=provider, usage=usage or Usage())


KNOWN = Usage(usd=1.5, input_tokens=100, output_tokens=20)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([task("a", KNOWN), task("b", KNOWN)], "$3.00, 240 tokens"),
        ([task("a", KNOWN), task("b")], "at least $1.50 (of 1 of 2 tasks it is not known), at least 120 tokens"),
        ([task("a")], "$? (not said), ? tokens"),
        ([task("a", KNOWN), task("b", attempt=0)], "$1.50, 120 tokens"),  # it has not begun
        ([task("a", KNOWN), task("b", provider="")], "$1.50, 120 tokens"),  # it asks nobody
    ],
)
def test_in_words(tasks, said):
    assert spent_by(a_view(*tasks)).said.startswith(said)


def test_a_sum_of_known_and_unknown_is_null_for_programs():
    found = spent_by(a_view(task("a", KNOWN), task("b"), budget=Budget(usd=5.0)))
    assert (found.usd, found.usd_known, found.usd_unknown, found.tokens) == (None, 1.5, 1, None)
    assert "of $5.00" in found.said


def test_a_run_without_agents_has_spent_nothing():
    assert spent_by(a_view(task("a", provider=""))).tasks == 0
