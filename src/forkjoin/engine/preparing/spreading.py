"""From a plan with fan-outs and perspectives to a plan of tasks alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from forkjoin.agents import cards
from forkjoin.engine.preparing.perspectives import Perspectives
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Plan, Share, Task, TaskId, Tree
from forkjoin.planning import completed, fanned_out, review_plan, viewed


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The plan's tasks, the share each task of a fan-out got, and what a person should know of how they came about.

    `kin` has the tasks of each fan-out.
    """

    plan: Plan
    shares: tuple[Share, ...] = ()
    kin: tuple[tuple[TaskId, ...], ...] = ()
    notes: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()


def with_own_agents(plan: Plan, tree: Path) -> Plan:
    """Return the plan with the agents that its perspectives name: such a word counts as the task's own."""
    known = Perspectives(tree)

    def own(task: Task) -> Task:
        if not task.perspective or task.agent_name:
            return task
        agent = known.look(task.perspective).agent
        return task if agent is None else replace(task, agent=agent)

    each = tuple(replace(one, task=own(one.task)) for one in plan.each)
    return replace(plan, tasks=tuple(map(own, plan.tasks)), each=each)


def spread(plan: Plan, tree: Tree) -> Spread:
    """Return a completed plan with its fan-outs and perspectives made tasks. Raises PlanError, UnknownId."""
    if not plan.each and not any(task.perspective for task in plan.tasks):
        return Spread(plan=plan)
    known = Perspectives(Path(tree.root))
    each = tuple(replace(one, task=_viewed(one.task, known, where="each")) for one in plan.each)
    offline = [task for task in plan.tasks if _offline(task)]
    others = tuple(_viewed(task, known, where=task.id) for task in plan.tasks if not _offline(task))
    tasks = tuple(task if task.reads or not task.perspective else replace(task, reads=("**",)) for task in others)
    analysers, left = _analysers(offline, tree)
    fan = fanned_out(replace(plan, tasks=(*tasks, *analysers), each=each), tree)
    return Spread(
        plan=completed(fan.plan), shares=fan.shares, kin=fan.kin, notes=fan.notes,
        not_looked_at=(*left, *fan.not_looked_at),
    )  # fmt: skip


def _viewed(task: Task, known: Perspectives, *, where: str) -> Task:
    if not task.perspective:
        return task
    look = known.look(task.perspective)  # an unknown name is said before all else
    if task.agent_name in ("shell", "command") and not (task.command or task.shell):
        raise PlanError(
            f"the agent {task.agent_name} looks from {task.perspective!r} by no program",
            where=where,
            next_step="say which: shell: or command: [...] (review: -t LINE); it gets the brief on standard input",
        )
    if _offline(task):
        raise PlanError("the analysers look at a whole tree", where=where, next_step="take perspective out of each")
    return viewed(task, look, where=where)


def _offline(task: Task) -> bool:
    return bool(task.perspective) and task.agent_name == "static" and not task.task


def _analysers(tasks: Sequence[Task], tree: Tree) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """Return the tasks of the analysers that look from the perspectives of *tasks*, and what nothing looks at."""
    made: dict[str, Task] = {}
    left: dict[str, None] = {}
    for reads, names in _by_reads(tasks):
        plan, unseen = review_plan(tree, cards(tree.root, tree.files), perspectives=names, paths=reads)
        made.update({task.id: task for task in plan.tasks})
        left.update(dict.fromkeys(unseen))
    if tasks and not made:
        raise CannotHere(f"no analyser looks from {tasks[0].perspective!r} here: {'; '.join(left) or 'none applies'}")
    return tuple(made.values()), tuple(left)


def _by_reads(tasks: Sequence[Task]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for task in tasks:
        groups.setdefault(tuple(task.reads or ()), []).append(task.perspective)
    yield from groups.items()
