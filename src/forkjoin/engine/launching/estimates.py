"""How long tasks are expected to take where nobody said it: as long as the same tasks took in past runs here."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

from msgspec.structs import replace

from forkjoin.engine.claims import repository_key
from forkjoin.engine.folder import run_folders
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.journal import PastTask, Took, past_tasks
from forkjoin.model import Estimate, RunId, Task, TaskId
from forkjoin.planning import ideal_speedup

_RUNS = 20  # past runs that are looked at, at most
_SAMPLES = 5  # of one task, the newest
_PATIENCE_S, _PER_TASK_S, _MOST_S = 0.03, 0.003, 0.3  # after that no further journal is opened
_Key: TypeAlias = tuple[object, ...]


def with_estimates(ready: Prepared, home: Path) -> Prepared:
    """Return a prepared plan whose tasks without an estimate have the seconds they took in past runs of its repository.

    The same task is one with the same agent and the same work; one with the same id too goes before the others. What
    was learnt, and where, stands in `check.estimates`. Costs a few ms a task at most. Raises CannotHere where the state
    folder is not its user's alone.
    """
    wanted = [task for task in ready.plan.tasks if task.estimate is None]
    learnt = _learnt(wanted, home, repository_key(ready.tree)) if wanted else {}
    if not learnt:
        return ready
    tasks = tuple(
        replace(task, estimate=learnt[task.id].seconds) if task.id in learnt else task for task in ready.plan.tasks
    )
    options = ready.options
    gain = ideal_speedup(tasks, ready.check.edges, slots=options.max_parallel, cores=options.cores)
    check = replace(ready.check, ideal_speedup=gain, estimates=tuple(learnt.values()))
    return replace(ready, plan=replace(ready.plan, tasks=tasks), check=check)


def _learnt(wanted: list[Task], home: Path, repository: str) -> dict[TaskId, Estimate]:
    samples: dict[_Key, list[tuple[RunId, Took]]] = defaultdict(list)
    keys = {task.id: _keys(task.id, *_work(task)) for task in wanted}
    asked = {key for both in keys.values() for key in both}
    for run, task, took in _past(home, repository, len(wanted)):
        for key in _keys(task.id, *_past_work(task)):
            if key in asked and len(samples[key]) < _SAMPLES:
                samples[key].append((run, took))
    learnt: dict[TaskId, Estimate] = {}
    for id_, (own, alike) in keys.items():
        found = samples.get(own) or samples.get(alike)
        if found:
            learnt[id_] = _estimate(id_, found)
    return learnt


def _estimate(task: TaskId, found: Sequence[tuple[RunId, Took]]) -> Estimate:
    """Return the middle of what the same task took; what it cost only where that was said."""
    dollars = [took.usd for _, took in found if took.usd is not None]
    tokens = [took.tokens for _, took in found if took.tokens is not None]
    return Estimate(
        task=task,
        seconds=round(median(took.seconds for _, took in found), 3),
        run=found[0][0],
        runs=len({run for run, _ in found}),
        usd=median(dollars) if dollars else None,
        tokens=round(median(tokens)) if tokens else None,
    )


def _past(home: Path, repository: str, tasks: int) -> Iterator[tuple[RunId, PastTask, Took]]:
    """Yield what past runs took, newest first, for as long as there is patience."""
    until = time.monotonic() + min(_MOST_S, _PATIENCE_S + _PER_TASK_S * tasks)
    looked = 0
    for folder in run_folders(home):
        found = past_tasks(folder.journal, repository=repository, most=10_000)
        looked += bool(found)
        yield from ((folder.run, task, took) for task, took in found)
        if looked >= _RUNS or time.monotonic() > until:
            return


def _keys(id_: str, *work: object) -> tuple[_Key, _Key]:
    return (id_, *work), ("", *work)


def _work(task: Task) -> _Key:
    function = f"{task.id} {task.function}" if task.function else ""  # a lambda's name says nothing of what it does
    return _same(task.agent_name, task.task, task.command, task.shell, function, task.reads)


def _past_work(task: PastTask) -> _Key:
    agent = task.agent or ("function" if task.function else "command")
    function = f"{task.id} {task.function}" if task.function else ""
    return _same(agent, task.task, task.command, task.shell, function, task.reads)


def _same(agent: str, text: str, command: object, shell: str, function: str, reads: object) -> _Key:
    """What two tasks have in common that are the same: an analyser's work is its name, and what it looks at."""
    return agent, text.strip(), command, shell, function, reads if agent == "static" else None
