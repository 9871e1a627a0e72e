"""When what runs: a pure step from events to commands."""

from __future__ import annotations

from forkjoin.scheduling.board import Board, new_board, rebuild, step
from forkjoin.scheduling.commands import Cap, Command, End, Finish, Pause, Reclaim, Settle, Start
from forkjoin.scheduling.limits import Limits, limits, retries_left
from forkjoin.scheduling.pausing import until

__all__ = [
    "Board",
    "Cap",
    "Command",
    "End",
    "Finish",
    "Limits",
    "Pause",
    "Reclaim",
    "Settle",
    "Start",
    "limits",
    "new_board",
    "rebuild",
    "retries_left",
    "step",
    "until",
]
