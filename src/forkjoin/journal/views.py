"""What a journal adds up to: the run as it stands, the list a person watches, and when each task ran."""

from __future__ import annotations

from collections.abc import Iterable

from forkjoin.journal.fold import Fold
from forkjoin.journal.pauses import caps_of, holds_at
from forkjoin.model import ENDED, Cap, Edge, Recorded, RunView, Span, Task, TaskId, TaskView, Timeline, Todo

_JOIN = "Synthesize results"


def run_view(recorded: Iterable[Recorded]) -> RunView:
    """Return the run that *recorded* adds up to; raise JournalDamaged where no plan is among it."""
    fold = Fold()
    for one in recorded:
        fold.apply(one)
    return fold.view()


def todo(view: RunView) -> tuple[Todo, ...]:
    """Return a line per task in the order asked, and one for the join.

    A task that is over is `completed`; where it did not complete, its line says so in brackets.
    """
    return (*(_line(task) for task in view.tasks), _join_line(view))


def timeline(view: RunView) -> Timeline:
    """Return when each task could run, ran and ended, behind whom it was ordered, and what held launches."""
    behind: dict[TaskId, list[Edge]] = {}
    caps = {
        _group(task): caps_of(task, view.limits, view.pauses) for task in {_group(t): t for t in view.tasks}.values()
    }
    kin = {task: str(number) for number, group in enumerate(view.kin) for task in group}
    for edge in view.edges:
        behind.setdefault(edge.then, []).append(edge)
    return Timeline(
        started=view.started,
        ended=view.ended,
        spans=tuple(
            _span(task, view, tuple(behind.get(task.id, ())), kin.get(task.id, ""), caps[_group(task)])
            for task in view.tasks
        ),
        holds=view.holds,
        rests=view.rests,
        slots=view.slots,
        cores=view.cores,
    )


def _line(task: TaskView) -> Todo:
    name = task.task.description or task.id
    if task.state in ("queued", "limited"):
        return Todo(content=name, status="pending", active_form=f"Waiting: {name}")
    if task.state not in ENDED:
        return Todo(content=name, status="in_progress", active_form=f"Running: {name}")
    end = "" if task.state == "completed" else f" ({task.state.replace('_', ' ')})"
    return Todo(content=f"{name}{end}", status="completed", active_form=f"Running: {name}")


def _join_line(view: RunView) -> Todo:
    over = all(task.state in ENDED for task in view.tasks)
    form = "Synthesizing results"
    if not over or (view.ended is not None and not view.joined):
        return Todo(content=_JOIN, status="pending", active_form=form)
    return Todo(content=_JOIN, status="completed" if view.joined else "in_progress", active_form=form)


def _span(task: TaskView, view: RunView, edges: tuple[Edge, ...], kin: str, caps: tuple[Cap, ...]) -> Span:
    ran = task.started is not None
    return Span(
        task=task.id,
        ready=view.started if task.ready is None else task.ready,
        launched=task.launched,
        started=task.started,
        ended=task.ended if ran else None,
        after=tuple(dict.fromkeys(edge.first for edge in edges)),
        edges=edges,
        tries=task.tries,
        earlier=task.earlier,
        waits=(*task.waits, *holds_at(view.pauses, task.provider)),
        limits=task.limits,
        halts=task.halts,
        caps=caps,
        estimate=task.task.estimate,
        cpu=task.task.cpu,
        kin=kin or _words(task.task),
        completed=task.state == "completed",
    )


def _group(task: TaskView) -> tuple[str, str, str]:
    return task.task.agent_name, task.task.model, task.provider


def _words(task: Task) -> str:
    """Return what says what a task does, where another may be told the same."""
    said = (task.agent_name, task.model, task.task, "\0".join(task.command), task.shell, str(task.function))
    return "\n".join(said) if any(said[2:]) else ""
