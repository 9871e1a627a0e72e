"""Following a run to its end: how progress is shown, what the end looks like, which exit code it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from forkjoin.errors import ForkjoinError, PlanError, UnknownId, choices
from forkjoin.interfaces.cli.asking import Asked, latest
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.talk import data, data_json, data_json_with, even_unread, line_width, say, widest

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun, Run
    from forkjoin.interfaces.cli.attending import Attended
    from forkjoin.interfaces.cli.live import Form
    from forkjoin.model import RunView, TaskView

_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Following(Asked):
    """What every verb takes that follows a run to its end."""

    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only the result.")] = False
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Plain lines, with what each task does.")] = False
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="SEVERITY", help="Exit 1 on a finding this bad: critical, high, medium, low, info."
        ),
    ] = ""
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print each event as a line of JSON, as it comes.")] = False

    @property
    def form(self) -> Form:
        """How progress is shown."""
        if self.jsonl:
            return "jsonl"
        return "quiet" if self.quiet else "verbose" if self.verbose else "auto"


After: TypeAlias = Callable[["Run | None"], int]


def nothing_more(run: Run | None) -> int:
    """Do nothing behind the end of a run."""
    return 0


def finished(run: Run, attended: Attended, asked: Following, *, fail_on: str, after: After = nothing_more) -> int:
    """Print the end of a run that was attended, and return its exit code, or that of *after* where it is 0.

    *after* is given the run where it came to its end here, else None; what it says comes behind what is printed for
    people, and before the object for a program, which has the exit code.
    """
    if attended.left:
        say(f"run {run.id} goes on in the background; watch it: forkjoin watch {run.id}")
        if asked.json:
            with even_unread():
                data_json(ids(run))
        return after(None)
    code = ending_code(run, attended, fail_on=fail_on)
    with even_unread():
        if not asked.json and not asked.jsonl:
            print_end(run, attended.view, quiet=asked.quiet)
    if attended.interrupted:
        say(f"stopped; what had completed is kept: forkjoin show {run.id}; run the rest again: forkjoin retry {run.id}")
    try:
        behind = after(None if attended.interrupted else run)
    except ForkjoinError as error:
        if not asked.json:
            raise
        say(f"error: {error}")  # what the run brought is one object on stdout, not two
        behind = error.exit_code
    code = code or behind
    with even_unread():
        if asked.json:
            print_result(run, exit=WORDS[code])
    return code


def print_result(run: KeptRun, *, only: str = "", **more: str) -> None:
    """Print the results of a run, of all tasks or *only* that one, as a JSON object that ends with *more*."""
    parts = run.result_parts(only=only)
    data_json_with(parts.before, "tasks", parts.tasks, {**parts.after, **more})


def print_end(run: Run, view: RunView, *, quiet: bool = False) -> None:
    """Print the end of a run for people: the tasks, the summary, and the next commands."""
    from forkjoin.interfaces.cli.listing import command_lines, task_lines

    tasks = view.tasks
    if len(tasks) > _SHOWN:  # what did not complete is what there is to look at
        tasks = tuple(task for task in tasks if task.state != "completed")
    lines = task_lines(tasks, width=widest())
    for line in lines[:_SHOWN]:
        data(line)
    if len(lines) > _SHOWN:
        data(f"      … {len(lines) - _SHOWN} more did not complete: forkjoin show {run.id}")
    if lines:
        data("")
    for line in run.summary_lines(width=widest()):
        data(line)
    if not quiet:
        for line in command_lines("Next: ", list(_next(run, view)), line_width()):
            say(line)


def _next(run: Run, view: RunView) -> Iterator[str]:
    """Yield the commands that read this run, without its id where it is the latest here anyway."""
    of_run, of_task = ("", "") if is_latest(run) else (f" {run.id}", f"{run.id}/")
    yield f"forkjoin report{of_run}"
    yield f"forkjoin show{of_run}"
    if view.landable:
        yield f"forkjoin land{of_run}"
    first = next((task for task in view.tasks if task.state != "completed"), view.tasks[0] if view.tasks else None)
    if first is None or (first.state == "completed" and first.task.agent_name == "static"):
        return  # what analysers found is in the report
    verb = "log" if first.state != "completed" else "diff" if first.changes.files else "output"
    yield f"forkjoin {verb} {of_task}{first.id}"


def is_latest(run: KeptRun) -> bool:
    """Whether a command typed in the current folder means this run when it names none."""
    try:
        return latest(Asked()).id == run.id
    except UnknownId:  # it was of another tree: -C, or the review of a path elsewhere
        return False


def ending_code(run: Run, attended: Attended, *, fail_on: str) -> int:
    """Return the exit code of a run that is over."""
    return exit_code(
        Ending(
            states=tuple(task.state for task in attended.view.tasks),
            interrupted=attended.interrupted,
            limited=limited(attended.view.tasks),
            findings=run.severity_count(fail_on) if fail_on else 0,
        )
    )


def limited(tasks: Sequence[TaskView]) -> bool:
    """Return whether a budget or the disk kept any of these tasks from being started."""
    return any(
        (task.state == "skipped" and ("budget" in task.why or "disk" in task.why))
        or (task.kind == "limit" and "the run's budget" in task.why)
        for task in tasks
    )


def severity(text: str) -> str:
    """Return a severity's word; raise PlanError that lists them."""
    from forkjoin.model import SEVERITIES

    if text and text not in SEVERITIES:
        raise PlanError(f"no severity {text!r}", where="--fail-on", next_step=choices(text, SEVERITIES))
    return text


def ids(run: KeptRun) -> dict[str, Any]:
    """Return what a run that goes on in the background is told by."""
    return {"forkjoin": 1, "run": run.id, "tasks": list(run.tasks), "detached": True}
