"""What the join is given: how each task ended, and the claims of its agent."""

from __future__ import annotations

import msgspec

from forkjoin.model import Claimed, Form, Task, TaskId


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """One claim, and who makes it: the task's id, and the agent (the analyser's name for a static task).

    `form` is what it was read from.
    """

    task: TaskId
    agent: str
    claimed: Claimed
    form: Form = "schema"


class TaskResult(msgspec.Struct, frozen=True, kw_only=True):
    """One task as the join sees it.

    `state` is the word people see (`completed`, `timed_out`, `running`, ...), `agent` the name people know it by,
    `kind` that of a failure.
    `answer` is the bounded text, `value` the JSON of the structured answer (b"" where there is none), `said` the whole
    answer of a task that owes findings and has no value: what they are read from then. `files` and `violations` count
    changed files, `runs` names those that run by themselves. Seconds of its last attempt.
    """

    task: Task
    state: str
    agent: str
    reason: str = ""
    kind: str = ""
    seconds: float = 0.0
    answer: str = ""
    answer_cut: bool = False
    value: bytes = b""
    said: str = ""
    files: int = 0
    violations: int = 0
    runs: tuple[str, ...] = ()
