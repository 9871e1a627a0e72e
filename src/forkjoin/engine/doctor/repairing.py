"""A damaged journal made readable again: what is sound of it in a new file, the old one put aside, nothing invented."""

from __future__ import annotations

import itertools
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from forkjoin.backends import began
from forkjoin.engine.folder import OwnerLock, RunFolder, find_run, synced
from forkjoin.engine.settings import Settings
from forkjoin.errors import JournalDamaged
from forkjoin.failpoints import reached
from forkjoin.journal import Salvage, rewritten, salvaged, unreadable
from forkjoin.model import Planned, Recorded, Starting

_BESIDE = ("-wal", "-shm")
_ASIDE = "journal.damaged-"


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """What was done, or would be: events kept and lost, tasks whose answers are gone, where the old file lies.

    `whole` = nothing was damaged, and nothing was done.
    """

    run: str
    whole: bool
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
        found = _found(folder)
        if not found.events or not isinstance(found.events[0].event, Planned):
            raise JournalDamaged(f"{folder.journal}: its first event, the plan, is gone; {_left(folder)}")
        aside = _free(folder)
        if found.whole:
            aside = Path()
        elif not dry_run:
            _exchange(folder, replace(found, events=(*found.events, *_begun(folder, found))), aside)
    finally:
        lock.release()
    return Repaired(
        run=folder.run, whole=found.whole, kept=len(found.events), lost=found.lost,
        answers_lost=tuple(unreadable(found)), aside="" if found.whole else str(aside),
    )  # fmt: skip


def _found(folder: RunFolder) -> Salvage:
    """Return the longest sound beginning there is, with the texts of all files: they are known by their hash."""
    now = salvaged(folder.journal)
    if now.whole and now.events:
        return now
    found = [now, *(salvaged(path) for path in sorted(folder.path.glob(f"{_ASIDE}*[0-9]")))]
    best = max(found, key=lambda one: (len(one.events), one.claimed))
    texts = {sha256: text for one in found for sha256, text in one.texts.items()}
    claimed = max(one.claimed for one in found)
    return replace(best, texts=texts, claimed=claimed, whole=False)


def _free(folder: RunFolder) -> Path:
    """Return a name that no file put aside has yet: a repair that was killed may have been within this second."""
    stem = f"{_ASIDE}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    names = itertools.chain((stem,), (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for path in map(folder.path.joinpath, names) if not os.path.lexists(path))


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
    """Put the new journal in the old one's place; where this is killed the old one is there, the new one, or an empty
    file that is refused, names the repair, and finds the old one aside: never a journal without its WAL.
    """
    new, empty = folder.path / "journal.new", folder.path / "journal.empty"
    for path in (new, *(new.with_name(new.name + tail) for tail in _BESIDE)):
        path.unlink(missing_ok=True)
    rewritten(found, new)
    reached("repair.written")
    if folder.journal.stat().st_size:  # else it is the empty one of a repair that was killed
        for tail in ("", *_BESIDE):
            with suppress(FileNotFoundError):
                os.link(folder.journal.with_name(folder.journal.name + tail), aside.with_name(aside.name + tail))
    synced(folder.path)
    reached("repair.aside")
    empty.write_bytes(b"")
    empty.replace(folder.journal)
    reached("repair.empty")
    for tail in _BESIDE:  # the old one's, which must not be applied to the new file
        folder.journal.with_name(folder.journal.name + tail).unlink(missing_ok=True)
    synced(folder.path)
    reached("repair.bare")
    new.replace(folder.journal)
    synced(folder.path)
    reached("repair.done")


def _left(folder: RunFolder) -> str:
    outputs = len(list(folder.path.glob("tasks/*/*/stdout.*")))
    commits = (folder.path / "git" / "HEAD").exists()
    said = f"what is left of the run: {outputs} output files below {folder.path / 'tasks'}"
    said += f", and its changes as commits in {folder.path / 'git'}" if commits else ""
    return (
        f"{said}; nothing can be repaired: take what you want of it, then remove it: "
        f"rm -r {shlex.quote(str(folder.path))}; forkjoin doctor --fix"
    )
