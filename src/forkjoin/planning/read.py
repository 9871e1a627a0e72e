"""Where plans come in: files in three forms, prompts, lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, assert_never

from msgspec.structs import replace

from forkjoin.errors import PlanError
from forkjoin.model import MIB, Budget, Limits, Plan, Policy, Task
from forkjoin.planning import keys
from forkjoin.planning.json_door import json_source, json_value
from forkjoin.planning.markdown_door import markdown_value
from forkjoin.planning.places import Path, Source
from forkjoin.planning.shape import MAX_TASKS, plan_of
from forkjoin.planning.yaml_door import yaml_source, yaml_value

Form = Literal["yaml", "json", "markdown"]
_TASK: Final = re.compile(r"tasks\[(\d+)\](?: \(.*\))?(?:\.(\w+))?")
MAX_BYTES: Final = 64 * MIB


def plan_from_text(data: bytes, *, where: str, form: Form) -> Plan:
    """Return the plan in a file's bytes; *where* is its name for messages.

    Raises PlanError with file, line and path for anything that is not a plan. What tasks say of one another (ids,
    `after`) is not looked at here: several files may make one plan. See `completed`.
    """
    text = decoded(data, where)
    match form:
        case "json":
            return plan_of(json_value(text, where), json_source(text, where))
        case "yaml":
            return plan_of(yaml_value(text, where), yaml_source(text, where))
        case "markdown":
            value, source = markdown_value(text, where)
            return _one_task(value, source)
        case _:
            assert_never(form)


def plan_from_prompts(prompts: Sequence[str], *, agent: str | None = None) -> Plan:
    """Return a plan with one task a prompt. Raises PlanError for none, and for a blank one."""
    for number, prompt in enumerate(prompts, start=1):
        if not prompt.strip():
            raise PlanError("the prompt is blank", where=f"prompt {number}", next_step="say what is to be done")
    if not prompts:
        raise PlanError("there are no prompts", next_step='give at least one: -t "PROMPT"')
    if len(prompts) > MAX_TASKS:
        raise PlanError(f"there are {len(prompts):,} prompts", next_step=f"a plan has at most {MAX_TASKS:,} tasks")
    return Plan(agent=agent, tasks=tuple(Task(task=prompt) for prompt in prompts))


def plan_from_lines(data: bytes, *, where: str, agent: str | None = None) -> Plan:
    """Return a plan with one task a line; blank lines and lines that begin with # are left out."""
    lines = (line.strip() for line in decoded(data, where).split("\n"))
    prompts = [line for line in lines if line and not line.startswith("#")]
    if not prompts:
        raise PlanError("there is no prompt in it", where=where, next_step="write one prompt a line")
    return plan_from_prompts(prompts, agent=agent)


def joined(plans: Sequence[Plan]) -> Plan:
    """Return one plan of the tasks of several, in their order.

    A plan's agent goes with its tasks where they differ. Raises PlanError where policies differ.
    """
    if len(plans) == 1:
        return plans[0]
    agents = {plan.agent for plan in plans}
    told = plans if len(agents) == 1 else tuple(map(_with_agents, plans))
    tasks = tuple(task for plan in told for task in plan.tasks)
    each = tuple(one for plan in told for one in plan.each)
    if len(tasks) > MAX_TASKS:
        raise PlanError(f"the plans have {len(tasks):,} tasks", next_step=f"a run has at most {MAX_TASKS:,}")
    policy = _policy_of(plans)
    budgets = [plan.budget for plan in plans if plan.budget is not None]
    caps = {plan.max_parallel for plan in plans if plan.max_parallel is not None}
    gates = tuple(dict.fromkeys(plan.gate for plan in plans if plan.gate))
    return Plan(
        name=" + ".join(dict.fromkeys(plan.name for plan in plans if plan.name)),
        goal="\n".join(dict.fromkeys(plan.goal for plan in plans if plan.goal)),
        agent=agents.pop() if len(agents) == 1 else None,
        policy=policy,
        max_parallel=min(caps, default=None),
        fail_fast=any(plan.fail_fast for plan in plans),
        limits=_lowest([plan.limits for plan in plans if plan.limits is not None]),
        budget=_sum_of(budgets) if budgets else None,
        gate=" && ".join(f"({gate})" if len(gates) > 1 else gate for gate in gates),
        tasks=tasks,
        each=each,
    )


