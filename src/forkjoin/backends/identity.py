"""Who a process is, for good."""

from __future__ import annotations

import os

import msgspec

from forkjoin.backends import processes


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a process is, for good: its pid, start time (clock ticks since boot) and boot id."""

    pid: int
    start: int
    boot: str


def identity() -> Identity:
    """Return who this process is."""
    pid = os.getpid()
    return Identity(pid=pid, start=processes.start_of(pid), boot=processes.boot_id())
