"""What an attempt used. Unknown is None, never 0."""

from __future__ import annotations

from forkjoin.model.base import Value
from forkjoin.model.task import Budget


def in_dollars(usd: float) -> str:
    """Return US dollars in words: `$1.20`, `$0.0042` where cents would say nothing."""
    return f"${usd:.2f}" if usd >= 0.01 or usd <= 0 else f"${max(usd, 0.0001):.4f}"


def too_many_dollars(spent: float, most: float) -> bool:
    """Whether more is spent than may be: three times ten cents are thirty, whatever binary fractions make of them."""
    return round(spent - most, 6) > 0


class Usage(Value, frozen=True, kw_only=True, omit_defaults=True):
    """Seconds of CPU, bytes of memory at the peak, tokens and US dollars; None where not known."""

    cpu_s: float | None = None
    max_rss: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None


class Spent(Value, frozen=True, kw_only=True):
    """What the tasks of a run that asked a provider spent together, in US dollars and in tokens, in and out.

    `usd` and `tokens` are None where one of them did not say it: `usd_known` and `tokens_known` are the sums of what
    was said then, `usd_unknown` and `tokens_unknown` count those who did not.
    """

    tasks: int = 0
    usd: float | None = 0.0
    tokens: int | None = 0
    usd_known: float = 0.0
    tokens_known: int = 0
    usd_unknown: int = 0
    tokens_unknown: int = 0
    budget: Budget | None = None

    @property
    def said(self) -> str:
        """It in words: `$1.20 of $5.00, 12,300 tokens`; what is not known is a question mark, or `at least`."""
        return f"{self._dollars}, {self._tokens}"

    @property
    def _dollars(self) -> str:
        most = f" of {in_dollars(self.budget.usd)}" if self.budget is not None and self.budget.usd is not None else ""
        if self.usd_unknown == self.tasks and self.tasks:
            return f"$?{most} (not said)"
        unknown = f" (of {self.usd_unknown} of {self.tasks} tasks it is not known)" if self.usd_unknown else ""
        return f"{'at least ' if unknown else ''}{in_dollars(self.usd_known)}{most}{unknown}"

    @property
    def _tokens(self) -> str:
        most = f" of {self.budget.tokens:,}" if self.budget is not None and self.budget.tokens is not None else ""
        if self.tokens_unknown == self.tasks and self.tasks:
            return f"?{most} tokens"
        unknown = f" (of {self.tokens_unknown} of {self.tasks} tasks they are not known)" if self.tokens_unknown else ""
        return f"{'at least ' if unknown else ''}{self.tokens_known:,}{most} tokens{unknown}"
