"""Several agents for one list of tasks: dealt out in turn, or each asked for all of it, to be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from forkjoin.errors import PlanError, listed
from forkjoin.model import Edge, Plan, Task, TaskId

_OFFLINE = ("command", "function", "static", "sarif", "shell")


def agents_in(text: str, *, where: str) -> tuple[str, ...]:
    """Return the agents that `claude,codex` names, in order; raise PlanError for an empty name."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise PlanError(f"{text[:80]!r} names an agent without a name", where=where, next_step="write claude,codex")
    return names


def dealt(plan: Plan) -> Plan:
    """Return the plan with tasks that name several agents dealt out to them in turn, in the plan's order."""
    if not any("," in task.agent_name for task in plan.tasks):
        return plan
    turns: Counter[str] = Counter()
    return replace(plan, tasks=tuple(_in_turn(task, turns) for task in plan.tasks))


def _in_turn(task: Task, turns: Counter[str]) -> Task:
    named = task.agent_name
    if "," not in named:
        return task
    agents = agents_in(named, where=f"agent of {task.id}")
    if offline := [agent for agent in agents if agent in _OFFLINE]:
        raise PlanError(f"{offline[0]} takes no turn", where=str(task.id), next_step="name coding agents")
    turns[named] += 1
    return replace(task, agent=agents[(turns[named] - 1) % len(agents)])


def compared(plan: Plan, agents: Sequence[str]) -> Plan:
    """Return the plan with each task that an agent can do made one alternative for each of *agents*.

    Alternatives follow those of the same agent where the tasks follow each other; programs run once.
    Raises PlanError where that cannot be.
    """
    where = "--compare"
    if len(set(agents)) < 2 or len(set(agents)) < len(agents):
        raise PlanError("compares two or more different agents", where=where, next_step="write --compare claude,codex")
    if offline := [agent for agent in agents if agent in _OFFLINE]:
        raise PlanError(f"{offline[0]} has no way of its own to do a task", where=where, next_step="name coding agents")
    many = {task.id for task in plan.tasks if task.task and task.agent_name not in _OFFLINE}
    if not many:
        raise PlanError("no task of the plan is one that an agent does", where=where, next_step="leave it out")
    held = [task for task in plan.tasks if task.id in many and task.resources]
    if held:
        raise PlanError(
            f"{held[0].id} holds {listed(held[0].resources, 3)}, which several cannot hold at once", where=where,
            next_step="take it out of resources; each task has a port of its own in FORKJOIN_PORT",
        )  # fmt: skip
    tasks = tuple(made for task in plan.tasks for made in _made(task, agents, many))
    if len({task.id for task in tasks}) != len(tasks):
        raise PlanError("two tasks would have the same id", where=where, next_step="rename tasks that end in an agent")
    return replace(plan, tasks=tasks)


def _made(task: Task, agents: Sequence[str], many: set[TaskId]) -> Iterator[Task]:
    if task.id not in many:
        after = (named for first in task.after for named in _named(first, agents, many))
        yield replace(task, after=tuple(after))
        return
    for agent in agents:
        after = (_named(first, (agent,), many)[0] for first in task.after)
        model = task.model if task.agent_name == agent else ""  # another agent's has another name
        name = _id(task.id, agent)
        yield replace(task, id=name, agent=agent, alternative=str(task.id), after=tuple(after), model=model)


def _named(first: str, agents: Sequence[str], many: set[TaskId]) -> tuple[str, ...]:
    return tuple(_id(first, agent) for agent in agents) if first in many else (first,)


def _id(task: str, agent: str) -> TaskId:
    return TaskId(f"{task}-{agent}")


def refuse_mixed(plan: Plan, edges: Iterable[Edge]) -> None:
    """Raise PlanError where a task that has no alternatives would start from several at once."""
    known = {task.id: task for task in plan.tasks}
    for edge in edges:
        if known[edge.first].alternative and not known[edge.then].alternative:
            raise PlanError(
                f"{edge.then} comes behind {known[edge.first].alternative}, which each agent does in its own way",
                where="--compare", next_step=f"leave {edge.then} out with -k, and run it when one has landed",
            )  # fmt: skip


def lineages(plan: Plan) -> tuple[Plan, ...]:
    """Return what of a plan belongs together: for each agent its alternatives, with the tasks that have none.

    Tasks of different lineages never land together, so it does not matter what they have in common.
    """
    agents = dict.fromkeys(task.agent_name for task in plan.tasks if task.alternative)
    if len(agents) < 2:
        return (plan,)
    return tuple(replace(plan, tasks=tuple(_of(plan.tasks, agent))) for agent in agents)


def _of(tasks: Iterable[Task], agent: str) -> Iterator[Task]:
    kept = [task for task in tasks if not task.alternative or task.agent_name == agent]
    known = {task.id for task in kept}
    for task in kept:
        yield replace(task, after=tuple(first for first in task.after if first in known))
