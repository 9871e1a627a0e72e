"""Landed changes looked at for what merges and may not fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from forkjoin.engine.landing.choosing import Candidate
from forkjoin.model import Suspicion
from forkjoin.planning import LOCK_FILES, Edited, suspicions
from forkjoin.workspaces.landing import Replay

_MOST = 2000  # files that are read


def suspected(replay: Replay, candidates: Sequence[Candidate]) -> tuple[Suspicion, ...]:
    """Return what looks suspicious between the changes of any two of them."""
    if len(candidates) < 2:
        return ()
    rows = [
        (candidate, change.path)
        for candidate in candidates
        for change in candidate.task.changes.files
        if _counts(change.path) and (candidate.only is None or candidate.only(change.path))
    ][:_MOST]
    wanted = [
        (commit, path)
        for candidate, path in rows
        for commit in (candidate.task.changes.base, candidate.task.changes.commit)
    ]
    texts = replay.texts(wanted) if wanted else []
    edits = [
        Edited(task=candidate.id, path=path, before=before, after=after)
        for (candidate, path), before, after in zip(rows, texts[0::2], texts[1::2], strict=True)
    ]
    return suspicions(edits)


def _counts(path: str) -> bool:
    return path.endswith((".py", ".pyi")) or PurePosixPath(path).name in LOCK_FILES
