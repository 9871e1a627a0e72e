"""`task_output`, `report` and `agents`: reading never consumes, from any process, as often as one likes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec.structs import replace

from forkjoin.errors import ForkjoinError, PlanError, choices
from forkjoin.model import ENDED, TaskView
from forkjoin.tools.answers import (
    Agents,
    KnownAgent,
    Outputs,
    Reported,
    RetrievalStatus,
    TaskResult,
    shared_out,
)
from forkjoin.tools.asks import AgentsAsk, ReportAsk, TaskOutput
from forkjoin.tools.host import Host, Tell, ended

if TYPE_CHECKING:
    from forkjoin.engine import Run

Mode = Literal["answer", "tail", "full"]
_JOINING_S = 5.0


async def task_output(host: Host, ask: TaskOutput, given: Mapping[str, Any], tell: Tell) -> Outputs:
    """Return how tasks stand and what they brought, waiting for those that have not ended."""
    named = await asyncio.to_thread(host.named, ask.task_id)
    wait_s = ask.timeout / 1000 if ask.block else 0.0
    with ExitStack() as opened:
        runs = [(opened.enter_context(host.run(run)), tasks) for run, tasks in named]
        until = asyncio.get_running_loop().time() + wait_s
        over = True
        for run, tasks in runs:
            left = max(0.0, until - asyncio.get_running_loop().time())
            over = await ended(run, tasks, wait_s=left, tell=tell) and over
        status: RetrievalStatus = "success" if over else "timeout" if wait_s else "not_ready"
        return await asyncio.to_thread(
            outputs_of, runs, mode=ask.mode, status=status, most=ask.max_chars, offset=ask.offset
        )


def outputs_of(
    runs: Sequence[tuple[Run, Sequence[str]]],
    *,
    mode: Mode = "answer",
    status: RetrievalStatus = "success",
    most: int = 32_000,
    offset: int = 0,
) -> Outputs:
    """Return what tasks brought so far, at most *most* characters of all together from *offset* of each on."""
    read = [_result(run, task, mode, most=most, offset=offset) for run, tasks in runs for task in tasks]
    shares = shared_out([len(one.text) for one in read], most)
    return Outputs(
        retrieval_status=status,
        tasks=tuple(_cut(one, share, offset) for one, share in zip(read, shares, strict=True)),
    )


async def report(host: Host, ask: ReportAsk, given: Mapping[str, Any], tell: Tell) -> Reported:
    """Return a part of the joined report of a run, as it stands."""
    return await asyncio.to_thread(_reported, host, ask)


async def agents(host: Host, ask: AgentsAsk, given: Mapping[str, Any], tell: Tell) -> Agents:
    """Return who can do tasks here, and what callers get at most."""
    return await asyncio.to_thread(_agents, host, ask)


def _result(run: Run, name: str, mode: Mode, *, most: int, offset: int) -> TaskResult:
    out = run.output(name, mode=mode, max_chars=most, offset=offset, timeout=0)
    task = out.task
    return TaskResult(
        task_id=f"{run.id}/{task.id}",
        id=task.id,
        description=task.task.description,
        status=task.state,
        reason=task.why,
        text=out.text,
        total_chars=out.total_chars,
        next_offset=out.next_offset,
        value=_value(run, task),
        findings=task.findings,
        changed=tuple(change.path for change in task.changes.files),
        violations=task.changes.violations,
        usage=task.usage,
        duration_ms=round(1000 * task.seconds(time.time())),
        landed=task.landed,
        output_file=out.path,
    )


def _value(run: Run, task: TaskView) -> Any:
    said = run.content(task.value)
    return msgspec.json.decode(said) if said else None


def _cut(result: TaskResult, share: int, offset: int) -> TaskResult:
    """Return a result with *share* characters of its text; what is left out is where `next_offset` says."""
    if len(result.text) <= share:
        return result
    return replace(result, text=result.text[:share], next_offset=offset + share)


def _reported(host: Host, ask: ReportAsk) -> Reported:
    from forkjoin.engine import EVERY, FORMATS

    if ask.format not in FORMATS:
        raise PlanError(f"no format {ask.format!r}", where="report.format", next_step=choices(ask.format, [*FORMATS]))
    most = None if ask.max_findings is msgspec.UNSET else ask.max_findings or EVERY
    with host.run(ask.run) as run:
        _let_join(run)
        text = run.report_text(ask.format, most=most)
        found, state = run.severity_count("info"), run.view().state
    part = text[ask.offset : ask.offset + ask.max_chars]
    end = ask.offset + len(part)
    return Reported(
        run=ask.run, state=state, format=ask.format, findings=found, text=part, total_chars=len(text),
        next_offset=end if end < len(text) else None,
    )  # fmt: skip


def _let_join(run: Run) -> None:
    """Wait a moment where all tasks have ended and their results are being joined: a caller that has just collected
    them is told the report as it stays."""
    if all(task.state in ENDED for task in run.view().tasks):
        with suppress(ForkjoinError):
            run.wait(timeout=_JOINING_S)


def _agents(host: Host, ask: AgentsAsk) -> Agents:
    from forkjoin.engine import known_agents, known_perspectives

    found = tuple(
        KnownAgent(name=one.name, found=one.found, note=f"{one.version} {one.how}".strip() if one.how else one.note)
        for one in known_agents()
        if one.driven and one.name != "function"  # a function is a Python caller's
    )
    looks = tuple(one.name for one in known_perspectives(host.tree(ask.directory)))
    return Agents(agents=found, perspectives=looks, ceiling=host.ceiling.said())
