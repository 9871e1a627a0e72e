"""`forkjoin export`."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked, complete_name, run_or_task, the_run
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.talk import data, data_json, say
from forkjoin.model import spoken_size, to_builtins
from forkjoin.model.text import one_line

EXAMPLES = (
    ("forkjoin export --patches out && git am out/*.patch", "what the latest run changed, as commits"),
    ("forkjoin export --bundle run.tar.gz", "the latest run, to attach to a bug report"),
    ("forkjoin export RUN --bundle new.tar.zst --with-patches", "with what its tasks changed"),
    ('forkjoin show "$(forkjoin export --bundle a.tar.zst)"', "and open it, here or anywhere"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Write what tasks changed as patches, or a run into one file.

    --patches DIR writes a numbered file a task for git am, on HEAD and one behind the other, into a new or empty
    folder; what does not merge is left out and said. RUN may be RUN/TASK too.

    --bundle FILE writes the run: its plan, its events, what each task was asked, said and brought back.

    Workspaces stay here, and so do patches unless asked for. Values of `env` in the plan, secrets of this environment
    (known by names such as TOKEN or PASSWORD) and known patterns (API keys, tokens, private keys, passwords in URLs)
    are masked wherever they stand. No list of patterns is complete, and paths and texts stay as they are: look through
    it before you hand it on. The same run gives the same bytes.

    show, report, explain, log, output, diff, ls and todo take FILE or FILE/TASK in place of a run, on any machine.
    """

    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Default: the latest run.", autocompletion=complete_name)
    ] = ""
    bundle: Annotated[
        str, typer.Option("--bundle", metavar="FILE", help="The file to write, new: .tar.zst or .tar.gz.")
    ] = ""
    with_patches: Annotated[
        bool, typer.Option("--with-patches", help="In the bundle: with what the tasks changed.")
    ] = False
    patches: Annotated[
        str, typer.Option("--patches", metavar="DIR", help="Write what tasks changed as files for git am.")
    ] = ""


def act(ask: Ask) -> int:
    """Export it."""
    from forkjoin.engine import export

    if ask.patches:
        return _patches(ask)
    if not ask.bundle:
        raise PlanError(
            "names neither a folder nor a file", where="export", next_step="say --patches DIR, or --bundle run.tar.zst"
        )
    run = the_run(ask, ask.run)
    made = export(run, Path(ask.bundle), patches=ask.with_patches)
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, **asdict(made)})
        return 0
    data(made.file)
    masked = f"{made.masked} secrets masked" if made.masked else "no secret found in it"
    say(f"{spoken_size(made.bytes)}, {masked}; open it anywhere: forkjoin show {made.file}")
    return 0


def _patches(ask: Ask) -> int:
    from forkjoin.engine import export_patches

    if ask.bundle:
        raise PlanError("cannot go with --bundle", where="--patches", next_step="say one of them")
    run, task = run_or_task(ask, ask.run)
    if run.called != run.id:
        raise PlanError(
            "is a bundle, and holds no commits", where=f"export {run.called} --patches",
            next_step=f"what its tasks changed: forkjoin diff {run.called}",
        )  # fmt: skip
    made = export_patches(run, Path(ask.patches), tasks=() if task is None else (task.id,))
    code = exit_code(Ending(states=(*("completed" for _ in made.tasks), *("failed" for _ in made.left_out))))
    if ask.json:
        data_json({"forkjoin": 1, "run": run.id, **to_builtins(made), "exit": WORDS[code]})
    else:
        for name in made.files:
            data(f"{made.folder}/{name}")
        for left in made.left_out:
            say(f"left out {left.task}: {one_line(left.reason)}")
        say(f"Next: git am {shlex.quote(made.folder)}/*.patch" if made.files else "nothing to export")
    return code
