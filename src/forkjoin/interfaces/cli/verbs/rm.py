"""`forkjoin rm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_run, duration, in_hand, the_run
from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.talk import data, data_json, say

if TYPE_CHECKING:
    from forkjoin.engine import Run

EXAMPLES = (
    ("forkjoin rm RUN", "refused where it holds changes that forkjoin has not landed"),
    ("forkjoin rm -n RUN", "which changes those are: tasks, files, lines"),
    ("forkjoin rm --discard RUN", "all the same; patches are kept for 14 days"),
    ("forkjoin rm --older-than 720h -n", "what is over for 30 days and holds no changes"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Delete runs that are over: journal, logs, workspaces, hidden refs. Unlanded changes are named first."""

    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN...", help="Runs to delete.", autocompletion=complete_run)
    ] = None
    discard: Annotated[bool, typer.Option("--discard", help="Even with changes that were not landed.")] = False
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="TIME", help="Runs of any repository, over for longer, that hold no changes."
        ),
    ] = ""
    keep_gib: Annotated[
        float | None, typer.Option("--keep-gib", metavar="GIB", help="The oldest such runs, until the rest fits.")
    ] = None
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Only name what would go, and what would be refused.")
    ] = False


def act(ask: Ask) -> int:
    """Delete them."""
    if ask.older_than or ask.keep_gib is not None:
        return _expired(ask)
    if not ask.runs:
        raise PlanError("names no run", where="rm", next_step="name runs, or say --older-than 720h")
    runs = {run.id: run for run in (in_hand(the_run(ask, name)) for name in ask.runs)}  # all are known before any goes
    if ask.dry_run:
        return _foretold(ask, list(runs.values()))
    removed = [_removed(ask, run) for run in runs.values()]
    if ask.json:
        data_json({"forkjoin": 1, "removed": removed})
    return 0


def _removed(ask: Ask, run: Run) -> dict[str, Any]:
    """Remove a run; what is said is said before the next: a refusal of that one must not hide what has gone."""
    if ask.discard and not ask.json:
        _print_changes(run.unlanded(discard=True), run.id)
    one = run.remove(discard=ask.discard)
    if not ask.json:
        data(f"removed {one.run}" + (f"; patches kept for 14 days: {one.kept}" if one.kept else ""))
    return asdict(one)


def _foretold(ask: Ask, runs: Sequence[Run]) -> int:
    """Say what would go with each run, and which would be refused; the exit code is the one that it would have."""
    changes = {run.id: run.unlanded(discard=ask.discard) for run in runs}
    refused = [name for name, lines in changes.items() if lines and not ask.discard]
    code = 2 if refused else 0
    if ask.json:
        going = [name for name in changes if name not in refused]
        told = {"dry_run": True, "runs": going, "changes": changes, "refused": refused}
        data_json({"forkjoin": 1, **told, "exit": WORDS[code]})
        return code
    for name, lines in changes.items():
        _print_changes(lines, name)
        data(f"would not remove {name}: it needs --discard" if name in refused else f"would remove {name}")
    return code


def _print_changes(lines: Sequence[str], run: str) -> None:
    if lines:
        data(f"{run} holds changes that forkjoin has not landed:")
    for line in lines:
        data(f"  {line}")


def _expired(ask: Ask) -> int:
    """Delete the runs of every repository that are too old, or too many bytes; never one that holds changes."""
    from forkjoin.engine import retire

    if ask.runs or ask.discard:
        raise PlanError("takes no RUN and no --discard", where="--older-than", next_step="say one or the other")
    if ask.keep_gib is not None and not ask.keep_gib >= 0:  # not a number is no limit either
        raise PlanError(f"{ask.keep_gib:g} is no size", where="--keep-gib", next_step="say 0 or more")
    days = duration(ask.older_than, "--older-than") / 86400 if ask.older_than else None
    return _named(ask, retire(Path(ask.settings.home), days=days, gib=ask.keep_gib, dry_run=ask.dry_run))


def _named(ask: Ask, runs: Sequence[str]) -> int:
    if ask.json:
        data_json({"forkjoin": 1, "dry_run": ask.dry_run, "runs": list(runs)})
        return 0
    for run in runs:
        data(f"{'would remove' if ask.dry_run else 'removed'} {run}")
    if not runs:
        say("nothing to remove")
    return 0
