"""What an attempt used. Unknown is None, never 0."""

from __future__ import annotations

from forkjoin.model.base import Value


class Usage(Value, frozen=True, kw_only=True, omit_defaults=True):
    """Seconds of CPU, bytes of memory at the peak, tokens and US dollars; None where not known."""

    cpu_s: float | None = None
    max_rss: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None
