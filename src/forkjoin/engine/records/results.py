"""From a view to what `run --json` and the library return."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from forkjoin.engine.records.joining import account_of
from forkjoin.model import ChangedFiles, RunResult, RunView, TaskResult, TaskView, Text


def run_result(view: RunView, content: Callable[[Text], str]) -> RunResult:
    """Return the results in the order the tasks were asked."""
    return RunResult(
        run=view.run,
        name=view.name,
        state=view.state,
        tasks=tuple(_task_result(task, content) for task in view.tasks),
        account=account_of(view),
    )


def _task_result(task: TaskView, content: Callable[[Text], str]) -> TaskResult:
    value = content(task.value)
    return TaskResult(
        id=task.id,
        state=task.state,
        reason=task.why,
        answer=content(task.answer),
        value=msgspec.json.decode(value) if value else None,
        findings=task.findings,
        changes=ChangedFiles(
            files=tuple(change.path for change in task.changes.files), violations=task.changes.violations
        ),
        usage=task.usage,
        seconds=round(task.seconds(time.time()), 3),
        wall=task.place.level if task.place else "none",
        until=task.until,
    )
