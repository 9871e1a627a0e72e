"""From a bundle to a run's folder: every file under a name that a bundle has, and a journal made anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from forkjoin.engine.bundles.archive import EVENTS, FORMAT, HEAD, read_archive
from forkjoin.engine.folder import is_run_id
from forkjoin.errors import BadBundle
from forkjoin.journal import SqliteJournal
from forkjoin.model import Ended, Joined, Planned, Recorded, RunId, Text

_TASK = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_LINE = msgspec.json.Decoder(Recorded)


class _Head(msgspec.Struct):
    bundle: int
    run: str
    forkjoin: str = ""


def unpacked(path: Path, runs: Path, content: Iterator[tuple[str, bytes]] | None = None) -> RunId:
    """Write a bundle's run below the folder *runs*, under its id, with a journal of its own; return the id.

    *content* is given where it lies in no file yet.
    """
    content = read_archive(path) if content is None else content
    run = _run_id(path, content)
    folder = runs / run
    folder.mkdir(mode=0o700, parents=True)
    events = _events(path, content, run)
    tasks, patches = _tasks(path, events), set[str]()
    for name, data in content:
        if name in (HEAD, EVENTS) or name.split("/")[1] not in tasks:
            raise BadBundle(path, f"holds {name!r} in a place where no bundle has it")
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.write_bytes(data)
        patches.add(name)
    _write_journal(folder / "journal.db", [_own_patch(one, patches) for one in events])
    return run


def _run_id(path: Path, content: Iterator[tuple[str, bytes]]) -> RunId:
    name, data = next(content, ("", b""))
    try:
        head = msgspec.json.decode(data, type=_Head) if name == HEAD else None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        head = None
    if head is None or not is_run_id(head.run):
        raise BadBundle(path, "does not begin as a bundle does")
    if head.bundle > FORMAT:
        raise BadBundle(path, f"was written by forkjoin {head.forkjoin[:40]}, which is newer: upgrade forkjoin")
    return RunId(head.run)


def _events(path: Path, content: Iterator[tuple[str, bytes]], run: RunId) -> list[Recorded]:
    name, data = next(content, ("", b""))
    try:
        events = [_LINE.decode(line) for line in data.split(b"\n") if line] if name == EVENTS else []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadBundle(path, f"holds an event that cannot be read ({error})") from error
    first = events[0].event if events else None
    if not isinstance(first, Planned) or first.run != run:
        raise BadBundle(path, "holds no plan of its run")
    if [one.seq for one in events] != list(range(1, len(events) + 1)):
        raise BadBundle(path, "lacks events, or has them in another order")
    return events


def _tasks(path: Path, events: Sequence[Recorded]) -> set[str]:
    first = events[0].event
    assert isinstance(first, Planned)  # noqa: S101 - it was looked at before
    tasks = {str(task.id) for task in first.plan.tasks}
    if not all(_TASK.fullmatch(task) for task in tasks):
        raise BadBundle(path, "holds a task whose id is none")
    return tasks


def _own_patch(recorded: Recorded, there: set[str]) -> Recorded:
    """Return the event with the patch it names only where that lies in the bundle: nothing else is read for it."""
    event = recorded.event
    if not isinstance(event, Ended) or not event.changes.patch or event.changes.patch in there:
        return recorded
    changes = msgspec.structs.replace(event.changes, patch="")
    return msgspec.structs.replace(recorded, event=msgspec.structs.replace(event, changes=changes))


def _write_journal(path: Path, events: Sequence[Recorded]) -> None:
    journal = SqliteJournal.create(path)
    try:
        for one in events:
            event: Any = one.event
            if isinstance(event, Ended):
                answer, value = _text(journal, event.answer), _text(journal, event.value)
                event = msgspec.structs.replace(event, answer=answer, value=value)
            elif isinstance(event, Joined) and event.lines is not None:
                event = msgspec.structs.replace(event, lines=_text(journal, event.lines))
            journal.append([event], at=one.at)
        journal.commit()
    finally:
        journal.close()


def _text(journal: SqliteJournal, text: Text) -> Text:
    return journal.text(text.inline) if text.inline else Text()
