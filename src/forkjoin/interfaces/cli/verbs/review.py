"""`forkjoin review`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.starting import Starting, start
from forkjoin.interfaces.cli.talk import say

EXAMPLES = (
    ("forkjoin review .", "this folder, every analyser that applies"),
    ("forkjoin review src/app.py", "one file"),
    ("forkjoin review -p security -p performance .", "two perspectives"),
    ("forkjoin review --fail-on high .", "exit 1 on a finding that bad, for CI"),
    ("forkjoin review -n .", "which analysers would run"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Starting):
    """Review a folder or a file with every offline analyser that is here and applies, side by side.

    One task an analyser, read-only: nothing writes into the tree, and the project's own configuration holds. Findings
    are merged (one seen by three analysers is one with three witnesses) and ranked, worst first; what nothing looked at
    is named.
    """

    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or a file; default: the current folder.")] = ""
    perspectives: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--perspective",
            metavar="NAME",
            help="Only this perspective: security, performance, testing, architecture, ...; repeat, or join by commas.",
        ),
    ] = None


def act(ask: Ask) -> int:
    """Review it."""
    from forkjoin.engine import review_prepared

    settings = ask.settings
    path = ask.tree / ask.path if ask.path else ask.tree
    if not path.exists():
        raise PlanError("there is no such file or folder", where=ask.path, next_step="name one, or . for this folder")
    wanted = tuple(name.strip() for given in ask.perspectives or () for name in given.split(",") if name.strip())
    ready = review_prepared(path, perspectives=wanted, settings=settings, overrides=ask.overrides(), here=ask.tree)
    code = start(ready, ask, settings=settings, detach=bool(ask.detach))
    if not (ask.quiet or ask.json or ask.jsonl or ask.dry_run or ask.detach):
        say(agents_line())
    return code


def agents_line() -> str:
    """Return what to say of the agents found here: this version drives commands and analysers only."""
    from forkjoin.engine import found_agents

    names = ", ".join(name for name, _ in found_agents())
    if not names:
        return "no coding agent was found on this machine; analysers need none"
    return (
        f"agents found on this machine: {names}; this version drives no agent by itself, but runs any command: "
        "forkjoin run -a shell -t 'YOUR AGENT COMMAND'"
    )
