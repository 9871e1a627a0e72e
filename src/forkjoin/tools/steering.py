"""`task_stop` and `land`: what callers may do to a run besides reading it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from forkjoin.errors import PlanError
from forkjoin.model import ENDED, Landing, to_builtins
from forkjoin.tools.answers import Landed, Sent, Stopped, StoppedTask
from forkjoin.tools.asks import LandRun, TaskSend, TaskStop, TaskStopCall
from forkjoin.tools.ceiling import granted, refuse_landing, refuse_tasks
from forkjoin.tools.host import MOST_WAIT_S, Host, Tell

if TYPE_CHECKING:
    from forkjoin.engine import LandAsk


async def task_stop(host: Host, ask: TaskStop | TaskStopCall, given: Mapping[str, Any], tell: Tell) -> Stopped:
    """Ask the owners of tasks to end them with all their processes."""
    return await asyncio.to_thread(_stopped, host, ask)


async def land(host: Host, ask: LandRun, given: Mapping[str, Any], tell: Tell) -> Landed:
    """Bring what a run changed together on a branch; what takes longer than a call goes on, and is asked for again."""
    refuse_landing(host.ceiling)
    key = f"{ask.run} {ask.tasks} {ask.dry_run}"
    if key not in host.landings:
        host.landings[key] = asyncio.create_task(asyncio.to_thread(_landing, host, ask))
    going = host.landings[key]
    done, _ = await asyncio.wait([going], timeout=MOST_WAIT_S)
    if not done:
        return Landed(status="landing", branch="", landed=(), left_out=(), next="", landing={})
    host.landings.pop(key, None)
    return _landed(going.result())


async def task_send(host: Host, ask: TaskSend, given: Mapping[str, Any], tell: Tell) -> Sent:
    """Tell the agent of an ended task more, in the session it had."""
    async with host.launching:
        return await asyncio.to_thread(_sent, host, ask)


def _sent(host: Host, ask: TaskSend) -> Sent:
    ((name, tasks),) = host.named(ask.task_id)
    if len(tasks) > 1:
        raise PlanError(f"{ask.task_id} has {len(tasks)} tasks", where="task_id", next_step="name one: RUN/TASK")
    with host.run(name) as run:
        # It works again, and spends: what the ceiling says of tasks that are launched holds for it too.
        planned, (living, taken) = run.planned.plan, host.taken()
        task = run.task(tasks[0])
        refuse_tasks(host.ceiling, replace(planned, tasks=(task.task,), gate=""), living=living)
        granted(host.ceiling, None, taken=taken)
        before = run.send(task.id, ask.message)
    host.started(name, None if planned.budget is None else planned.budget.usd)  # what the whole run may spend, as ever
    said = f"it goes on; retrieve its result: task_output with task_id {name}/{task.id}"
    return Sent(task_id=f"{name}/{task.id}", previous_status=before.state, message=said)


def _stopped(host: Host, ask: TaskStop | TaskStopCall) -> Stopped:
    asked = ask.task_id or (ask.shell_id if isinstance(ask, TaskStopCall) else "")
    found: list[StoppedTask] = []
    for name, tasks in host.named(asked):
        with host.run(name) as run:
            before = run.stop(tasks, reason=ask.reason)
            found += [
                StoppedTask(task_id=f"{name}/{task.id}", previous_status=task.state, already_ended=task.state in ENDED)
                for task in before
            ]
    living = sum(not task.already_ended for task in found)
    said = f"{living} of {len(found)} tasks are being stopped" if living else "all had ended already; nothing was done"
    return Stopped(message=said, tasks=tuple(found))


def _landing(host: Host, ask: LandRun) -> Landing:
    with host.run(ask.run) as run:
        tasks = tuple(run.task(name).id for name in ask.tasks)
        return run.land(_land_ask(host, ask, tasks, tree=run.planned.tree))


def _land_ask(host: Host, ask: LandRun, tasks: tuple[str, ...], *, tree: str) -> LandAsk:
    from forkjoin.engine import LandAsk

    prefix = host.settings(Path(tree)).branch_prefix or "forkjoin"
    return LandAsk(tasks=tasks, prefix=prefix, dry_run=ask.dry_run)


def _landed(made: Landing) -> Landed:
    return Landed(
        status="landed" if made.landed or made.before else "nothing",
        branch=made.branch,
        landed=tuple(one.task for one in made.landed),
        left_out=tuple(f"{one.task}: {one.reason}" for one in made.left_out),
        next=made.next,
        landing=to_builtins(made),
    )
