"""What an owner reads of its run before it drives it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from forkjoin.engine.attempts.attempts import Key
from forkjoin.journal import Journal
from forkjoin.model import Ended, Event, Plan, Planned, Recorded, Running, Starting


def read_past(journal: Journal) -> list[Recorded]:
    """Return all of a journal; where it cannot be read, close it."""
    try:
        return list(journal.read())
    except BaseException:
        journal.close()
        raise


def planned_in(past: Sequence[Recorded], plan: Plan | None) -> Planned:
    """Return how the run was planned, with *plan*'s callables where it is given."""
    first = past[0].event
    assert isinstance(first, Planned)  # noqa: S101 - launch writes it before anything else
    return first if plan is None else msgspec.structs.replace(first, plan=plan)


def alive(events: Sequence[Event]) -> list[Starting | Running]:
    """Return the attempts that have started and not ended, by their last sign."""
    found: dict[Key, Starting | Running] = {}
    for event in events:
        if isinstance(event, Starting | Running):
            found[event.task, event.attempt] = event
        elif isinstance(event, Ended):
            found.pop((event.task, event.attempt), None)
    return list(found.values())
