"""Where the time of a run went."""

from __future__ import annotations

from forkjoin.accounting.account import account

__all__ = ["account"]
