"""What callers of the tools may ask for at most. Whoever sets the tools up says it; no caller can raise it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forkjoin.errors import AboveCeiling, PlanError
from forkjoin.model import Permission, Plan, Task, Value

PERMISSIONS: Final[tuple[Permission, ...]] = ("read-only", "workspace-write", "full")


class Ceiling(Value, frozen=True, kw_only=True):
    """The most that callers get: the permission of a task, tasks that have not ended at one time, US dollars in all.

    `tasks` and `budget` None: no limit. Runs work on folders in `roots` alone (nothing: the current folder).
    """

    permission: Permission = "workspace-write"
    tasks: int | None = 8
    budget: float | None = None
    roots: tuple[str, ...] = ()

    def said(self) -> str:
        """Return it in words."""
        tasks = "any number of tasks" if self.tasks is None else f"{self.tasks} tasks at a time"
        money = "no budget" if self.budget is None else f"${self.budget:g}"
        return f"{self.permission}, {tasks}, {money}, in {', '.join(self.roots) or 'the current folder'}"


def refuse_tasks(ceiling: Ceiling, plan: Plan, *, living: int) -> None:
    """Raise AboveCeiling where *plan* has a task that may do too much, or too many beside the *living* ones."""
    for task in plan.tasks:
        needed, why = _needed(task)
        if PERMISSIONS.index(needed) > PERMISSIONS.index(ceiling.permission):
            raise AboveCeiling(
                f"task {task.id} {why}; tasks here are at most {ceiling.permission}: a person must add "
                f"--max-permission {needed} where forkjoin mcp is started (Ceiling(permission={needed!r}) in Python)"
            )
    if plan.gate and ceiling.permission != "full":
        raise AboveCeiling(
            "a gate is a command, which nothing holds: a person must add --max-permission full where forkjoin mcp is "
            "started (Ceiling(permission='full') in Python), or give the gate to: forkjoin land --gate CMD"
        )
    if ceiling.tasks is not None and len(plan.tasks) + living > ceiling.tasks:
        beside = f" beside {living} that have not ended" if living else ""
        wait = "wait for those, ask for fewer, or" if living else "ask for fewer, or"
        raise AboveCeiling(
            f"tasks: {len(plan.tasks)}{beside}, and at most {ceiling.tasks} here: {wait} a person must add --max-tasks "
            f"{len(plan.tasks) + living} where forkjoin mcp is started (Ceiling(tasks=...) in Python)"
        )


def granted(ceiling: Ceiling, asked: float | None, *, taken: float) -> float | None:
    """Return the dollars a run may spend, of what *taken* leaves; AboveCeiling where that is less than *asked*."""
    if ceiling.budget is None:
        return asked
    left = round(ceiling.budget - taken, 6)
    if left <= 0 or (asked is not None and asked > left):
        wanted = taken + (asked or ceiling.budget)
        raise AboveCeiling(
            f"${max(left, 0):g} of ${ceiling.budget:g} are left, for what runs and ran here has ${taken:g} of it"
            + (f", and ${asked:g} are asked for" if asked is not None else "")
            + f": a person must add --budget {wanted:g} where forkjoin mcp is started (Ceiling(budget=...) in Python)"
        )
    return left if asked is None else asked


def refuse_landing(ceiling: Ceiling) -> None:
    """Raise AboveCeiling where not even a branch may be made."""
    if ceiling.permission == "read-only":
        raise AboveCeiling(
            "landing makes a branch, and all is read-only here: a person must add --max-permission workspace-write "
            "where forkjoin mcp is started (Ceiling(permission='workspace-write') in Python)"
        )


def folder_in(roots: Sequence[str], asked: str) -> Path:
    """Return the folder that *asked* names (from the first root), links followed.

    Raises AboveCeiling outside *roots*, PlanError where no folder can have that name.
    """
    try:
        real = (Path(roots[0]) / asked).resolve()
    except ValueError as error:  # a NUL is in it
        raise PlanError(f"cannot be a folder: {error}", where="directory", next_step="name an existing one") from error
    if not is_in(roots, str(real)):
        raise AboveCeiling(
            f"{real} is not in {', '.join(roots)}: a person must add --roots {real} where forkjoin mcp is started "
            "(Ceiling(roots=...) in Python)"
        )
    return real


def is_in(roots: Sequence[str], folder: str) -> bool:
    """Whether a folder, links followed, is one of *roots* or below one."""
    real = Path(folder).resolve()
    return any(real.is_relative_to(Path(root).resolve()) for root in roots)


def _needed(task: Task) -> tuple[Permission, str]:
    """Return the permission that a task needs, and why: what no agent's own walls hold may do all that its user may."""
    if task.command or task.shell:
        return "full", "is a command, which nothing holds"
    for key in ("setup", "setup_once"):
        if getattr(task, key):
            return "full", f"has {key}, a command, which nothing holds"
    for key in ("env", "pass_env"):
        if getattr(task, key):
            return "full", f"has {key}, by which programs can be changed or told secrets"
    return task.may, f"is {task.may}"
