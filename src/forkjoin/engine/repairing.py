"""A damaged journal made readable again: what is sound of it in a new file, the old one put aside, nothing invented."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from forkjoin.backends import began
from forkjoin.engine.folder import OwnerLock, RunFolder, find_run
from forkjoin.engine.settings import Settings
from forkjoin.errors import JournalDamaged
from forkjoin.journal import Salvage, rewritten, salvaged, unreadable
from forkjoin.model import Planned, Recorded, Starting

_BESIDE = ("-wal", "-shm")


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """What was done, or would be: events kept and lost, tasks whose answers are gone, where the old file lies."""

    run: str
    kept: int
    lost: int
    answers_lost: tuple[str, ...]
    aside: str


def repair(settings: Settings, name: str, *, dry_run: bool = False) -> Repaired:
    """Replace the journal of the run of that name by what is sound of it; the owner's lock is held meanwhile.

    A repair that was killed is begun anew: the old file is looked for aside as well, and the longest beginning wins.
    Raises RunOwned where somebody drives the run, JournalDamaged where not even the plan is left.
    """
    folder = find_run(Path(settings.home), name)
    lock = OwnerLock.take(folder)
    try:
        sources = [folder.journal, *sorted(folder.path.glob("journal.damaged-*[0-9]"))]
        found = max((salvaged(path) for path in sources), key=lambda one: (len(one.events), one.claimed))
        if not found.events or not isinstance(found.events[0].event, Planned):
            raise JournalDamaged(f"{folder.journal}: its first event, the plan, is gone; {_left(folder)}")
        aside = folder.path / f"journal.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
        if not dry_run:
            _exchange(folder, replace(found, events=(*found.events, *_begun(folder, found))), aside)
    finally:
        lock.release()
    lost = tuple(unreadable(found))
    return Repaired(run=folder.run, kept=len(found.events), lost=found.lost, answers_lost=lost, aside=str(aside))


def _begun(folder: RunFolder, found: Salvage) -> Iterator[Recorded]:
    """Yield the starts of attempts whose folder shows that they began, and whose event is lost: they are collected."""
    events = [one.event for one in found.events]
    plan = events[0]
    assert isinstance(plan, Planned)  # noqa: S101 - looked at by the caller
    known = {(event.task, event.attempt) for event in events if isinstance(event, Starting)}
    seq = len(events)
    for task in plan.plan.tasks:
        for number in sorted(int(own.name) for own in folder.attempt(task.id, 1).parent.glob("[0-9]*")):
            own = folder.attempt(task.id, number)
            if (task.id, number) not in known and began(str(own)):
                seq += 1
                yield Recorded(seq=seq, at=own.stat().st_mtime, event=Starting(task=task.id, attempt=number))


def _exchange(folder: RunFolder, found: Salvage, aside: Path) -> None:
    new = folder.path / "journal.new"
    for path in (new, *(new.with_name(new.name + tail) for tail in _BESIDE)):
        path.unlink(missing_ok=True)
    rewritten(found, new)
    for tail in ("", *_BESIDE):  # by a second name, so that the old file is never without one
        with suppress(FileNotFoundError):
            os.link(folder.journal.with_name(folder.journal.name + tail), aside.with_name(aside.name + tail))
    for tail in _BESIDE:  # the old one's, which must not be applied to the new file
        folder.journal.with_name(folder.journal.name + tail).unlink(missing_ok=True)
    new.replace(folder.journal)


def _left(folder: RunFolder) -> str:
    outputs = len(list(folder.path.glob("tasks/*/*/stdout.*")))
    commits = (folder.path / "git" / "HEAD").exists()
    said = f"what is left of the run: {outputs} output files below {folder.path / 'tasks'}"
    return said + (f", and its changes as commits in {folder.path / 'git'}" if commits else "")
