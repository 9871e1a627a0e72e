"""What became of harvested changes: on which branch they are, what was left out and why, what to look at twice."""

from __future__ import annotations

import shlex
from typing import Literal

from forkjoin.model.base import RunId, TaskId, Value

LeftKind = Literal["state", "violation", "conflict", "gate", "behind", "alternative"]
SuspicionKind = Literal["signature", "name", "lock-file"]


class RefMove(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A ref of the user's repository, where it stood ("" = it was not there) and where it stands after."""

    ref: str
    new: str
    old: str = ""


class LandedTask(Value, frozen=True, kw_only=True, omit_defaults=True):
    """An attempt whose changes are on a branch; where the branch had them already, `commit` is its end.

    `commits` counts those it became: more than one where its agent's own were kept. `without` are the files that it
    changed and that are on no branch, for nobody accepted them yet; `parts` are commits of earlier landings that hold
    the others.
    """

    task: TaskId
    attempt: int
    commit: str = ""
    commits: int = 1
    without: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


class Clashing(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A file in which a change does not merge: how git calls it, whose other change it meets, the file with both sides.

    `beside` is empty where it meets what is on the branch itself. `text` is cut after some thousand characters.
    """

    path: str
    how: str = ""
    beside: tuple[TaskId, ...] = ()
    text: str = ""


class LeftOut(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A task whose changes were not landed, and why. `beside` names the other tasks it is about.

    `follow_up` is a plan file that puts a conflict right.
    """

    task: TaskId
    kind: LeftKind
    reason: str
    beside: tuple[TaskId, ...] = ()
    files: tuple[Clashing, ...] = ()
    follow_up: str = ""


class Suspicion(Value, frozen=True, kw_only=True, omit_defaults=True):
    """Two tasks whose changes merge, and may well not fit: a person should look."""

    kind: SuspicionKind
    first: TaskId
    second: TaskId
    name: str
    paths: tuple[str, ...]
    said: str


class GateRun(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One run of the gate: on which tasks' changes together (none: on what they start from), and how it ended.

    `output` is the folder of what it printed.
    """

    tasks: tuple[TaskId, ...]
    ok: bool
    said: str = ""
    seconds: float = 0.0
    output: str = ""


class Landing(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What a landing did, or with `dry_run` would do: every task with changes is landed, left out, or empty.

    `onto` is the commit it began with, `commit` the one it ended with; `applied` names the branch of the user's that
    was moved forward, or `refused` says why not; `before` are tasks that were landed earlier. `next` is the command to
    give next.
    """

    run: RunId
    branch: str
    onto: str
    commit: str
    refs: tuple[RefMove, ...] = ()
    landed: tuple[LandedTask, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    empty: tuple[TaskId, ...] = ()
    before: tuple[TaskId, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    gate: str = ""
    gate_runs: tuple[GateRun, ...] = ()
    notes: tuple[str, ...] = ()
    applied: str = ""
    refused: str = ""
    dry_run: bool = False
    next: str = ""

    def resolving(self, left: LeftOut) -> str:
        """Return the command that runs a task's follow-up on what was landed; "" where it has none."""
        if not left.follow_up:
            return ""
        start = f" --from {self.branch}" if self.landed or self.before else ""
        return f"forkjoin run{start} {shlex.quote(left.follow_up)}"
