"""Doubles for tests, ours and yours: a clock, a journal, a backend, a dialect, and a run in virtual time.

Nothing here sleeps, spawns or reads a clock.
"""

from __future__ import annotations

from forkjoin.testing.backend import Script, ScriptedBackend
from forkjoin.testing.clock import FakeClock
from forkjoin.testing.dialect import FakeDialect
from forkjoin.testing.memory import MemoryJournal
from forkjoin.testing.simulation import Simulated, simulate
from forkjoin.testing.values import a_plan, a_task, a_tree, a_view

__all__ = [
    "FakeClock",
    "FakeDialect",
    "MemoryJournal",
    "Script",
    "ScriptedBackend",
    "Simulated",
    "a_plan",
    "a_task",
    "a_tree",
    "a_view",
    "simulate",
]
