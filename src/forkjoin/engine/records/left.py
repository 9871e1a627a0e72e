"""What is left of a run whose owner is gone: what still runs, what ended meanwhile, what was lost, what never began."""

from __future__ import annotations

from pathlib import Path

import msgspec

from forkjoin.backends import began, locked, read_exit
from forkjoin.engine.folder import RunFolder
from forkjoin.model import ENDED, RunView, TaskView

_WAITING = ("queued", "limited")
PLACE = "place.json"  # where an attempt works, for an owner that finds it started and not yet journaled as running


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of tasks: `running` can be adopted, `ended` have a record to collect, `lost` neither, `queued` wait."""

    running: int = 0
    ended: int = 0
    lost: int = 0
    queued: int = 0

    @property
    def said(self) -> str:
        """The counts in words, without those that are zero."""
        counts = (
            (self.running, "still running"),
            (self.ended, "ended meanwhile"),
            (self.lost, "lost"),
            (self.queued, "still to run"),
        )
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing left to run"


def left_of(folder: RunFolder, view: RunView) -> Left:
    """Return what whoever takes the run now finds; a look at the folders of attempts that have begun, no more."""
    running = ended = lost = queued = 0
    for task in view.tasks:
        if task.state in ENDED:
            continue
        path = open_attempt(folder, task)
        own = "" if path is None else str(path)
        if path is None or not (locked(own) or began(own)):
            queued += 1
        elif locked(own):
            running += 1
        elif read_exit(own) is not None:
            ended += 1
        else:
            lost += 1
    return Left(running=running, ended=ended, lost=lost, queued=queued)


def open_attempt(folder: RunFolder, task: TaskView) -> Path | None:
    """Return the folder of a task's attempt that has begun and not ended, None where there is none.

    Of a task that waits it is the last of the next ones, which the journal does not know where its end was lost.
    """
    if task.state not in _WAITING:
        return None if task.state in ENDED else folder.attempt(task.id, max(1, task.attempt))
    number = task.attempt
    while found_begun(folder.attempt(task.id, number + 1)):
        number += 1
    return folder.attempt(task.id, number) if number > task.attempt else None


def found_begun(own: Path) -> bool:
    """Whether an attempt's folder shows that it was started, whatever the journal knows of it."""
    return began(str(own)) or (own / PLACE).exists()
