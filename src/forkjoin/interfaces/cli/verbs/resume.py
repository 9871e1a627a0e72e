"""`forkjoin resume`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import ForkjoinError, PlanError
from forkjoin.interfaces.cli.asking import complete_run, in_hand, the_run
from forkjoin.interfaces.cli.following import Following, finished, severity
from forkjoin.interfaces.cli.talk import data, data_json, say

if TYPE_CHECKING:
    from forkjoin.engine import Run

EXAMPLES = (
    ("forkjoin resume", "the latest run here that nobody drives and that is not over"),
    ("forkjoin resume RUN", "this one, until it is over"),
    ("forkjoin resume --detach --all", "every such run of this repository, in the background"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Following):
    """Go on with a run whose owner is gone: killed, or its terminal closed, or the machine restarted.

    What still runs is adopted, what ended meanwhile is collected, and what has not run yet runs. A completed task
    is never run again. Of several who resume one run, one gets it, and the others are told who has it.
    """

    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN...", help="Default: the latest that needs it.", autocompletion=complete_run),
    ] = None
    everything: Annotated[bool, typer.Option("--all", help="Every run of this repository that needs it.")] = False
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background; print the ids at once.")] = False


def act(ask: Ask) -> int:
    """Resume them."""
    limit = severity(ask.fail_on)
    if ask.names and ask.everything:
        raise PlanError("takes no RUN", where="--all", next_step="name runs, or say --all")
    runs = [in_hand(the_run(ask, name)) for name in ask.names] if ask.names else _alone(ask)
    if not ask.names and not ask.everything:
        runs = runs[:1]
    if not runs:
        say("nothing to resume: every run here is over, or somebody drives it (see: forkjoin ls)")
        if ask.json or ask.jsonl:
            data_json({"forkjoin": 1, "runs": []}, indent=None if ask.jsonl else 2)
        return 0
    if len(runs) == 1 and not ask.detach:
        return _attended(runs[0], ask, fail_on=limit)
    return _detached(runs, ask)


def _alone(ask: Ask) -> list[Run]:
    """Return the runs of this repository that are not over and have no owner, newest first."""
    from forkjoin.engine import attach, runs

    views = [view for view in runs(ask.settings, tree=ask.tree) if view.ended is None]
    found = [attach(view.run, settings=ask.settings) for view in views]
    return [run for run in found if not run.owned()]


def _attended(run: Run, ask: Ask, *, fail_on: str) -> int:
    from forkjoin.interfaces.cli.attending import Attended, driven
    from forkjoin.interfaces.cli.live import show_for
    from forkjoin.interfaces.cli.signals import Signals

    with Signals() as signals:
        run.own()
        view = run.view()
        if view.ended is not None:
            say(f"run {run.id} is over already: {view.state}; run tasks of it again: forkjoin retry {run.id}/TASK")
            return finished(run, Attended(view=view), ask, fail_on=fail_on)
        say(f"run {run.id}: {run.left().said}")
        attended = driven(run, show_for(run, ask.form, attached=True), signals)
    return finished(run, attended, ask, fail_on=fail_on)


def _detached(runs: list[Run], ask: Ask) -> int:
    """Resume each that can be: what refuses one of several keeps no other from it."""
    told: list[dict[str, Any]] = []
    refused: dict[str, ForkjoinError] = {}
    for run in runs:
        try:
            told.append(_found(run, ask))
        except ForkjoinError as error:
            if len(runs) == 1:
                raise
            refused[run.id] = error
            say(f"error: {error}")
    if ask.json or ask.jsonl:
        why = [{"run": run, "word": error.word, "message": str(error)} for run, error in refused.items()]
        data_json({"forkjoin": 1, "runs": told, "refused": why}, indent=None if ask.jsonl else 2)
    return next((error.exit_code for error in refused.values()), 0)


def _found(run: Run, ask: Ask) -> dict[str, Any]:
    """Resume one in the background, unless it is over; return what was found of it."""
    over = run.view().ended is not None
    if not over:
        run.own()
    left = run.left()
    if not over:
        run.resume()
    if not (ask.json or ask.jsonl):
        data(run.id)
        say(f"run {run.id} is over already" if over else f"run {run.id} goes on: {left.said}")
    found = {"running": left.running, "ended": left.ended, "lost": left.lost, "queued": left.queued}
    return {"run": run.id, "resumed": not over, "found": found}
