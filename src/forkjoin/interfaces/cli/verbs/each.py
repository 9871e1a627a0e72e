"""`forkjoin each`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.running import Running, begun, nobody, prepared_for

if TYPE_CHECKING:
    from forkjoin.model import Plan

EXAMPLES = (
    ("forkjoin each -n 'Upgrade logging in {{ dir }}' --dirs 'src/*'", "which tasks, how large, in what order"),
    ("forkjoin each -a shell 'wc -c {{ file }}' --files 'src/*.py' --read-only", "one command a file"),
    ("forkjoin each -a shell 'ls {{ dir }}' --dirs 'src/*' --at-most 4 --read-only", "small folders grouped"),
    ("forkjoin each -a shell 'ls {{ dir }}' --dirs 'src/*' -k b -j 2 --read-only", "some of them, two at a time"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Running):
    """Run one task for each folder (--dirs) or each file (--files) that a glob matches, side by side.

    {{ dir }} or {{ file }} in PROMPT is replaced by its path. Each task reads and may write its own folder or file and
    nothing else (--read-only: nothing at all), so all are independent. Of a folder and one in it that is matched too,
    the outer one has both. What git ignores is not matched. Quote globs, or the shell expands them first.

    The largest start first. With --at-most N small ones are grouped into N tasks of about the same size: {{ dir }} then
    stands for several.
    """

    prompt: Annotated[
        list[str], typer.Argument(metavar="PROMPT", help="What is to be done in each; with -a shell: a shell line.")
    ]
    dirs: Annotated[
        list[str] | None, typer.Option("--dirs", metavar="GLOB", help="One task for each folder that matches; repeat.")
    ] = None
    files: Annotated[
        list[str] | None, typer.Option("--files", metavar="GLOB", help="One task for each file that matches; repeat.")
    ] = None
    read_only: Annotated[bool, typer.Option("--read-only", help="The tasks write nothing: they share your tree.")] = (
        False
    )
    at_most: Annotated[
        int | None, typer.Option("--at-most", metavar="N", help="At most N tasks, balanced by size.")
    ] = None
    findings: Annotated[
        bool, typer.Option("--findings", help="The tasks answer findings: they are joined in the report.")
    ] = False


def act(ask: Ask) -> int:
    """Run it."""
    ready = prepared_for(_plan(ask), ask)
    if not ask.dry_run and not all(task.agent_name for task in ready.plan.tasks):
        raise nobody("PROMPT is a shell line")
    return begun(ready, ask)


def _plan(ask: Ask) -> Plan:
    from forkjoin.model import Each, Plan, Task

    if len(ask.prompt) > 1:
        raise PlanError(
            f"one PROMPT, and {len(ask.prompt)} are given",
            where=f"{ask.prompt[1]!r}",
            next_step="put the prompt and each glob in quotes, so that your shell does not expand them: --dirs 'src/*'",
        )
    if not ask.dirs and not ask.files:
        raise PlanError("for each of what?", next_step="say --dirs 'src/*' or --files 'docs/*.md'")
    if ask.dirs and ask.files:
        raise PlanError("give either --dirs or --files", next_step="run them one after the other")
    task = Task(
        task=ask.prompt[0],
        writes=() if ask.read_only else None,
        output="findings" if ask.findings else "text",
    )
    each = Each(task=task, dirs=tuple(ask.dirs or ()), files=tuple(ask.files or ()), at_most=ask.at_most)
    return Plan(name=f"each {', '.join((*each.dirs, *each.files))}", each=[each])
