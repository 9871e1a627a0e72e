"""What is not well with the runs of a state folder: without an owner, with one that stands still, damaged."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from pathlib import Path

from forkjoin.engine.doctor.fact import Fact
from forkjoin.engine.folder import RunFolder, run_folders, without_journal
from forkjoin.engine.run import Run
from forkjoin.errors import ForkjoinError, JournalDamaged, JournalNewer

_LOOK_S = 2.0  # for how long journals are read


def runs_facts(home: Path) -> Iterator[Fact]:
    """Yield how many there are, then what is not well with each, newest first."""
    count, passed, facts, until = 0, 0, list[Fact](), time.monotonic() + _LOOK_S
    for folder in run_folders(home):  # newest first
        count += 1
        if time.monotonic() > until:
            passed += 1
        else:
            facts += _run(folder)
    yield Fact(
        name="runs", verdict="ok", seen=f"{count}" + (f"; the oldest {passed} were not looked at" * (passed > 0))
    )
    yield from facts
    for path in without_journal(home):
        yield Fact(name="no journal", verdict="warning", seen=f"a run that no verb finds any more: {path}",
                   remedy=f"take what you want of it, then: rm -r {shlex.quote(str(path))}")  # fmt: skip


def _run(folder: RunFolder) -> Iterator[Fact]:
    """Yield what is not well with one run."""
    run_id = folder.run
    try:
        with Run(folder) as run:
            if remedy := run.halted():
                yield Fact(name="halted", verdict="warning", seen=f"the owner of run {run_id} stands still",
                           remedy=remedy)  # fmt: skip
            elif run.view().ended is None and not run.owned():
                yield Fact(name="no owner", verdict="warning", seen=f"run {run_id} is not over, and nobody drives it",
                           remedy=f"go on with it: forkjoin resume {run_id}")  # fmt: skip
    except JournalNewer as error:
        yield Fact(name="newer", verdict="warning", seen=f"run {run_id}: {error}", remedy="upgrade forkjoin")
    except JournalDamaged:
        yield Fact(name="damaged", verdict="warning", seen=f"the journal of run {run_id} cannot be read",
                   remedy=f"keep what is sound of it: forkjoin doctor --repair {run_id}")  # fmt: skip
    except ForkjoinError as error:
        yield Fact(name="unreadable", verdict="warning", seen=f"run {run_id}", remedy=str(error))
