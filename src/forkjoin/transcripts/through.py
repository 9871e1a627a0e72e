"""The same work as a plan of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from forkjoin.transcripts.acts import Job

_PLAIN = frozenset({"", "general-purpose", "general", "default", "worker"})
_AGENTS = frozenset({"claude", "codex", "opencode", "pi"})


def plan_of(jobs: Sequence[Job]) -> dict[str, Any]:
    """Return a plan that runs the tasks of *jobs* side by side; what is known of the files they wrote stands in it."""
    return {"tasks": [_task(job) for job in jobs]}


def _task(job: Job) -> dict[str, Any]:
    launched = job.launched
    task: dict[str, Any] = {}
    if launched.description.strip():
        task["description"] = " ".join(launched.description.split())
    if launched.role not in _PLAIN:
        task["role"] = launched.role
    task["agent"] = launched.agent if launched.agent in _AGENTS else "claude"
    task["task"] = launched.prompt
    # A plan names files below its tree; where an absolute one lies is not told.
    if job.writes and not any(PurePosixPath(path).is_absolute() or ".." in path for path in job.writes):
        task["writes"] = sorted(job.writes)
    return task
