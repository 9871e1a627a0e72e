"""The joined result."""

from __future__ import annotations

from forkjoin.model.account import Account
from forkjoin.model.base import RunId, TaskId, Value
from forkjoin.model.finding import Finding, Severity
from forkjoin.model.scope import Narrowing
from forkjoin.model.usage import Spent, Usage
from forkjoin.model.workspace import Change


class TaskSummary(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One task in the report: how it ended, and the head of its answer. `finds` = it was asked for findings.

    `runs` are changed files that run by themselves.
    """

    id: TaskId
    description: str
    agent: str
    state: str
    reason: str = ""
    answer: str = ""
    answer_cut: bool = False
    findings: int = 0
    finds: bool = True
    files: int = 0
    violations: int = 0
    runs: tuple[str, ...] = ()
    seconds: float = 0.0


class Coverage(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What the report stands on. `not_looked_at` names languages or perspectives nothing looked at, with the reason."""

    ok: tuple[TaskId, ...]
    failed: tuple[TaskId, ...]
    missing: tuple[TaskId, ...]
    not_looked_at: tuple[str, ...] = ()


class Action(Value, frozen=True, kw_only=True):
    """What to do next: one sentence that cites finding ids."""

    severity: Severity
    text: str
    findings: tuple[str, ...]


class Group(Value, frozen=True, kw_only=True):
    """Findings of one kind, worst first, and the one action for all of them."""

    kind: str
    severity: Severity
    action: str
    findings: tuple[str, ...]


class Clash(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A file that tasks changed though nothing ordered them, and the findings that lie in it."""

    path: str
    tasks: tuple[TaskId, ...]
    findings: tuple[str, ...] = ()


class Question(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A task that rests until somebody answers: why, the last line of its answer, and the command that answers."""

    task: TaskId
    reason: str
    text: str
    command: str


class Alternative(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One agent's try at a task: how it ended, in how many seconds, what it used, changed, found and answered.

    `files` are the changed files, `insertions` and `deletions` their lines; `answer` is its head.
    """

    task: TaskId
    agent: str
    state: str
    reason: str = ""
    seconds: float = 0.0
    usage: Usage = Usage()
    files: tuple[Change, ...] = ()
    insertions: int = 0
    deletions: int = 0
    findings: int = 0
    answer: str = ""


class Comparison(Value, frozen=True, kw_only=True):
    """What several agents made of one task; `same` are files that all of them changed."""

    task: str
    description: str
    alternatives: tuple[Alternative, ...]
    same: tuple[str, ...] = ()


class Report(Value, frozen=True, kw_only=True, omit_defaults=True):
    """Findings of all tasks merged, worst first; every action cites finding ids; coverage is always there.

    `counts` count every finding; `left_out` of them are not in `findings`, for somebody asked for fewer. What
    `narrowing` says was left out is in neither.
    """

    run: RunId
    name: str
    goal: str
    coverage: Coverage
    counts: tuple[tuple[Severity, int], ...]
    findings: tuple[Finding, ...]
    actions: tuple[Action, ...]
    tasks: tuple[TaskSummary, ...]
    account: Account | None = None
    spent: Spent = Spent()
    notes: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()  # files that tasks changed side by side, in words
    groups: tuple[Group, ...] = ()
    clashes: tuple[Clash, ...] = ()
    left_out: int = 0
    narrowing: Narrowing | None = None
    questions: tuple[Question, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
