"""`forkjoin diff`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict

from forkjoin.interfaces.cli.asking import Asked, complete_name, run_or_task
from forkjoin.interfaces.cli.paging import paged
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.interfaces.cli.words import change_line, diffstat
from forkjoin.model import MIB, TaskView
from forkjoin.model.text import one_line

if TYPE_CHECKING:
    from forkjoin.engine import KeptRun

EXAMPLES = (
    ("forkjoin diff", "what all tasks of the latest run changed"),
    ("forkjoin diff auth", "what one changed"),
    ("forkjoin diff --stat", "which files, and how much"),
    ("forkjoin diff auth | git apply", "take it over by hand"),
)
_MOST_JSON = MIB  # of a patch; more is had without --json


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print what tasks changed in their workspaces, as patches that git apply takes.

    On a terminal through git's pager. Each patch is relative to what its task started from.
    """

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="TASK (id or number), RUN/TASK or RUN; default: the latest run.",
            autocompletion=complete_name,
        ),
    ] = ""  # fmt: skip
    stat: Annotated[bool, typer.Option("--stat", help="Only the files, and how many lines.")] = False
    no_pager: Annotated[bool, typer.Option("--no-pager", help="On a terminal too, print without a pager.")] = False


def act(ask: Ask) -> int:
    """Print it."""
    run, task = run_or_task(ask, ask.name)
    tasks = run.view().tasks if task is None else (task,)
    if ask.json:
        rows = [_json(run, one, patch=not ask.stat) for one in tasks]
        one = rows[0] if task is not None else {"tasks": rows}
        data_json({"forkjoin": 1, "run": run.id, **one})
        return 0
    changed = [one for one in tasks if one.changes.files]
    if changed:
        _print_changed(ask, run, changed)
        return 0
    ended = all(one.ended for one in tasks)
    said = f"{run.id}/{task.id}" if task is not None else f"run {run.id}"
    say(f"{said} changed nothing" if ended else f"{said} changed nothing that was harvested yet: it has not ended")
    return 0


def _print_changed(ask: Ask, run: KeptRun, changed: Sequence[TaskView]) -> None:
    if ask.stat:
        _print_stat(changed)
        return
    for one in changed:
        for note in one.changes.notes:  # what its patch is without, for one
            say(f"{one.id}: {one_line(note)}")
    if any(run.diff(one.id, size=1) for one in changed):
        paged(_patches(run, changed), pager=not ask.no_pager)
    elif not any(one.changes.patch for one in changed):
        say(f"the patch is not in {run.kept_in}: forkjoin export --with-patches takes it along; the files: --stat")


def _json(run: KeptRun, task: TaskView, *, patch: bool) -> dict[str, Any]:
    raw = run.diff(task.id, size=_MOST_JSON + 1) if patch else b""
    return {
        "task": task.id,
        "files": [asdict(change) for change in task.changes.files],  # every field, those at their default too
        "patch": raw[:_MOST_JSON].decode("utf-8", "replace"),
        "patch_cut": len(raw) > _MOST_JSON,
    }


def _patches(run: KeptRun, tasks: Sequence[TaskView]) -> Iterator[bytes]:
    for task in tasks:
        at = 0
        while part := run.diff(task.id, start=at, size=MIB):
            yield part
            at += len(part)


def _print_stat(tasks: Sequence[TaskView]) -> None:
    for task in tasks:
        if len(tasks) > 1:
            data(f"{task.id}: {diffstat(task.changes)}")
        indent = "  " if len(tasks) > 1 else ""
        for change in task.changes.files:
            data(f"{indent}{change_line(change)}")
