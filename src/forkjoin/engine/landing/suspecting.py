"""Landed changes looked at for what merges and may not fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from forkjoin.engine.landing.choosing import Candidate
from forkjoin.model import MIB, Suspicion
from forkjoin.planning import LOCK_FILES, Edited, suspicions
from forkjoin.workspaces.landing import Replay

_MOST = 2000  # files that are read
_LARGEST, _TOTAL = 400_000, 32 * MIB  # bytes of one of them, of all


def suspected(replay: Replay, candidates: Sequence[Candidate]) -> tuple[tuple[Suspicion, ...], str]:
    """Return what looks suspicious between the changes of any two of them, and what was not looked at, if anything."""
    if len(candidates) < 2:
        return (), ""
    rows = [
        (candidate, change.path)
        for candidate in candidates
        for change in candidate.task.changes.files
        if candidate.only is None or candidate.only(change.path)
    ]
    locks = [Edited(task=candidate.id, path=path) for candidate, path in rows if PurePosixPath(path).name in LOCK_FILES]
    sources = [(candidate, path) for candidate, path in rows if path.endswith((".py", ".pyi"))]
    read = _read(replay, sources[:_MOST])
    left = len(sources) - len(read)
    files = "a Python file was" if left == 1 else f"{left:,} Python files were"
    note = f"{files} too big or too many to be looked through for changes that may not fit" if left else ""
    return suspicions([*read, *locks]), note


def _read(replay: Replay, rows: Sequence[tuple[Candidate, str]]) -> list[Edited]:
    """Return the files as they were and as they are; without those that are too big."""
    wanted = [
        (commit, path)
        for candidate, path in rows
        for commit in (candidate.task.changes.base, candidate.task.changes.commit)
    ]
    texts = replay.texts(wanted, most=_LARGEST, total=_TOTAL)
    return [
        Edited(task=candidate.id, path=path, before=before, after=after)
        for (candidate, path), before, after in zip(rows, texts[0::2], texts[1::2], strict=True)
        if before is not None and after is not None
    ]
