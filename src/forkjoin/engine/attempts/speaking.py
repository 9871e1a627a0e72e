"""Who speaks to a task's agent: a dialect of the table, or an object that the plan carries."""

from __future__ import annotations

from forkjoin.agents import Dialect, dialect, names
from forkjoin.model import Plan, Ref, Task


def speaker(task: Task) -> Dialect:
    """Return the dialect of the task's agent; raise UnknownId where it was an object of a process that is gone."""
    target = getattr(task.agent, "target", None) if isinstance(task.agent, Ref) else None
    if target is not None:
        found: Dialect = target
        return found
    return dialect(task.agent_name)


def bound_here(plan: Plan) -> str:
    """Return why the plan can run in this process alone; "" where any process could run it."""
    known: set[str] | None = None
    for task in plan.tasks:
        if task.function:
            return f"task {task.id} is a function, which runs in the caller's process"
        if isinstance(task.agent, Ref):
            known = set(names()) if known is None else known
            if str(task.agent) not in known:
                return f"agent {str(task.agent)!r} of task {task.id} is an object of the caller's process"
    return ""
