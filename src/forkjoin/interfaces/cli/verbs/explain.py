"""`forkjoin explain`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_name, run_or_task
from forkjoin.interfaces.cli.talk import data_json, data_lines
from forkjoin.interfaces.cli.words import spell
from forkjoin.model import ENDED, Account, Edge, RunView, TaskView, spoken, to_builtins
from forkjoin.model.text import one_line, spelled

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun, Touched

EXAMPLES = (
    ("forkjoin explain", "the latest run: where the time went, and why tasks waited"),
    ("forkjoin explain auth", "one task: what it waited for, where its result is, who touched its files"),
    ("forkjoin explain --file src/app.py", "one file: who changed it, who meant to, who waited for whom over it"),
    ("forkjoin explain --json RUN | jq '.account.lost'", "each lost second with its cause, for a program"),
)
_NEGLIGIBLE_S = 0.005  # less of a loss is not worth a line
_MOST = 20  # pairs, files and tasks shown in words; the rest is counted


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Say where the time of a run went, and why: each lost second with its cause; who waited for whom, and over what.

    Of a task: what it waited for, how long it was expected to take, where its result lies, and which others touched the
    same files. Of a file: who changed it, whose claim covers it and why, and how these were ordered.
    """

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="RUN, TASK (id or number) or RUN/TASK; default: the latest run.",
            autocompletion=complete_name,
        ),
    ] = ""  # fmt: skip
    file: Annotated[
        str, typer.Option("--file", metavar="PATH", help="Of one file, in the run's tree: who has to do with it.")
    ] = ""


def act(ask: Ask) -> int:
    """Explain it."""
    run, task = run_or_task(ask, ask.name)
    if ask.file:
        return _file(run, task, ask)
    if ask.json:
        data_json(_json(run, task))
        return 0
    data_lines(_run_lines(run) if task is None else _task_lines(run, task))
    return 0


def _file(run: KeptRun, task: TaskView | None, ask: Ask) -> int:
    from forkjoin.engine import touched

    if task is not None:
        raise PlanError("is about a run", where="--file", next_step=f"name the run: {run.called}")
    found = touched(run, ask.file)
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, **to_builtins(found)})
        return 0
    data_lines(_file_lines(run, found))
    return 0


def _file_lines(run: KeptRun, found: Touched) -> Iterator[str]:
    path = spelled(found.path)
    if not found.touches:
        yield f"no task of run {run.id} changed {path}, and none said or was found to read or write it"
        return
    yield f"{path} in run {run.id}"
    changed = [f"{one.task}: {one.how}" for one in found.touches if one.kind == "changed"]
    yield from _headed("changed by", changed or ["nobody"])
    for kind in ("writes", "reads"):
        said = [f"{one.task}: {spelled(one.claim)} ({one_line(one.why)})" for one in found.touches if one.kind == kind]
        yield from _headed(f"who {kind} it, as far as was known before", said)
    yield from _headed("who waited for whom", [_order_line(edge) for edge in found.order])
    if len(changed) > 1 and not found.order:
        yield ""
        yield "these ran side by side: the next step is to compare their changes (forkjoin diff TASK)"


def _json(run: KeptRun, task: TaskView | None) -> dict[str, Any]:
    view = run.view()
    edges = [edge for edge in view.edges if task is None or task.id in (edge.first, edge.then)]
    touched = [
        {"path": path, "tasks": tasks} for path, tasks in _touched(view).items() if task is None or task.id in tasks
    ]
    return {
        "forkjoin": 1,
        "run": run.id,
        **({"task": task.id} if task else {}),
        "account": to_builtins(run.account()),
        "order": [to_builtins(edge) for edge in edges],
        "touched": touched,
    }


def _run_lines(run: KeptRun) -> Iterator[str]:
    view, account = run.view(), run.account()
    yield f"run {view.run}: {spell(view.state)}, {len(view.tasks)} task{'s' * (len(view.tasks) != 1)}"
    yield ""
    yield from account_lines(account)
    yield from _headed("why some ran one after another", [_order_line(edge) for edge in view.edges])
    shared = [f"{spelled(path)}  {', '.join(tasks)}" for path, tasks in _touched(view).items() if len(tasks) > 1]
    yield from _headed("files that several tasks changed", shared)
    waiting = [f"{task.id}: {one_line(task.why)}" for task in view.tasks if task.why and task.state not in ENDED]
    yield from _headed("what waits now", waiting)
    yield ""
    yield f"results: forkjoin output {run.called}/TASK    everything of it: {run.kept_in}"


