"""Events in words: a line for each that says something to a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from forkjoin.errors import listed
from forkjoin.model import (
    Awaited,
    BaseTaken,
    Closed,
    Continued,
    Ended,
    Event,
    Exported,
    Freed,
    Halted,
    Held,
    Joined,
    Landed,
    LandedTask,
    LeftOut,
    Lifted,
    Limited,
    Overlapped,
    Owned,
    Paused,
    Planned,
    Progress,
    Recorded,
    Released,
    RetryAsked,
    Running,
    Starting,
    StoodStill,
    StopAsked,
    Text,
    reason_of,
    spoken,
    state_of,
)
from forkjoin.model.text import one_line, spelled


def told(recorded: Recorded) -> str:
    """Return what happened, "" where it says nothing to a person."""
    event = recorded.event
    return one_line(_of_task(event) or _of_overlap(event) or _of_launches(event) or _of_run(event))


def _of_task(event: Event) -> str:
    match event:
        case Starting(task=task, attempt=attempt):
            said = f"{task}: starting" + (f", attempt {attempt}" if attempt > 1 else "")
        case Running(task=task, pid=pid):
            said = f"{task}: running" + (f" (process {pid})" if pid else "")
        case Limited(task=task, limit=limit, waits=waits):
            said = f"{task}: its provider takes no request ({limit.kind}): {limit.reason}"
            said += f"; it waits {spoken(waits)}" if waits else ""
        case Progress(task=task, text=text):
            said = f"{task}: {text}" if text else ""
        case Ended(task=task, outcome=outcome, again=again, repair=repair):
            said = f"{task}: {state_of(outcome).replace('_', ' ')}"
            said += (f": {reason_of(outcome)}" if reason_of(outcome) else "") + (_after(again, repair=repair))
        case StopAsked(task=task, reason=reason, how=how):
            said = f"{task or 'every task'}: asked to {'stop' if how == 'term' else 'end now'}: {reason}"
        case Awaited(task=task, others=others):
            said = f"{task}: waits for {', '.join(f'{one.run}/{one.task}' for one in others[:3])}"
        case Freed(task=task):
            said = f"{task}: waits for no other run any more"
        case RetryAsked(task=task, message=message):
            said = f"{task}: {_asked(message)}"
        case _:
            said = ""
    return said


def _asked(message: Text) -> str:
    return f"was told: {message.inline or '(a long message)'}" if message.length else "asked for again"


def _after(again: bool, *, repair: bool) -> str:
    return "; it is asked to put that right" if repair else "; once more" if again else ""


def _of_overlap(event: Event) -> str:
    match event:
        case Overlapped(task=task, first=first, paths=paths):
            return f"{task}: overlap: {first} changed the same: {listed(paths, 3, say=spelled)}"
        case Halted(task=task, reason=reason) | Continued(task=task, reason=reason):
            return f"{task}: {reason}"
        case _:
            return ""


def _of_run(event: Event) -> str:
    match event:
        case Planned(run=run, plan=plan):
            said = f"run {run}: {len(plan.tasks)} task{'s' * (len(plan.tasks) != 1)} planned"
        case Owned(pid=pid, attached=attached):
            said = f"driven by process {pid}" + ("" if attached else ", in the background")
        case BaseTaken(base=base):
            said = base.note
        case Joined(findings=findings):
            said = "joined: " + (", ".join(f"{count} {severity}" for severity, count in findings) or "no findings")
        case Closed(state=state, reason=reason):
            said = f"over: {state}" + (f" ({reason})" if reason else "")
        case Landed(where=where, tasks=tasks, left_out=left_out):
            said = f"landed on {where}: {_named(tasks)}"
            said += f"; left out: {_named(left_out)}" if left_out else ""
        case Exported(tasks=tasks, folder=folder):
            said = f"exported to {folder}: {_named(tasks)}"
        case _:
            said = ""
    return said


def _named(tasks: Sequence[LandedTask | LeftOut]) -> str:
    return listed(tasks, 5, say=lambda one: one.task) or "nothing"


def _of_launches(event: Event) -> str:
    match event:
        case Held(cause=cause, detail=detail):
            said = f"launches are held: {cause} ({detail})"
        case Released(cause=cause):
            said = f"launches go on: enough {cause}"
        case Paused(provider=provider, until=until, at_once=at_once):
            said = f"nothing is started at {provider} until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M:%S} UTC"
            said += f", then {at_once} at once" if at_once else ""
        case StoodStill(since=since, until=until):
            said = f"its owner stood still for {spoken(until - since)}: stopped, or held up"
        case Lifted(provider=provider):
            said = f"launches at {provider} go on"
        case _:
            said = ""
    return said
