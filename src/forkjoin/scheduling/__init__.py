"""When what runs: a pure step from events to commands."""

from __future__ import annotations

from forkjoin.scheduling.board import Board, new_board, rebuild, step
from forkjoin.scheduling.commands import Command, End, Finish, Reclaim, Settle, Start
from forkjoin.scheduling.limits import Limits, limits, retries_left

__all__ = [
    "Board",
    "Command",
    "End",
    "Finish",
    "Limits",
    "Reclaim",
    "Settle",
    "Start",
    "limits",
    "new_board",
    "rebuild",
    "retries_left",
    "step",
]
