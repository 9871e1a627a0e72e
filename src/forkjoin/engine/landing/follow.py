"""A conflict as a task: a plan file that one can run on what was landed, to bring the missing change in after all."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from forkjoin.engine.folder import RunFolder
from forkjoin.model import LeftOut, Plan, Planned, Task, TaskId
from forkjoin.model.text import clean
from forkjoin.planning import plan_to_yaml

_MOST_PATCH = 20_000  # characters of what it changed that are quoted


def follow_up_file(folder: RunFolder, task: TaskId) -> Path:
    """Return where the plan lies that puts a task's conflict right."""
    return folder.path / "landing" / f"resolve-{task}.yaml"


def follow_up(folder: RunFolder, planned: Planned, left: LeftOut, *, patch: str) -> LeftOut:
    """Write the plan for a task that did not merge, and return its record with the plan's path in it.

    A command or shell line is simply run again, on what was landed; an agent is shown both sides.
    """
    task = next((one for one in planned.plan.tasks if one.id == left.task), None)
    if left.kind != "conflict" or task is None or task.function:
        return left
    path = follow_up_file(folder, left.task)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    plan = Plan(
        name=f"resolve-{left.task}", goal=planned.plan.goal, gate=planned.plan.gate,
        tasks=(resolving(task, left, patch=patch),),
    )  # fmt: skip
    new = path.with_name(f"{path.name}.new")
    new.write_text(plan_to_yaml(plan), encoding="utf-8", errors="replace")
    new.replace(path)
    return replace(left, follow_up=str(path))


def resolving(task: Task, left: LeftOut, *, patch: str, agent: str = "") -> Task:
    """Return the task that brings the change in; *agent* does it instead of the one who made it, where it is named."""
    if (task.command or task.shell) and not agent:
        return replace(task, after=())
    return replace(
        task,
        description=task.description or f"Bring in {left.task}",
        agent=agent or task.agent,
        command=(),
        shell="",
        task=_prompt(task, left, patch),
        after=(),
    )


def _prompt(task: Task, left: LeftOut, patch: str) -> str:
    asked = task.task or task.shell or " ".join(task.command)
    parts = [
        f"A change was made beside others, and does not merge with them: {left.reason}. The others are in this tree "
        "already. Make the change again on this tree, so that what both sides wanted holds. Leave no conflict markers.",
        f"It was asked for in these words:\n\n{asked.strip()}",
    ]
    for file in left.files:
        if file.text:
            parts.append(f"Both sides of {file.path} ({file.how}), the tree's first:\n\n{clean(file.text).rstrip()}")
        else:
            parts.append(f"{file.path}: {file.how}")
    parts.append(f"What was changed then:\n\n{clean(patch[:_MOST_PATCH]).rstrip()}")
    return "\n\n".join(parts) + "\n"
