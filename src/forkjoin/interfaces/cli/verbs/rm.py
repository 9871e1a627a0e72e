"""`forkjoin rm`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.talk import data, data_json

if TYPE_CHECKING:
    from forkjoin.engine.removal import Removed

EXAMPLES = (
    ("forkjoin rm RUN", "refused where it holds changes that forkjoin has not landed"),
    ("forkjoin rm --discard RUN", "all the same; patches are kept for 14 days"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Delete runs that are over: journal, logs, workspaces, hidden refs. Unlanded changes are named first."""

    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs to delete.", autocompletion=complete_run)]
    discard: Annotated[bool, typer.Option("--discard", help="Even with changes that were not landed.")] = False


def act(ask: Ask) -> int:
    """Delete them."""
    runs = {run.id: run for run in (the_run(ask, name) for name in ask.runs)}  # all are known before any goes
    removed = []
    for run in runs.values():
        removed.append(one := run.remove(discard=ask.discard))
        if not ask.json:  # said one by one: a refusal of the next must not hide what has gone
            _print(one)
    if ask.json:
        data_json({"forkjoin": 1, "removed": [asdict(one) for one in removed]})
    return 0


def _print(removed: Removed) -> None:
    data(f"removed {removed.run}")
    for change in removed.changes:
        data(f"  {change}")
    if removed.kept:
        data(f"  patches kept for 14 days: {removed.kept}")