def account_lines(account: Account) -> Iterator[str]:
    """Yield where the time went: the sums, the chain, and each lost stretch with its cause."""
    work = f"{spoken(account.sum_s)} of work: {account.speedup:.1f}× against one after another"
    yield f"wall  {spoken(account.wall_s)} for {work}"
    yield f"ideal {spoken(account.ideal_s)}: all tasks side by side, nothing in the way; so long takes the longest"
    if account.critical_path:
        yield f"chain {_chain(account.critical_path)}"
    for one in account.rests:
        yield f"rest  {spoken(one.seconds)}: {one.detail}; no part of the wall"
    lost = [one for one in account.lost if one.seconds >= _NEGLIGIBLE_S]
    yield f"lost  {spoken(sum(one.seconds for one in account.lost))}" + (", wall less ideal:" if lost else "")
    for one in lost:
        yield f"  {one.seconds:8.2f} s  {one_line(one.said)}"


def _chain(tasks: tuple[str, ...]) -> str:
    if len(tasks) <= _MOST:
        return " → ".join(tasks)
    half = _MOST // 2
    return " → ".join((*tasks[:half], f"({len(tasks) - 2 * half} more)", *tasks[-half:]))


def _headed(head: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{head}:"
        yield from (f"  {line}" for line in lines[:_MOST])
        if lines[_MOST:]:
            yield f"  … {len(lines) - _MOST} more: --json has them"


def _order_line(edge: Edge) -> str:
    about = one_line(edge.reason or ", ".join(map(spelled, edge.paths[:3])))
    return f"{edge.then} behind {edge.first}: {edge.kind}" + (f" ({about})" if about else "")


def _touched(view: RunView) -> dict[str, list[str]]:
    """Return who changed each file."""
    found: dict[str, list[str]] = {}
    for task in view.tasks:
        for change in task.changes.files:
            found.setdefault(change.path, []).append(task.id)
    return found


def _task_lines(run: KeptRun, task: TaskView) -> Iterator[str]:
    view = run.view()
    yield f"{run.id}/{task.id}: {spell(task.state)}" + (f", {one_line(task.why)}" if task.why else "")
    yield ""
    yield from _times(view, task)
    yield from _expected(run, task)
    yield from _headed("behind", [_order_line(edge) for edge in view.edges if edge.then == task.id])
    yield from _headed("before", [_order_line(edge) for edge in view.edges if edge.first == task.id])
    touched = _touched(view)
    mine = [
        f"{spelled(path)}" + (f"  also {', '.join(one for one in tasks if one != task.id)}" if len(tasks) > 1 else "")
        for path, tasks in touched.items()
        if task.id in tasks
    ]
    yield from _headed("files it changed", mine)
    yield ""
    yield f"result: forkjoin output {run.called}/{task.id}"
    if task.place is not None:
        yield f"worked in: {task.place.root}"
    here = run.called == run.id
    yield f"logs: {run.folder / 'tasks' / task.id}" if here else f"logs: forkjoin log {run.called}/{task.id}"


def _expected(run: KeptRun, task: TaskView) -> Iterator[str]:
    """Yield how long it was expected to take, and who said so."""
    if task.task.estimate is not None:
        learnt = next((one for one in run.planned.estimates if one.task == task.id), None)
        said = "as this analyser mostly takes" if task.task.agent_name == "static" else "as the plan says"
        yield f"expected: {spoken(task.task.estimate)}, {learnt.source if learnt else said}"


def _times(view: RunView, task: TaskView) -> Iterator[str]:
    """Yield the stretches of its life, each with its seconds."""
    now = time.time()
    marks = [("asked", view.started), ("free to run", task.ready)]
    for number, one in enumerate(task.tries, 1):
        again = f" (attempt {number} of {len(task.tries)})" if len(task.tries) > 1 else ""
        marks += [(f"launched{again}", one.launched), ("its process was there", one.started), ("ended", one.ended)]
    told = [(word, at) for word, at in marks if at is not None]
    for (word, at), (_, following) in zip(told, [*told[1:], ("", task.ended or now)], strict=True):
        after = f", then {spoken(max(0.0, following - at))}" if following > at else ""
        yield f"  {max(0.0, at - view.started):8.2f} s  {word}{after}"
