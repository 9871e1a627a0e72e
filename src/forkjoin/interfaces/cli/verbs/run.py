"""`forkjoin run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import the_run
from forkjoin.interfaces.cli.running import Running, begun, nobody, prepared_for
from forkjoin.interfaces.cli.talk import on_terminal, say

if TYPE_CHECKING:
    from forkjoin.engine import Prepared
    from forkjoin.model import Plan

EXAMPLES = (
    ("forkjoin run plan.yaml", "a plan, with a live board"),
    ("forkjoin run -n plan.yaml", "what would run, in what order and why"),
    ("forkjoin run -a shell -t 'pytest -q' -t 'ruff check .'", "no file needed"),
    ("forkjoin run -a shell --lines - < commands.txt", "one task a line"),
    ("forkjoin run -k 'auth or billing' -j 2 -x plan.yaml", "some tasks, two at a time"),
    ("forkjoin run --land plan.yaml", "and bring what they changed together on a branch"),
    ("forkjoin run --detach plan.yaml", "ids at once; it goes on alone"),
    ("forkjoin run --demo --speed 0", "a recorded run, to see what it looks like"),
    ("forkjoin run -a replay --from RUN --speed 8", "a past run once more, eight times as fast"),
    ("forkjoin run --json plan.yaml | jq .tasks[0].answer", "the results, for a program"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Running):
    """Run the tasks of a plan, or prompts, side by side; join what they bring back.

    A plan is YAML, JSON or Markdown; a folder stands for its *.md files, - for standard input. The whole list is
    checked before anything starts. Tasks that may write get a workspace of their own: nothing writes into your tree.

    Exit codes: 0 ok, 1 findings at or above --fail-on, 2 usage or plan error, 3 some tasks failed or need input, 4 none
    succeeded, 5 a limit stopped it, 6 not independent (--policy strict), 7 this machine cannot, 130 interrupted, 143
    terminated.
    """

    plan: Annotated[
        list[str] | None,
        typer.Argument(metavar="PLAN...", help="Plan files, folders of Markdown tasks, or - for standard input."),
    ] = None
    prompts: Annotated[
        list[str] | None, typer.Option("-t", "--task", metavar="PROMPT", help="A task without a file; repeat it.")
    ] = None
    speed: Annotated[
        float, typer.Option("--speed", metavar="N", help="With -a replay: N times as fast as recorded; 0: no waiting.")
    ] = 1.0
    demo: Annotated[
        bool, typer.Option("--demo", help="Play a recorded run of five tasks: needs no agent, no git and no network.")
    ] = False
    lines: Annotated[bool, typer.Option("--lines", help="The files are lists of prompts, one a line.")] = False


def act(ask: Ask) -> int:
    """Run it."""
    if ask.demo or ask.agent == "replay":
        return begun(_replay(ask), ask)
    ready = prepared_for(_plan(ask), ask)
    if ask.prompts and not ask.dry_run and not all(task.agent_name for task in ready.plan.tasks):
        raise nobody("each -t is a shell line")
    return begun(ready, ask)


def _replay(ask: Ask) -> Prepared:
    """Return the recording that is asked for, ready to be played; raise PlanError where something else is meant too."""
    from forkjoin.engine import DEMO, opened, replay_prepared

    where = "--demo" if ask.demo else "-a replay"
    if ask.plan or ask.prompts or ask.select or ask.save or ask.lines:
        raise PlanError("plays a run as it was recorded", where=where, next_step="give it no plan, -t, -k or --save")
    if ask.demo:
        return replay_prepared(opened(DEMO), tree=ask.tree, speed=ask.speed)
    if ask.base == "snapshot":
        raise PlanError("plays a recording", where=where, next_step="name it: --from RUN, or --from run.tar.zst")
    return replay_prepared(the_run(ask, ask.base), tree=ask.tree, speed=ask.speed)


def _plan(ask: Ask) -> Plan:
    from forkjoin.engine import prompts_plan, read_plan

    if ask.plan and ask.prompts:
        raise PlanError("give either plans or -t", where=" ".join(ask.plan), next_step="put the prompt into the plan")
    if ask.prompts:
        return prompts_plan(ask.prompts, agent=ask.agent)
    if not ask.plan:
        raise PlanError("nothing to run", next_step="name a plan file, say -t PROMPT, or - for standard input")
    return read_plan(ask.plan, stdin=standard_input(ask.plan), lines=ask.lines)


def standard_input(sources: Sequence[str]) -> bytes | None:
    """Return all of standard input where *sources* name it by "-"; on a terminal, say what it waits for."""
    if "-" not in sources:
        return None
    if on_terminal(sys.stdin):
        say("reading the plan from standard input; end it with Ctrl-D")
    return sys.stdin.buffer.read()
