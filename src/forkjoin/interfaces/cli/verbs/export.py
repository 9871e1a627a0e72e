"""`forkjoin export`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_run, the_run
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.model import spoken_size

EXAMPLES = (
    ("forkjoin export --bundle run.tar.gz", "the latest run, to attach to a bug report"),
    ("forkjoin export RUN --bundle new.tar.gz --patches", "with what its tasks changed"),
    ('forkjoin show "$(forkjoin export --bundle a.tar.gz)"', "and open it, here or anywhere"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Write a run into one file: its plan, its events, what each task was asked, said and brought back.

    Workspaces stay here, and so do patches unless asked for. Values of `env` in the plan, secrets of this environment
    (known by names such as TOKEN or PASSWORD) and known patterns (API keys, tokens, private keys, passwords in URLs)
    are masked wherever they stand. No list of patterns is complete, and paths and texts stay as they are: look through
    it before you hand it on. The same run gives the same bytes.

    show, report, explain, log, output, diff, ls and todo take FILE or FILE/TASK in place of a run, on any machine.
    """

    run: Annotated[str, typer.Argument(metavar="RUN", help="Default: the latest run.", autocompletion=complete_run)] = (
        ""
    )
    bundle: Annotated[
        str, typer.Option("--bundle", metavar="FILE", help="The file to write, new, ending in .tar.gz.")
    ] = ""
    patches: Annotated[bool, typer.Option("--patches", help="With what the tasks changed, as patches.")] = False


def act(ask: Ask) -> int:
    """Export it."""
    from forkjoin.engine import export

    if not ask.bundle:
        raise PlanError("names no file", where="export", next_step="say --bundle run.tar.gz")
    run = the_run(ask, ask.run)
    made = export(run, Path(ask.bundle), patches=ask.patches)
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, **asdict(made)})
        return 0
    data(made.file)
    masked = f"{made.masked} secrets masked" if made.masked else "no secret found in it"
    say(f"{spoken_size(made.bytes)}, {masked}; open it anywhere: forkjoin show {made.file}")
    return 0
