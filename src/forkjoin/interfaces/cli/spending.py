"""Money and tokens: what a caller allows, what was spent, and the lines about both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forkjoin.errors import PlanError
from forkjoin.model.usage import in_dollars

if TYPE_CHECKING:
    from forkjoin.engine import Money
    from forkjoin.model import Budget, Limits

_DOLLARS = re.compile(r"\$?(\d+(?:\.\d+)?)\s*(?:usd|\$)?", re.IGNORECASE)
_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)", re.IGNORECASE)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def spendable(usd: str, tokens: str) -> Budget | None:
    """Return what the flags allow, None where they say nothing; PlanError that names the flag for what is no sum."""
    from forkjoin.model import Budget

    if not usd and not tokens:
        return None
    return Budget(usd=_dollars(usd) if usd else None, tokens=_tokens(tokens) if tokens else None)


def _dollars(text: str) -> float:
    found = _DOLLARS.fullmatch(text.strip())
    if found is None:
        raise PlanError(f"{text[:40]!r} is no sum of dollars", where="--budget", next_step="write 5usd, or 0.50")
    return float(found[1])


def _tokens(text: str) -> int:
    found = _TOKENS.fullmatch(text.strip())
    if found is None:
        raise PlanError(
            f"{text[:40]!r} is no number of tokens", where="--budget-tokens", next_step="write 500000, 500k or 2M"
        )
    return round(float(found[1]) * _TIMES[found[2].lower()])


def money_line(money: Money) -> str:
    """Return who will spend, what that cost in past runs, and what may be spent."""
    who = ", ".join(f"{one.tasks} by {one.agent} ({one.permission})" for one in money.agents)
    dollars = "$?" if money.usd is None else f"about {in_dollars(money.usd)}"
    tokens = "? tokens" if money.tokens is None else f"about {money.tokens:,} tokens"
    unknown = " (no past run says it of all)" if money.usd is None or money.tokens is None else ", by past runs"
    return f"{money.tasks} task{'s' * (money.tasks != 1)} that cost: {who}; {dollars}, {tokens}{unknown}; {_may(money)}"


def caps_line(limits: Limits) -> str:
    """Return how many may run at once of an agent, a model, a provider; "" where nothing bounds them."""
    kinds = (("agent", limits.agents), ("model", limits.models), ("provider", limits.providers))
    return ", ".join(f"{kind} {name} {most}" for kind, caps in kinds for name, most in caps.items())


def _may(money: Money) -> str:
    if money.budget is None:
        return "no budget (--budget 5usd)"
    parts = [in_dollars(money.budget.usd)] if money.budget.usd is not None else []
    parts += [f"{money.budget.tokens:,} tokens"] if money.budget.tokens is not None else []
    return f"budget {' and '.join(parts)}"
