"""Sums of dollars and tokens, and what of a run's budget is spent."""

from __future__ import annotations

import msgspec

from forkjoin.model import Budget, Usage
from forkjoin.model.usage import in_dollars, too_many_dollars


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars and tokens; what is not known counts nothing."""

    usd: float = 0.0
    tokens: float = 0.0

    @staticmethod
    def of(usage: Usage) -> Sum:
        return Sum(usd=usage.usd or 0.0, tokens=(usage.input_tokens or 0) + (usage.output_tokens or 0))

    def plus(self, other: Sum, times: float = 1.0) -> Sum:
        return Sum(usd=self.usd + times * other.usd, tokens=self.tokens + times * other.tokens)

    def most(self, other: Sum) -> Sum:
        return Sum(usd=max(self.usd, other.usd), tokens=max(self.tokens, other.tokens))

    def left(self, other: Sum) -> Sum:
        return Sum(usd=max(0.0, self.usd - other.usd), tokens=max(0.0, self.tokens - other.tokens))

    def above(self, budget: Budget) -> bool:
        return (budget.usd is not None and too_many_dollars(self.usd, budget.usd)) or (
            budget.tokens is not None and self.tokens > budget.tokens
        )


class Purse(msgspec.Struct, kw_only=True):
    """What a run has spent of its budget, which may bound nothing.

    `live` is the part of it that attempts spent that have not ended.
    """

    budget: Budget
    spent: Sum = msgspec.field(default_factory=Sum)
    live: dict[int, Sum] = {}

    def take(self, number: int, usage: Usage, *, ended: bool) -> Sum:
        """Take note of what an attempt of that task has used so far, or in all; return it."""
        before = self.live.pop(number, Sum())
        now = Sum.of(usage).most(before)
        self.spent = self.spent.plus(now).plus(before, -1.0)
        if not ended:
            self.live[number] = now
        return now

    @property
    def bound(self) -> bool:
        """Whether anything is too much."""
        return self.budget.usd is not None or self.budget.tokens is not None

    @property
    def said(self) -> str:
        """What is spent of the budget, in words, and how to go on."""
        parts, flags = [], []
        if self.budget.usd is not None:
            parts.append(f"{in_dollars(self.spent.usd)} of {in_dollars(self.budget.usd)}")
            flags.append("--budget USD")
        if self.budget.tokens is not None:
            parts.append(f"{self.spent.tokens:,.0f} of {self.budget.tokens:,} tokens")
            flags.append("--budget-tokens N")
        spent, more = " and ".join(parts), " ".join(flags)
        return f"the run's budget allows no more: {spent} spent; for more: forkjoin retry {more}"
