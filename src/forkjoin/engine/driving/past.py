"""What an owner reads of its run before it drives it, and after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing

import msgspec

from forkjoin.engine.attempts.underway import Key
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import JournalDamaged
from forkjoin.journal import Journal, SqliteJournal
from forkjoin.model import Ended, Event, Plan, Planned, Recorded, RetryAsked, Running, RunView, Starting


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever starts to drive a run knows of it already, so that nothing is read or added up twice.

    *plan* has its callables; *past* are the first events, a list that the driver empties when it needs them no more;
    *view* gives the run as it stands.
    """

    plan: Plan | None = None
    past: list[Recorded] = []
    view: Callable[[], RunView] | None = None


def read_past(journal: Journal, known: Known) -> list[Recorded]:
    """Return all of a journal; where it cannot be read, close it."""
    past = known.past
    try:
        past.extend(journal.read(past[-1].seq if past else 0))
    except BaseException:
        journal.close()
        raise
    return past


def planned_in(past: Sequence[Recorded], known: Known) -> Planned:
    """Return how the run was planned, with its callables where they are known."""
    first = past[0].event
    assert isinstance(first, Planned)  # noqa: S101 - launch writes it before anything else
    return first if known.plan is None else msgspec.structs.replace(first, plan=known.plan)


def alive(events: Sequence[Event]) -> list[Starting | Running]:
    """Return the attempts that have started and not ended, by their last sign."""
    found: dict[Key, Starting | Running] = {}
    for event in events:
        if type(event) is Starting or type(event) is Running:
            found[event.task, event.attempt] = event
        elif type(event) is Ended:
            found.pop((event.task, event.attempt), None)
    return list(found.values())


def of_kind(events: Sequence[Event], kinds: Collection[type[Event]]) -> list[Event]:
    """Return the events of these classes; told by the class alone, for a long past is mostly of other kinds."""
    return [event for event in events if type(event) in kinds]


def retry_waits(folder: RunFolder, seen: int) -> bool:
    """Return whether somebody asked for a retry after the event *seen*; of a run that was removed since nobody did."""
    try:
        with closing(SqliteJournal.open(folder.journal, readonly=True)) as journal:
            return any(isinstance(recorded.event, RetryAsked) for recorded in journal.read_rows(seen))
    except JournalDamaged:
        if folder.journal.exists():
            raise
        return False