def _policy_of(plans: Sequence[Plan]) -> Policy:
    policies = {plan.policy for plan in plans if plan.policy != "isolate"}
    if len(policies) > 1:
        raise PlanError(f"the plans ask for the policies {', '.join(sorted(policies))}", next_step="run them apart")
    return policies.pop() if policies else "isolate"


def _with_agents(plan: Plan) -> Plan:
    """Return the plan, its agent said by each of its tasks that says none."""
    tasks = tuple(_with_agent(task, plan.agent) for task in plan.tasks)
    each = tuple(replace(one, task=_with_agent(one.task, plan.agent)) for one in plan.each)
    return replace(plan, tasks=tasks, each=each)


def _with_agent(task: Task, agent: str | None) -> Task:
    return task if task.agent_name else replace(task, agent=agent)


def _lowest(limits: Sequence[Limits]) -> Limits | None:
    """Return the caps of several plans: of two for one name the lower."""
    if not limits:
        return None
    merged: dict[str, dict[str, int]] = {"agents": {}, "models": {}, "providers": {}}
    for one in limits:
        for kind, caps in merged.items():
            for name, most in getattr(one, kind).items():
                caps[name] = min(most, caps.get(name, most))
    return Limits(**merged)


def _sum_of(budgets: Sequence[Budget]) -> Budget:
    """Return what several plans together may spend: what one leaves open is bounded by what the others say."""
    dollars = [one.usd for one in budgets if one.usd is not None]
    tokens = [one.tokens for one in budgets if one.tokens is not None]
    return Budget(usd=sum(dollars) if dollars else None, tokens=sum(tokens) if tokens else None)


def located(error: PlanError, data: bytes, *, where: str, form: Form, first: int = 0) -> PlanError:
    """Return a complaint of `completed` or `check` with file and line, where it is about a task of this file.

    `first` is the number of the file's first task in the plan, for plans joined of several files.
    """
    found = _TASK.fullmatch(error.where)
    if found is None:
        return error
    text = decoded(data, where)
    number = int(found[1]) - first
    path: Path = ("tasks", number, *((found[2],) if found[2] else ()))
    match form:
        case "json":
            source = json_source(text, where)
        case "yaml":
            source = yaml_source(text, where)
        case "markdown":
            source, path = markdown_value(text, where)[1], path[2:]
        case _:
            assert_never(form)
    return source.error(path, error.why, error.next_step)


def _one_task(value: object, source: Source) -> Plan:
    """A Markdown file's keys are its task's, but for those that only a plan has."""
    mapping = value if isinstance(value, dict) else {}
    if mapping.get("each") or mapping.get("perspectives"):  # its prompt and its keys are those of what they make
        return plan_of(mapping, source)
    for_plan = {key: val for key, val in mapping.items() if key in keys.PLAN and key not in ("agent", "budget")}
    for_task = {key: val for key, val in mapping.items() if key not in for_plan}
    flat = Source(name=source.name, places=lambda: (((("tasks", 0, *path)), line) for path, line in source.places()))
    bad = next((key for key in for_task if not keys.in_task(key)), None)
    if bad is not None:
        why, next_step = keys.complaint(bad, keys.TASK | keys.PLAN - {"tasks"})
        raise source.error((bad,), why, next_step)
    try:
        return plan_of({**for_plan, "tasks": [for_task]}, flat)
    except PlanError as error:
        raise PlanError(error.why, where=error.where.replace("tasks[0].", ""), next_step=error.next_step) from None


def decoded(data: bytes, where: str) -> str:
    """Return the text of a file; raise PlanError, with the line, where it is too large or no UTF-8."""
    if len(data) > MAX_BYTES:
        raise PlanError(f"has {len(data) / MIB:.1f} MiB", where=where, next_step=f"at most {MAX_BYTES // MIB} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PlanError(
            f"byte {error.start} (0x{data[error.start]:02x}) is not valid UTF-8",
            where=f"{where}:{line}",
            next_step="save the file as UTF-8",
        ) from None
