"""From a view to what `run --json` and the library return."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from forkjoin.accounting import spent_by
from forkjoin.engine.records.joining import account_of
from forkjoin.model import ChangedFiles, RunResult, RunView, TaskResult, TaskView, Text, to_builtins


class ResultParts(msgspec.Struct, frozen=True, kw_only=True):
    """The results as `run --json` prints them, in its order; a task is read when it is taken, for answers are long."""

    before: dict[str, Any]
    tasks: Iterator[dict[str, Any]]
    after: dict[str, Any]


def result_parts(view: RunView, content: Callable[[Text], str], *, only: str = "") -> ResultParts:
    """Return the results in parts, of all tasks or *only* that one."""
    asked = [task for task in view.tasks if only in ("", task.id)]
    return ResultParts(
        before={"forkjoin": 1, "run": view.run, "name": view.name, "state": view.state},
        tasks=(to_builtins(_task_result(task, content)) for task in asked),
        after={"account": to_builtins(account_of(view)), "spent": to_builtins(spent_by(view))},
    )


def run_result(view: RunView, content: Callable[[Text], str]) -> RunResult:
    """Return the results in the order the tasks were asked."""
    return RunResult(
        run=view.run,
        name=view.name,
        state=view.state,
        tasks=tuple(_task_result(task, content) for task in view.tasks),
        account=account_of(view),
        spent=spent_by(view),
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
            files=tuple(change.path for change in task.changes.files),
            violations=task.changes.violations,
            runs=task.changes.runs,
            renamed=task.changes.renamed,
            notes=task.changes.notes,
        ),
        usage=task.usage,
        seconds=round(task.seconds(time.time()), 3),
        wall=task.place.level if task.place else "none",
        until=task.until,
        session=task.session,
    )
