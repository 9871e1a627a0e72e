"""How long runs are kept: for ever, unless settings or flags say otherwise; never one that holds unlanded work."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from forkjoin.engine.folder import run_folders
from forkjoin.engine.run import Run
from forkjoin.errors import ForkjoinError
from forkjoin.model import RunId

_DAY_S, _GIB = 24 * 3600.0, 1024**3


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One run on the disk: when it ended (Unix time, None = not yet), its bytes, and whether it may go at all."""

    run: RunId
    ended: float | None
    size: int
    disposable: bool


def expired(runs: Sequence[Kept], *, days: float | None, gib: float | None, now: float) -> tuple[RunId, ...]:
    """Return the runs that are too old, and of the rest the oldest until all together fit into *gib*; None = no limit.

    Runs come newest first. One that is not over, or holds changes that were not landed, counts and stays.
    """
    old = {
        one.run
        for one in runs
        if days is not None and one.disposable and one.ended is not None and now - one.ended > days * _DAY_S
    }
    total = sum(one.size for one in runs if one.run not in old)
    for one in reversed(runs):
        if gib is None or total <= gib * _GIB:
            break
        if one.disposable and one.ended is not None and one.run not in old:
            old.add(one.run)
            total -= one.size
    return tuple(one.run for one in runs if one.run in old)


def retire(home: Path, *, days: float | None, gib: float | None, dry_run: bool = False) -> tuple[RunId, ...]:
    """Remove what has expired (or only name it); a run that somebody has just taken is left for the next time."""
    if days is None and gib is None:
        return ()
    found = {folder.run: folder for folder in run_folders(home)}
    looked = []
    for folder in found.values():
        with suppress(ForkjoinError), Run(folder) as run:
            view = run.view()
            holds = bool(view.unlanded)
            size = _bytes_below(folder.path) if gib is not None else 0
            looked.append(Kept(run=folder.run, ended=view.ended, size=size, disposable=not holds and not run.owned()))
    gone = []
    for name in expired(looked, days=days, gib=gib, now=time.time()):
        with suppress(ForkjoinError), Run(found[name]) as run:
            if not dry_run:
                run.remove()
            gone.append(name)
    return tuple(gone)


def _bytes_below(folder: Path) -> int:
    total = 0
    for inside, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += os.lstat(f"{inside}/{name}").st_blocks * 512
    return total
