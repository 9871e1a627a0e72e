"""From a run to its bundle: events with their texts, and what each attempt was asked and said; no workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from forkjoin.backends import kept_segments
from forkjoin.engine.bundles.archive import EVENTS, FORMAT, HEAD, write_archive
from forkjoin.engine.bundles.naming import SUFFIXES, suffix_of
from forkjoin.engine.bundles.redaction import Redaction, secret_values
from forkjoin.engine.records.reader import RunReader
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Ended, Joined, Recorded, TaskId, Text, to_builtins, to_json

_PATCH = "changes.patch"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written: where, how many bytes, and how many secrets were masked in it."""

    file: str
    bytes: int
    masked: int
    patches: bool


def export(run: RunReader, path: Path, *, patches: bool = False, environ: Mapping[str, str] | None = None) -> Exported:
    """Write *run* as it stands into the new file *path*; the same run and environment give the same bytes.

    Environment values, secrets of *environ* (default: this process's) and known patterns of secrets are masked
    wherever they stand. Raises PlanError for a name that no bundle has or a file that is there, NoRoom for too large
    a run, CannotHere where this Python cannot pack it so.
    """
    if not suffix_of(path.name):
        raise PlanError(
            "a bundle is a packed tar", where=str(path), next_step=f"end its name in {' or '.join(SUFFIXES)}"
        )
    if path.exists():
        raise PlanError("exists already", where=str(path), next_step="name a new file")
    redaction = _redaction(run, os.environ if environ is None else environ)
    size = _whole(path, members(run, redaction, patches=patches))
    return Exported(file=str(path), bytes=size, masked=redaction.count, patches=patches)


def _whole(path: Path, content: Iterator[tuple[str, bytes]]) -> int:
    """Write by a name of its own first, so that nobody finds half a bundle."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        size = write_archive(part, content, suffix_of(path.name))
        os.link(part, path)  # unlike a rename it never takes the place of a file that came meanwhile
        return size
    except FileExistsError:
        raise PlanError("exists already", where=str(path), next_step="name a new file") from None
    except FileNotFoundError:
        raise PlanError(f"there is no folder {path.parent}", where=str(path), next_step="make it") from None
    except OSError as error:
        raise CannotHere(f"{path} cannot be written: {error.strerror}; name another folder") from error
    finally:
        with suppress(OSError):
            part.unlink()


def members(run: RunReader, redaction: Redaction | None, *, patches: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a bundle in their order; without a *redaction* nothing is masked."""
    events = run.events()
    attempts = [one.event for one in events if isinstance(one.event, Ended) and one.event.attempt]
    yield HEAD, to_json({"bundle": FORMAT, "run": run.id, "forkjoin": run.planned.version})
    yield EVENTS, b"".join(_line(run, one, redaction, patches=patches) for one in events)
    changed = {(one.task, one.attempt): one.changes.patch for one in attempts} if patches else {}
    for task in run.tasks:
        for number in _numbers(run.folder / "tasks" / task):
            folder = run.folder / "tasks" / task / str(number)
            for name, content in _files(folder, run.folder, changed.get((task, number), "")):
                yield f"tasks/{task}/{number}/{name}", redaction.raw(content) if redaction else content
            for stream in ("stdout", "stderr"):
                yield from _segments(folder, stream, task, number, redaction)


def _redaction(run: RunReader, environ: Mapping[str, str]) -> Redaction:
    envs = [task.env for task in run.planned.plan.tasks]
    return Redaction(secret_values(envs, environ), ids=run.tasks)


def _line(run: RunReader, recorded: Recorded, redaction: Redaction | None, *, patches: bool) -> bytes:
    event = recorded.event
    if isinstance(event, Ended):
        changes = event.changes
        patch = f"tasks/{event.task}/{event.attempt}/{_PATCH}" if patches and changes.patch else ""
        changes = msgspec.structs.replace(changes, patch=patch)
        answer, value = _inline(run, event.answer), _inline(run, event.value)
        event = msgspec.structs.replace(event, answer=answer, value=value, changes=changes)
    elif isinstance(event, Joined) and event.lines is not None:
        event = msgspec.structs.replace(event, lines=_inline(run, event.lines))
    plain: Any = to_builtins(msgspec.structs.replace(recorded, event=event))
    if redaction is not None:
        plain["event"] = redaction.value(plain["event"])
    return to_json(plain) + b"\n"


def _inline(run: RunReader, text: Text) -> Text:
    content = run.content(text)
    return Text(inline=content, length=len(content))


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdigit())
    except OSError:
        return []


def _files(folder: Path, run_folder: Path, patch: str) -> Iterator[tuple[str, bytes]]:
    with suppress(OSError):
        yield "brief.md", (folder / "brief.md").read_bytes()
    if patch:
        with suppress(OSError):
            yield _PATCH, (run_folder / patch).read_bytes()


def _segments(
    folder: Path, stream: Literal["stdout", "stderr"], task: TaskId, number: int, redaction: Redaction | None
) -> Iterator[tuple[str, bytes]]:
    """Yield what is kept of a stream, masked as a whole: a secret may stand across the seam of two segments."""
    parts = [
        (index, _content(folder / f"{stream}.{index:04d}"))
        for index, size in kept_segments(str(folder), stream)
        if size
    ]
    whole = b"".join(content for _, content in parts)
    masked = redaction.raw(whole) if redaction else whole
    at = 0
    for index, content in parts:
        yield f"tasks/{task}/{number}/{stream}.{index:04d}", masked[at : at + len(content)]
        at += len(content)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
