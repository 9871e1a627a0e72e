"""What several verbs take: where the tree is, JSON or words, and names of runs and tasks."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import CannotHere, PlanError, UnknownId, listed

_RUN_ID = re.compile(r"\d{8}-\d{6}(-\w+)?")  # as runs are called; a task is not
_NAMED = 10

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun, Run, Settings
    from forkjoin.model import TaskView


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every verb takes."""

    directory: Annotated[
        str, typer.Option("-C", "--directory", metavar="DIR", help="Work on this folder instead of the current one.")
    ] = "."
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False

    @property
    def tree(self) -> Path:
        """The folder it is about; raise PlanError where there is none."""
        tree = Path(self.directory)
        if not tree.is_dir():
            raise PlanError("is no folder", where=f"-C {self.directory}", next_step="name an existing folder")
        if not tree.is_absolute():
            _refuse_nowhere()
        return tree

    @property
    def settings(self) -> Settings:
        """The settings that hold there."""
        from forkjoin.engine import settings_from

        return settings_from(os.environ, self.tree)


def _refuse_nowhere() -> None:
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise CannotHere("the folder you are in was deleted; cd to one that is there, or say -C DIR") from error


def complete_task(incomplete: str) -> list[str]:
    """Return the tasks of the latest run here whose id begins so; nothing where that cannot be told."""
    try:
        return [task for task in latest(Asked()).tasks if task.startswith(incomplete)]
    except Exception:  # a completion never complains into somebody's prompt
        return []


def complete_name(incomplete: str) -> list[str]:
    """Return the tasks of the latest run here, and the runs of this repository, whose id begins so."""
    return [*complete_task(incomplete), *complete_run(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Return the runs of this repository whose id begins so."""
    from forkjoin.engine import runs

    try:
        asked = Asked()
        found = runs(asked.settings, tree=asked.tree, limit=50)
    except Exception:  # a completion never complains into somebody's prompt
        return []
    return [run.run for run in found if run.run.startswith(incomplete)]


def complete_agent(incomplete: str) -> list[str]:
    """Return the agents of this version whose name begins so."""
    from forkjoin.engine import agent_names

    return [name for name in agent_names() if name.startswith(incomplete)]


def complete_perspective(incomplete: str) -> list[str]:
    """Return the perspectives that hold here whose name begins so; nothing where one of them cannot be read."""
    from forkjoin.engine import known_perspectives

    try:
        known = known_perspectives(Asked().tree)
    except Exception:  # a completion never complains into somebody's prompt
        return []
    return [one.name for one in known if one.name.startswith(incomplete)]


def latest(asked: Asked) -> Run:
    """Return the latest run of the repository; raise UnknownId where there is none."""
    from forkjoin.engine import attach

    return attach(None, settings=asked.settings, tree=asked.tree)


def the_run(asked: Asked, name: str) -> KeptRun:
    """Return the run of that id or part of it, or in that bundle; the latest of this repository where it is empty."""
    from forkjoin.engine import attach, bundle_named

    if not name:
        return latest(asked)
    if bundle := bundle_named(name):
        from forkjoin.engine import opened

        return opened(bundle[0])
    return attach(name, settings=asked.settings)


def in_hand(run: KeptRun) -> Run:
    """Return a run of this machine, to do something with it; raise PlanError for one out of a bundle."""
    from forkjoin.engine import Run

    if isinstance(run, Run):
        return run
    raise PlanError(
        "is a bundle, which can only be read",
        where=run.kept_in,
        next_step="show, report, explain, output, log, diff and ls read it; run -a replay --from plays it",
    )


def run_or_task(asked: Asked, name: str) -> tuple[KeptRun, TaskView | None]:
    """Return what TASK, RUN or RUN/TASK names: a task of the latest run goes before a run of that name.

    RUN may be a bundle: F.tar.zst, F.tar.gz/TASK.
    """
    from forkjoin.engine import bundle_named

    if not name:
        return latest(asked), None
    if bundle := bundle_named(name):
        run = the_run(asked, str(bundle[0]))
        return run, run.task(bundle[1]) if bundle[1] else None
    run_name, slash, task_name = name.partition("/")
    if slash:
        run = the_run(asked, run_name)
        return run, run.task(task_name) if task_name else None
    try:
        newest = latest(asked)
        return newest, newest.task(name)
    except UnknownId as no_task:  # of the latest run here; or there is none here, but it may be a run elsewhere
        try:
            return the_run(asked, name), None
        except UnknownId as no_run:
            raise (no_run if _RUN_ID.fullmatch(name) else no_task) from None


def the_task(asked: Asked, name: str) -> tuple[KeptRun, TaskView]:
    """Return the task that TASK or RUN/TASK names; for a run of one task the run's name will do."""
    run, task = run_or_task(asked, name)
    if task is not None:
        return run, task
    if len(run.tasks) == 1:
        return run, run.task(run.tasks[0])
    if not name:
        known = listed(run.tasks, _NAMED)
        raise PlanError(f"run {run.id} has {len(run.tasks)} tasks", next_step=f"name one: {known}")
    raise UnknownId("task", name, [f"{run.id}/{task_id}" for task_id in run.tasks], hint="that is a run: name a task")


def by_run(asked: Asked, names: Sequence[str]) -> list[tuple[KeptRun, tuple[str, ...]]]:
    """Return the runs that *names* are about, each with its named tasks (empty: all); no name: the latest run."""
    found: dict[str, tuple[KeptRun, list[str] | None]] = {}
    for name in names or ("",):
        run, task = run_or_task(asked, name)
        known, tasks = found.setdefault(run.id, (run, []))
        if task is None:
            found[run.id] = (known, None)
        elif tasks is not None and task.id not in tasks:
            tasks.append(task.id)
    return [(run, tuple(tasks or ())) for run, tasks in found.values()]


def duration(text: str, where: str) -> float:
    """Return seconds; raise PlanError that names the flag."""
    from forkjoin.model import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise PlanError(str(error), where=where) from error
