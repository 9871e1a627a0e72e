"""`forkjoin ls`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from forkjoin.errors import PlanError, UnknownId, listed
from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.listing import run_json, task_json, task_lines
from forkjoin.interfaces.cli.talk import data, data_json, say, widest
from forkjoin.interfaces.cli.words import counts, padded, unlanded
from forkjoin.model import RunView, spoken
from forkjoin.model.text import one_line

EXAMPLES = (
    ("forkjoin ls", "the runs of this repository, newest first"),
    ("forkjoin ls --all", "the runs of every repository, each with its folder"),
    ("forkjoin ls RUN", "the tasks of one run, with their numbers"),
    ("forkjoin ls --json | jq -r '.runs[0].run'", "the latest run's id"),
)

_LOOKED = 500
_WIDE = 110  # below, dates and counts are short


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """List the runs of this repository, or the tasks of one run.

    First those that hold changes which were not landed, then the others, newest first; --json has all newest first.
    """

    run: Annotated[
        str, typer.Argument(metavar="RUN", help="List the tasks of this run.", autocompletion=complete_run)
    ] = ""
    everywhere: Annotated[bool, typer.Option("--all", help="Runs of every repository, with their folders.")] = False
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most N runs (default 20; 0: all).")] = 20


def act(ask: Ask) -> int:
    """List them."""
    if ask.run:
        return _tasks(the_run(ask, ask.run).view(), as_json=ask.json)
    if ask.limit < 0:
        raise PlanError(f"{ask.limit} is negative", where="--limit", next_step="give 1 or more, or 0 for all")
    limit = ask.limit if ask.limit > 0 else None
    # What is not landed must not hide behind many runs that are: more are looked at than are shown.
    looked = limit if ask.json or limit is None else max(limit, _LOOKED)
    found, unread = _found(ask, limit=looked)
    if ask.json:
        shown = [run_json(view) | {"owner": _owner(ask, view)} for view in found]
        data_json({"forkjoin": 1, "runs": shown})
        return 0
    if not found and not unread:
        say("no runs here yet; start one: forkjoin review .")
    width = widest()
    for view in _unlanded_first(found)[:limit]:
        data(_run_line(_placed(view) if ask.everywhere else view, alone=_alone(ask, view), width=width))
    if limit and len(found) > limit:
        say(f"{len(found) - limit} more: forkjoin ls --limit 0")
    return 0


def _found(ask: Ask, *, limit: int | None) -> tuple[list[RunView], int]:
    """Return the runs, newest first, and how many cannot be read, which is said of each."""
    from forkjoin.engine import runs

    unread: list[str] = []
    found = runs(
        ask.settings,
        tree=None if ask.everywhere else ask.tree,
        limit=limit,
        unread=lambda run, error: unread.append(f"run {run} is left out: {error}"),
    )
    for line in unread:
        say(line)
    return found, len(unread)


def _unlanded_first(found: Sequence[RunView]) -> list[RunView]:
    """Return the runs that hold changes which are nowhere else, then the others, each in the order they came in."""
    return sorted(found, key=lambda view: not view.unlanded)


def _called(view: RunView) -> str:
    """Return the run's name; of one without, such as a run of prompts, its first tasks."""
    return view.name or listed(view.tasks, 2, say=lambda task: task.id) or "-"


def _placed(view: RunView) -> RunView:
    """Return the run with its folder before its name: of all repositories, that is what tells them apart."""
    tree = Path(view.tree)
    gone = "" if tree.is_dir() else " (gone)"
    return replace(view, name=f"{tree.name or tree}{gone}: {_called(view)}")


def _alone(ask: Ask, view: RunView) -> bool:
    """Whether a run that is not over has no living owner."""
    from forkjoin.engine import attach

    if view.ended is not None or _owner(ask, view) is not None:
        return False
    with suppress(UnknownId), attach(view.run, settings=ask.settings) as run:  # or it was removed since
        return run.view().ended is None  # it may have ended between the two looks
    return False


def _owner(ask: Ask, view: RunView) -> int | None:
    """Return the pid of the living process that drives a run; None where none does."""
    from forkjoin.engine import attach

    if view.ended is not None:
        return None
    with suppress(UnknownId), attach(view.run, settings=ask.settings) as run:  # or it was removed since
        return run.owner()
    return None


def _tasks(view: RunView, *, as_json: bool) -> int:
    if as_json:
        data_json({"forkjoin": 1, "run": view.run, "tasks": [task_json(task) for task in view.tasks]})
        return 0
    for line in task_lines(view.tasks, width=widest()):
        data(line)
    return 0


def _run_line(view: RunView, *, alone: bool, width: int) -> str:
    """Return one row; on a terminal (*width* above 0) never wider than it, the name and the counts shortened."""
    began = time.localtime(view.started)
    took = spoken(view.seconds(time.time()))
    said = "nobody drives it: forkjoin resume " + view.run if alone else counts(view.tasks)
    said += f"; not landed: {unlanded(view)}" if view.unlanded else ""
    if not width or width >= _WIDE:
        row = f"{view.run}  {time.strftime('%Y-%m-%d %H:%M', began)}  {view.state:9}  {took:>9}  "
        row += f"{padded(one_line(_called(view)), 32)}  {said}"
        return padded(row, width).rstrip() if width else row
    ok = sum(task.state == "completed" for task in view.tasks)
    said = "nobody drives it" if alone else f"{ok}/{len(view.tasks)} ok"
    said += f", {len(view.unlanded)} to land" if view.unlanded else ""
    row = f"{view.run}  {time.strftime('%m-%d %H:%M', began)}  {view.state:9} {took:>9}  "
    name = padded(one_line(_called(view)), max(6, width - len(row) - len(said) - 2)).rstrip()
    return padded(f"{row}{name}  {said}", width).rstrip()
