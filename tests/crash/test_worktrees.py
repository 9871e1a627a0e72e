"""Two runs in worktrees killed at a moment of chance; `python tests/crash/worktrees.py` is the long form."""

from __future__ import annotations

import pytest
from crash.worktrees import trials

pytestmark = pytest.mark.slow


def test_a_kill_leaves_nothing_in_the_users_repository() -> None:
    figures = trials(2, seed=5)
    assert figures["broken"] == []
    assert figures["kills"] >= 1
