"""Where the time of a run went."""

from __future__ import annotations

from forkjoin.accounting.account import account
from forkjoin.accounting.spent import spent_by

__all__ = ["account", "spent_by"]
