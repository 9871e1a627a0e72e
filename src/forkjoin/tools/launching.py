"""`run_tasks` and `check_plan`: all tasks in one call, looked at together before anything starts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from forkjoin.errors import AboveCeiling, PlanError
from forkjoin.model import Budget, Plan, to_json
from forkjoin.tools.answers import Checked, RetrievalStatus, Started, StartedTask
from forkjoin.tools.asks import RunTasks
from forkjoin.tools.ceiling import granted, refuse_tasks
from forkjoin.tools.host import Host, Tell, ended
from forkjoin.tools.plans import plan_value
from forkjoin.tools.reading import outputs_of

if TYPE_CHECKING:
    from forkjoin.engine import Prepared, Run


async def run_tasks(host: Host, ask: RunTasks, given: Mapping[str, Any], tell: Tell) -> Started:
    """Launch all tasks, detached; return their ids at once, or their outputs too where it is to be waited for."""
    async with host.launching:
        started, run = await asyncio.to_thread(_launched, host, ask, given)
    with run:
        if ask.run_in_background:
            return started
        over = await ended(run, run.tasks, wait_s=ask.timeout / 1000, tell=tell)
        return await asyncio.to_thread(with_outputs, run, "success" if over else "timeout")


def with_outputs(run: Run, status: RetrievalStatus) -> Started:
    """Return a run as run_tasks does where it was waited for."""
    return replace(started_of(run), outputs=outputs_of([(run, run.tasks)], status=status))


async def check_plan(host: Host, ask: RunTasks, given: Mapping[str, Any], tell: Tell) -> Checked:
    """Return the verdicts, the order, and whether it could be launched; start nothing."""
    return await asyncio.to_thread(_checked, host, ask, given)


def _launched(host: Host, ask: RunTasks, given: Mapping[str, Any]) -> tuple[Started, Run]:
    from forkjoin.engine import launch, money

    ready = _prepared(host, ask, given)
    living, taken = host.taken()
    refuse_tasks(host.ceiling, ready.plan, living=living)
    asked = None if ready.plan.budget is None else ready.plan.budget.usd
    allowed = granted(host.ceiling, asked, taken=taken) if money(ready) is not None else asked
    if allowed != asked:
        tokens = None if ready.plan.budget is None else ready.plan.budget.tokens
        ready = _prepared(host, ask, given, budget=Budget(usd=allowed, tokens=tokens))
    run = launch(ready, settings=host.settings(host.tree(ask.directory)), detached=True, secret=True)
    host.started(run.id, allowed)
    return started_of(run), run


def _checked(host: Host, ask: RunTasks, given: Mapping[str, Any]) -> Checked:
    from forkjoin.engine import check_json, with_estimates, with_others

    ready, settings = _prepared(host, ask, given), host.settings(host.tree(ask.directory))
    ready = with_others(with_estimates(ready, Path(settings.home)), Path(settings.home))
    why = _refused(host, ready, prefix=settings.branch_prefix or "forkjoin")
    return Checked(runnable=not why, why=why, check=check_json(ready.check))


def _refused(host: Host, ready: Prepared, *, prefix: str) -> str:
    """Return why a launch of it would be refused, "" where it would start; the ceiling first, as there."""
    from forkjoin.engine import money, refusal

    living, taken = host.taken()
    try:
        refuse_tasks(host.ceiling, ready.plan, living=living)
        if money(ready) is not None:
            granted(host.ceiling, None if ready.plan.budget is None else ready.plan.budget.usd, taken=taken)
    except AboveCeiling as error:
        return str(error)
    refused = refusal(ready, prefix=prefix)
    return "" if refused is None else str(refused)


def _prepared(host: Host, ask: RunTasks, given: Mapping[str, Any], *, budget: Budget | None = None) -> Prepared:
    from forkjoin.engine import Overrides, prepared

    tree = host.tree(ask.directory)
    return prepared(_plan(given), settings=host.settings(tree), tree=tree, overrides=Overrides(budget=budget))


def _plan(given: Mapping[str, Any]) -> Plan:
    """Read it by the door of plan files: what is wrong with it is said in the same words."""
    from forkjoin.engine import is_agent, read_plan

    try:
        return read_plan(["-"], stdin=to_json(plan_value(given, is_agent=is_agent)))
    except PlanError as error:
        raise _without_file(error) from error


def _without_file(error: PlanError) -> PlanError:
    where = error.where.removeprefix("<stdin>").lstrip(":0123456789").strip()
    return PlanError(error.why, where=where, next_step=error.next_step, also=[*map(_without_file, error.also)])


def started_of(run: Run) -> Started:
    """Return a run as run_tasks does, however it stands."""
    first = run.tasks[0]
    tasks = tuple(
        StartedTask(
            task_id=f"{run.id}/{task.id}",
            id=task.id,
            description=task.task.description,
            agent=task.task.agent_name,
            status=task.state,
            output_file=run.output(task.id, timeout=0, max_chars=1).path,
        )
        for task in run.view().tasks
    )
    return Started(
        run=run.id,
        tasks=tasks,
        notes=run.planned.notes,
        todos=run.todo(),
        next=f"They go on by themselves. Retrieve: task_output with task_id {run.id} (all) or {run.id}/{first} (one); "
        f"then join: report with run {run.id}.",
    )
