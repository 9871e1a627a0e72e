"""`forkjoin check`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import NotIndependent
from forkjoin.interfaces.cli.asking import Asked, complete_agent
from forkjoin.interfaces.cli.running import policy
from forkjoin.interfaces.cli.verbs.run import standard_input
from forkjoin.interfaces.cli.verdicts import print_check

if TYPE_CHECKING:
    from forkjoin.engine import Prepared

EXAMPLES = (
    ("forkjoin check plan.yaml", "verdicts, order and reasons"),
    ("forkjoin check --policy strict plan.yaml", "exit 6 unless all are independent"),
    ("forkjoin check --json plan.yaml | jq .pairs", "for a program"),
    ("forkjoin check - < plan.json", "from standard input"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Say which tasks of a plan are independent, and in what order they would run. Starts nothing.

    A pair of tasks is independent, in conflict or unknown, always with the reason and a remedy. Exit 0 when the plan
    can run under its policy, 2 when the plan is wrong, 6 when the policy is strict and not all tasks are independent.
    """

    plan: Annotated[
        list[str],
        typer.Argument(metavar="PLAN...", help="Plan files, folders of Markdown tasks, or - for standard input."),
    ]
    agent: Annotated[
        str | None,
        typer.Option(
            "-a",
            "--agent",
            metavar="AGENT",
            help="Who does tasks that name nobody.",
            autocompletion=complete_agent,
        ),
    ] = None
    select: Annotated[
        str, typer.Option("-k", "--select", metavar="EXPR", help="Only tasks whose id or description matches.")
    ] = ""
    policy: Annotated[
        str, typer.Option("--policy", metavar="POLICY", help="What to do about conflicts: isolate, strict or trust.")
    ] = ""
    lines: Annotated[bool, typer.Option("--lines", help="The files are lists of prompts, one a line.")] = False


def act(ask: Ask) -> int:
    """Check it."""
    from forkjoin.engine import Overrides, prepared, read_plan, with_estimates, with_others

    with _no_rings_sought():
        plan = read_plan(ask.plan, stdin=standard_input(ask.plan), lines=ask.lines)
        flags = Overrides(agent=ask.agent, policy=policy(ask.policy), select=ask.select)
        settings = ask.settings
        home = Path(settings.home)
        ready = with_estimates(prepared(plan, settings=settings, tree=ask.tree, overrides=flags), home)
        ready = with_others(ready, home)
        return print_check(ready, as_json=ask.json, refusal=_refusal(ready))


def _refusal(ready: Prepared) -> NotIndependent | None:
    """Return why its policy does not let the plan run, None where it does."""
    from forkjoin.engine import refuse_dependent

    try:
        refuse_dependent(ready)
    except NotIndependent as refusal:
        return refusal
    return None


@contextmanager
def _no_rings_sought() -> Iterator[None]:
    """Hold the collector back: frozen values form no rings, and looking for them was half the time of a large check."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
