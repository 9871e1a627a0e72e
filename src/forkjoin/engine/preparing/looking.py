"""A review by an agent: one task a perspective."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec
from msgspec.structs import replace

from forkjoin.engine.preparing.prepare import Overrides, Prepared, prepared, to_review
from forkjoin.engine.preparing.scoping import Narrow, scope_notes, scope_of
from forkjoin.engine.preparing.taking_in import taken_in
from forkjoin.engine.settings import Settings
from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task

USUAL = ("security", "performance", "testing", "architecture")


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the agent: from which perspectives (none: the `USUAL` four), by which line, and what counts."""

    perspectives: tuple[str, ...] = ()
    line: str = ""
    narrow: Narrow = msgspec.field(default_factory=Narrow)


def look_prepared(
    path: Path, asked: Looking, *, settings: Settings, overrides: Overrides, here: Path | None = None
) -> Prepared:
    """Return the review of *path* by the agent that *overrides* names: one read-only task a perspective.

    The agents `shell` and `command` run the line, with the brief on its standard input. Raises PlanError for a path
    that is not there, UnknownId for a perspective nobody knows.
    """
    if not path.exists():
        raise PlanError("there is no such file or folder", where=str(path))
    known, scope = to_review(path, (here or Path.cwd()).resolve(), Path(settings.home))
    task = replace(_work(str(overrides.agent), asked.line), reads=scope or None)
    names = tuple(dict.fromkeys(asked.perspectives)) or USUAL
    taken, left_out = taken_in(asked.narrow.sarif, names)
    tasks = (*(replace(task, perspective=name) for name in names), *taken)
    plan = Plan(name=f"review of {scope[0] if scope else Path(known.root).name}", tasks=tasks)
    ready = prepared(plan, settings=settings, tree=Path(known.root), overrides=overrides)
    counts = scope_of(asked.narrow, ready.tree)
    return replace(ready, scope=counts, notes=(*ready.notes, *scope_notes(counts), *left_out))


def _work(agent: str, line: str) -> Task:
    if agent not in ("shell", "command"):
        if line:
            raise PlanError(f"the agent {agent} has its own prompt", where="-t", next_step="leave -t out")
        return Task(agent=agent)
    if not line.strip():
        raise PlanError(
            f"-a {agent} needs the program that looks", where="-t",
            next_step=f"say it: -a {agent} -t 'my-agent --print'; it gets the brief on standard input",
        )  # fmt: skip
    if agent == "shell":
        return Task(shell=line)
    try:
        return Task(command=tuple(shlex.split(line)))
    except ValueError as error:
        raise PlanError(f"{line!r} is no command line: {error}", where="-t") from error
