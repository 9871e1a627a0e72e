"""`forkjoin diff`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from msgspec.structs import asdict

from forkjoin.interfaces.cli.asking import Asked, complete_task, the_task
from forkjoin.interfaces.cli.talk import data, data_bytes, data_json, say
from forkjoin.model import MIB
from forkjoin.model.text import one_line

EXAMPLES = (
    ("forkjoin diff auth", "what it changed"),
    ("forkjoin diff --stat auth", "which files, and how much"),
    ("forkjoin diff auth | git apply", "take it over by hand"),
)
_MOST_JSON = MIB  # of a patch; more is had without --json


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Print what a task changed in its workspace, as a patch that git apply takes."""

    task: Annotated[
        str, typer.Argument(metavar="TASK", help="TASK (id or number) or RUN/TASK.", autocompletion=complete_task)
    ]
    stat: Annotated[bool, typer.Option("--stat", help="Only the files, and how many lines.")] = False


def act(ask: Ask) -> int:
    """Print it."""
    run, task = the_task(ask, ask.task)
    if ask.json:
        patch = b"" if ask.stat else run.diff(task.id, size=_MOST_JSON + 1)
        files = [asdict(change) for change in task.changes.files]  # every field, those at their default too
        data_json(
            {
                "forkjoin": 1, "run": run.id, "task": task.id, "files": files,
                "patch": patch[:_MOST_JSON].decode("utf-8", "replace"), "patch_cut": len(patch) > _MOST_JSON,
            }
        )  # fmt: skip
        return 0
    if not task.changes.files:
        say(f"{run.id}/{task.id} changed nothing" + ("" if task.ended else " that was harvested yet: it has not ended"))
        return 0
    if not ask.stat:
        at = 0
        while part := run.diff(task.id, start=at, size=MIB):
            data_bytes(part)
            at += len(part)
        if not at:
            say(f"the patch is not in {run.kept_in}: forkjoin export --patches takes it along; the files: --stat")
        return 0
    for change in task.changes.files:
        data(f"{change.how:8} {one_line(change.path)}  +{change.insertions} -{change.deletions}")
    return 0
