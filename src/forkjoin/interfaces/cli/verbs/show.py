"""`forkjoin show`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import listed
from forkjoin.interfaces.cli.asking import Asked, complete_name, run_or_task
from forkjoin.interfaces.cli.following import print_result
from forkjoin.interfaces.cli.listing import command_lines, task_lines
from forkjoin.interfaces.cli.talk import data, data_lines, line_width, widest
from forkjoin.interfaces.cli.words import change_line, comparison, counts, diffstat, doing, spell, unlanded, verdict
from forkjoin.model import ENDED, Changes, RunView, TaskView, Usage, spoken
from forkjoin.model.text import one_line, spelled
from forkjoin.model.usage import in_dollars

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun

EXAMPLES = (
    ("forkjoin show", "the latest run of this repository"),
    ("forkjoin show auth", "one task of it: answer, changes, next command"),
    ("forkjoin show 3", "the same by its number"),
    ("forkjoin show RUN/auth", "a task of another run"),
    ("forkjoin show given.tar.gz", "a run that somebody exported"),
    ("forkjoin show --json | jq .account", "results and account, for a program"),
)
_ANSWER, _LINES = 4000, 40
_NAMED = 10  # files of an overlap, overlaps of a run


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Show a run or a task: state, answer, changes, cost, and the next command. The one verb to know."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="RUN, TASK (id or number) or RUN/TASK; default: the latest run.",
            autocompletion=complete_name,
        ),
    ] = ""  # fmt: skip


def act(ask: Ask) -> int:
    """Show it."""
    run, task = run_or_task(ask, ask.name)
    if ask.json:
        print_result(run, only=task.id if task else "")
        return 0
    if task is None:
        data_lines(_run_lines(run))
        return 0
    data_lines(_task_lines(run, task))
    if task.state in ENDED:
        for line in _answer(run, task):  # its own lines: they are not ours to break
            data(line)
    data_lines(("", *command_lines("next: ", list(_next(run, task)), line_width())))
    return 0


def _run_lines(run: KeptRun) -> Iterator[str]:
    view = run.view()
    yield f"run {view.run}" + (f"  {one_line(view.name)}" if view.name else "")
    if view.goal:
        yield f"goal: {one_line(view.goal)}"
    said = "" if run.owned() or view.ended else f" ({_left(run)})"
    yield f"{view.state}{said}: {counts(view.tasks)}; {verdict(view)}"
    yield comparison(view, time.time())
    if run.kept_in != str(run.folder):
        yield f"read from: {run.kept_in}"
    yield f"tree: {view.tree}"
    yield ""
    yield from task_lines(view.tasks, width=widest())
    if view.findings:
        yield ""
        yield "findings: " + ", ".join(f"{count} {severity}" for severity, count in view.findings)
    yield from _changed(view)
    yield from _overlaps(view)
    if (spent := run.spent()).tasks:
        yield ""
        yield f"spent: {spent.said}"
    yield ""
    yield from command_lines("next: ", list(_ways_on(run, view)), line_width())


def _ways_on(run: KeptRun, view: RunView) -> Iterator[str]:
    """Yield the commands that come next; of a run read from elsewhere those that only read."""
    ours = run.called == run.id
    if ours and view.ended is None:
        verbs = ("watch", "wait", "stop") if run.owned() else ("resume", "stop")
        yield from (f"forkjoin {verb} {view.run}" for verb in verbs)
        return
    yield f"forkjoin report {run.called}"
    if ours and view.landable:
        yield f"forkjoin land {view.run}"
    first = next((task for task in view.tasks if task.state != "completed"), view.tasks[0] if view.tasks else None)
    if first is not None:
        yield f"forkjoin show {run.called}/{first.id}"


def _changed(view: RunView) -> Iterator[str]:
    """What the tasks changed altogether, and where it is."""
    changed = [task for task in view.tasks if task.changes.files]
    if not changed:
        return
    files = tuple(file for task in changed for file in task.changes.files)
    yield ""
    yield f"changes: {diffstat(Changes(files=files))}" + (f"; not landed: {unlanded(view)}" if view.unlanded else "")


def _overlaps(view: RunView) -> Iterator[str]:
    """Which tasks were seen to change the same files while they ran; each pair once."""
    numbers = {task.id: task.number for task in view.tasks}
    pairs = [(task, met) for task in view.tasks for met in task.overlaps if numbers[met.task] > task.number]
    for task, met in pairs[:_NAMED]:
        yield f"overlap: {task.id} and {met.task} changed the same while both ran: {listed(met.paths, 3, say=spelled)}"
    if len(pairs) > _NAMED:
        yield f"… {len(pairs) - _NAMED} more overlaps: --json has them"


def _left(run: KeptRun) -> str:
    if run.called == run.id:
        return "nobody drives it; go on with it: forkjoin resume"
    return "as it stood when the bundle was made"


def _task_lines(run: KeptRun, task: TaskView) -> Iterator[str]:
    yield f"{run.id}/{task.id}  {one_line(task.task.description)}".rstrip()
    attempt = f", attempt {task.attempt}" if task.attempt > 1 else ""
    yield f"{spell(task.state)} by {task.task.agent_name}{attempt}, {spoken(task.seconds(time.time()))}"
    if doing(task) and task.state != "completed":
        yield f"{'reason' if task.state in ENDED else 'now'}: {doing(task)}"
    if _cost(task.usage):
        yield f"used: {_cost(task.usage)}"
    if task.place is not None:
        yield f"workspace: {task.place.root} ({task.place.kind}, wall: {task.place.level})"
        yield from (f"  {one_line(note)}" for note in task.place.notes)
    yield from _changes(task.changes)
    yield from (f"note: {one_line(note)}" for note in task.changes.notes)
    for met in task.overlaps:
        yield f"overlap: {met.task} changed the same while both ran: {listed(met.paths, _NAMED, say=spelled)}"
    if task.landed:
        less = f", without {listed(task.landed_without, _NAMED, say=spelled)}" if task.landed_without else ""
        how = f"landed on {task.landed} as {task.landed_as[:12]}" if task.landed_as else f"exported to {task.landed}"
        yield how + less


def _cost(usage: Usage) -> str:
    said = []
    if usage.cpu_s is not None:
        said.append(f"{usage.cpu_s:.1f} s of CPU")
    if usage.max_rss is not None:
        said.append(f"{usage.max_rss / 2**20:.0f} MiB of memory")
    if usage.input_tokens is not None or usage.output_tokens is not None:
        said.append(f"{_known(usage.input_tokens)} tokens in, {_known(usage.output_tokens)} out")
    if usage.usd is not None:
        said.append(in_dollars(usage.usd))
    return ", ".join(said)


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _changes(changes: Changes) -> Iterator[str]:
    if not changes.files:
        return
    yield f"changed {diffstat(changes)}:"
    for change in changes.files[:30]:
        marks = (" (not allowed)" if change.violation else "") + (" (runs by itself)" if change.runs else "")
        yield f"  {change_line(change)}{marks}"
    if len(changes.files) > 30:
        yield f"  … {len(changes.files) - 30} more"


def _answer(run: KeptRun, task: TaskView) -> Iterator[str]:
    out = run.output(task.id, max_chars=_ANSWER, timeout=0)
    if not out.text.strip():
        return
    lines = out.text.rstrip("\n").split("\n")
    yield ""
    if task.state != "completed" and out.next_offset is None and len(lines) > _LINES:  # what went wrong is said last
        yield f"… {len(lines) - _LINES} lines before: forkjoin output {run.called}/{task.id}"
        yield "\n".join(lines[-_LINES:])
        return
    shown = lines[:_LINES]
    yield "\n".join(shown)
    if out.next_offset is not None:
        said = len("\n".join(shown))
        yield f"… {out.total_chars - said:,} more characters: forkjoin output {run.called}/{task.id}"
    elif len(lines) > _LINES:
        yield f"… {len(lines) - _LINES} more lines: forkjoin output {run.called}/{task.id}"


def _next(run: KeptRun, task: TaskView) -> Iterator[str]:
    name = f"{run.called}/{task.id}"
    here = run.called == run.id
    if task.state not in ENDED:
        yield f"forkjoin log {name}"
        if here:
            yield f"forkjoin stop {name}"
        return
    if here and task.session and task.state in ("needs_input", "completed"):
        yield f'forkjoin send {name} "..."'
    if task.state != "completed":
        yield f"forkjoin log {name}"
        if here:
            yield f"forkjoin retry {name}"
    if task.changes.files:
        yield f"forkjoin diff {name}"
    if task.unlanded and task.state == "completed" and here and run.view().landable:
        yield f"forkjoin land {name}"
    if task.state == "completed":
        yield f"forkjoin output {name}"
