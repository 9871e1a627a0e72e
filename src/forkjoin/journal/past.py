"""How long tasks took in a run that is over: read from its journal fast, and only as far as that needs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from forkjoin.errors import ForkjoinError
from forkjoin.journal.files import connected

_FIRST = "SELECT body FROM event WHERE seq = 1"
_ENDS = "SELECT body FROM event WHERE kind = 'ended' AND attempt > 0 ORDER BY seq DESC LIMIT ?"
_HALTED = "SELECT DISTINCT task FROM event WHERE kind = 'halted'"
_MOST_BYTES = 64 * 1024 * 1024  # a larger journal is not opened for an estimate


class PastTask(msgspec.Struct, frozen=True, kw_only=True):
    """What of a task says whether another is the same; all else of it is passed over."""

    id: str
    agent: str = ""
    task: str = ""
    command: tuple[str, ...] = ()
    shell: str = ""
    function: str = ""
    reads: tuple[str, ...] | None = None


class _Plan(msgspec.Struct):
    tasks: tuple[PastTask, ...] = ()


class _Options(msgspec.Struct):
    replay: dict[str, object] | None = None
    on_overlap: str = ""


class _First(msgspec.Struct):
    repository: str
    plan: _Plan
    options: _Options


class _Outcome(msgspec.Struct):
    state: str


class _Exit(msgspec.Struct):
    wall_s: float = 0.0


class _Usage(msgspec.Struct, frozen=True):
    usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class _End(msgspec.Struct):
    task: str
    outcome: _Outcome
    exit: _Exit | None = None
    usage: _Usage = _Usage()


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """What a task took: seconds, dollars, tokens in and out; None where that is not known."""

    seconds: float
    usd: float | None = None
    tokens: int | None = None


_first, _end = msgspec.json.Decoder(_First), msgspec.json.Decoder(_End)


def past_tasks(journal: Path, *, repository: str, most: int) -> list[tuple[PastTask, Took]]:
    """Return the completed tasks of a run on *repository* with what they took, at most *most*; nothing of any other.

    One that was made to stand still says nothing of how long it takes.
    Nothing too where the journal cannot be read: an estimate is worth no complaint.
    """
    try:
        if journal.stat().st_size > _MOST_BYTES:
            return []
        db, _ = connected(journal, readonly=True)
        with closing(db):
            row = db.execute(_FIRST).fetchone()
            first = _first.decode(row[0]) if row else None
            if first is None or first.repository != repository or first.options.replay is not None:
                return []
            ends = [_end.decode(body) for (body,) in db.execute(_ENDS, (most,))]
            halted = {task for (task,) in db.execute(_HALTED)} if first.options.on_overlap == "pause" else set()
    except (ForkjoinError, sqlite3.Error, OSError, msgspec.MsgspecError, ValueError):
        return []
    took = {end.task: _took(end, end.exit) for end in reversed(ends) if end.exit and end.outcome.state == "completed"}
    return [(task, took[task.id]) for task in first.plan.tasks if task.id in took and task.id not in halted]


def _took(end: _End, exit_: _Exit) -> Took:
    read, written = end.usage.input_tokens, end.usage.output_tokens
    tokens = None if read is None or written is None else read + written
    return Took(seconds=exit_.wall_s, usd=end.usage.usd, tokens=tokens)
