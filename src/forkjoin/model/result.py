"""What a caller gets of a run that is over: the shape of `run --json`."""

from __future__ import annotations

from typing import Any

from forkjoin.errors import listed
from forkjoin.model.account import Account
from forkjoin.model.base import RunId, TaskId, Value
from forkjoin.model.usage import Spent, Usage
from forkjoin.model.view import RunState, TaskState
from forkjoin.model.workspace import Renamed

_TOLD = 10  # tasks in a line


class ChangedFiles(Value, frozen=True, kw_only=True):
    """Paths an attempt changed, relative to the tree, and which of them lie outside its declared writes.

    `runs` are those of code that runs by itself (hooks, editor tasks, CI, Makefiles): look at them first. `renamed`
    files are in `files` with both names; `notes` say what was left out, or cannot be told.
    """

    files: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    notes: tuple[str, ...] = ()


class TaskResult(Value, frozen=True, kw_only=True):
    """One task's result. `value` is its structured answer, None where there is none; `wall` the level that held.

    `until` (Unix time) is when a task that waits for its provider's limit may go on, None where it waits for none.
    `session` is under what id its agent can go on, "" where it left none.
    """

    id: TaskId
    state: TaskState
    reason: str
    answer: str
    value: Any
    findings: int
    changes: ChangedFiles
    usage: Usage
    seconds: float
    wall: str
    until: float | None = None
    session: str = ""


class RunResult(Value, frozen=True, kw_only=True):
    """A run's result, its tasks in the order they were asked; `result["auth"]` is the task of that id."""

    run: RunId
    name: str
    state: RunState
    tasks: tuple[TaskResult, ...]
    account: Account
    spent: Spent = Spent()

    def __repr__(self) -> str:
        """Return a line, as a notebook or a debugger shows it; every field is one name away."""
        told = listed(self.tasks, _TOLD, say=lambda task: f"{task.id} {task.state}")
        return f"<RunResult {self.run} {self.state}: {told}>"

    def __getitem__(self, task: str) -> TaskResult:
        """Return the task of that id; raise KeyError naming the known."""
        for result in self.tasks:
            if result.id == task:
                return result
        raise KeyError(f"no task {task!r} in this run; it has {', '.join(result.id for result in self.tasks)}")

    @property
    def ok(self) -> bool:
        """Whether every task completed."""
        return self.state == "completed"
