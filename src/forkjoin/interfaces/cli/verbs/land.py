"""`forkjoin land`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, by_run, complete_name, duration, in_hand
from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.landings import landing_code, print_landing
from forkjoin.interfaces.cli.talk import data_json, say
from forkjoin.model import Landing, to_builtins

if TYPE_CHECKING:
    from forkjoin.engine import LandAsk, Run

EXAMPLES = (
    ("forkjoin land", "all that the latest run brought back, on forkjoin/RUN"),
    ("forkjoin land -n", "what would land, and what does not merge"),
    ("forkjoin land auth billing", "two tasks of it, and what they stand on"),
    ("forkjoin land --apply", "and move the current branch forward"),
    ("forkjoin land --gate 'pytest -q'", "leave out what breaks the tests together"),
    ("forkjoin land --accept auth:docs/**", "also what auth changed there, undeclared"),
    ("forkjoin land RUN --json | jq .left_out", "for a program"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Bring what tasks changed together on a branch of its own, forkjoin/RUN: one commit a task, in the order asked.

    Index, work tree, HEAD, stash and settings are not touched, and nothing is pushed. The plan's gate runs on all of it
    together, in a clean workspace; where it fails, the smallest set of tasks that breaks it is found and named. What
    does not merge, or breaks the gate, is left out with its reason, and the rest is landed. Give it again at any time:
    what was landed stays, the rest is tried again.

    Exit codes: 0 all landed, 2 usage, or landed and not applied, 3 some were left out, 4 none was landed, 7 no git
    repository, no identity, or no signature.
    """

    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...", help="RUN, TASK or RUN/TASK; default: the latest run.", autocompletion=complete_name
        ),
    ] = None
    onto: Annotated[
        str, typer.Option("--onto", metavar="BRANCH", help="Begin at this branch instead of HEAD; it does not move.")
    ] = ""
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", metavar="TASK[:GLOB]", help="Also what it did not declare, or though it failed; repeat it."
        ),
    ] = None
    violations: Annotated[
        str,
        typer.Option(
            "--violations", metavar="HOW", help="Changes nobody declared: refuse (default), keep-declared or accept."
        ),
    ] = "refuse"
    apply: Annotated[bool, typer.Option("--apply", help="Then fast-forward the current branch.")] = False
    branch_per_task: Annotated[
        bool, typer.Option("--branch-per-task", help="A branch for each, forkjoin/RUN/TASK, with what it stands on.")
    ] = False
    prefix: Annotated[
        str, typer.Option("--branch-prefix", metavar="NAME", help="Begin the branch's name so, not with forkjoin.")
    ] = ""
    gate: Annotated[str, typer.Option("--gate", metavar="CMD", help="A shell line instead of the plan's gate.")] = ""
    no_gate: Annotated[bool, typer.Option("--no-gate", help="Land without trying it.")] = False
    gate_timeout: Annotated[
        str, typer.Option("--gate-timeout", metavar="TIME", help="Deadline of each run of the gate.")
    ] = "60m"
    resolve: Annotated[
        str,
        typer.Option(
            "--resolve", metavar="AGENT", help="Have what does not merge made again on the branch; same = who made it."
        ),
    ] = ""
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Only say what would be done; no gate.")] = False


def act(ask: Ask) -> int:
    """Land it."""
    runs = by_run(ask, ask.names or ())
    if len(runs) > 1:
        raise PlanError(
            f"{', '.join(run.id for run, _ in runs)} are several runs", where="land", next_step="land them one by one"
        )
    run, tasks = runs[0]
    made = _landed(in_hand(run), ask, tasks)
    if ask.json:
        code = landing_code(made)
        data_json({"forkjoin": 1, **to_builtins(made), "exit": WORDS[code]})
        return code
    return print_landing(made)


def _landed(run: Run, ask: Ask, tasks: tuple[str, ...]) -> Landing:
    if not ask.resolve:
        return run.land(land_ask(ask, tasks), say=say)
    from forkjoin.engine import land_and_resolve

    return land_and_resolve(run, land_ask(ask, tasks), agent=ask.resolve, settings=ask.settings, say=say)


def land_ask(ask: Ask, tasks: tuple[str, ...]) -> LandAsk:
    """Return what the flags say."""
    from forkjoin.engine import LandAsk

    if ask.gate and ask.no_gate:
        raise PlanError("cannot go with --no-gate", where="--gate", next_step="say one of them")
    return LandAsk(
        tasks=tasks,
        onto=ask.onto,
        accept=tuple(ask.accept or ()),
        violations=ask.violations,
        apply=ask.apply,
        branch_per_task=ask.branch_per_task,
        gate="" if ask.no_gate else ask.gate or None,
        prefix=ask.prefix or ask.settings.branch_prefix or "forkjoin",
        dry_run=ask.dry_run,
        gate_timeout_s=duration(ask.gate_timeout, "--gate-timeout"),
    )
