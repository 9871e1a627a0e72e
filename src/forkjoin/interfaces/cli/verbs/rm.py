"""`forkjoin rm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_run, duration, the_run
from forkjoin.interfaces.cli.talk import data, data_json, say

if TYPE_CHECKING:
    from forkjoin.engine.removal import Removed

EXAMPLES = (
    ("forkjoin rm RUN", "refused where it holds changes that forkjoin has not landed"),
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
        typer.Option("--older-than", metavar="TIME", help="Runs over for longer that hold no changes."),
    ] = ""
    keep_gib: Annotated[
        float | None, typer.Option("--keep-gib", metavar="GIB", help="The oldest such runs, until the rest fits.")
    ] = None
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Only name what would go.")] = False


def act(ask: Ask) -> int:
    """Delete them."""
    if ask.older_than or ask.keep_gib is not None:
        return _expired(ask)
    if not ask.runs:
        raise PlanError("names no run", where="rm", next_step="name runs, or say --older-than 720h")
    runs = {run.id: run for run in (the_run(ask, name) for name in ask.runs)}  # all are known before any goes
    if ask.dry_run:
        return _named(ask, tuple(runs))
    removed = []
    for run in runs.values():
        removed.append(one := run.remove(discard=ask.discard))
        if not ask.json:  # said one by one: a refusal of the next must not hide what has gone
            _print(one)
    if ask.json:
        data_json({"forkjoin": 1, "removed": [asdict(one) for one in removed]})
    return 0


def _expired(ask: Ask) -> int:
    """Delete the runs of every repository that are too old, or too many bytes; never one that holds changes."""
    from forkjoin.engine import retire

    if ask.runs or ask.discard:
        raise PlanError("takes no RUN and no --discard", where="--older-than", next_step="say one or the other")
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


def _print(removed: Removed) -> None:
    data(f"removed {removed.run}")
    for change in removed.changes:
        data(f"  {change}")
    if removed.kept:
        data(f"  patches kept for 14 days: {removed.kept}")
