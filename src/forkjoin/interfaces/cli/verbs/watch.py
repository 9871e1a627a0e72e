"""`forkjoin watch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.interfaces.cli.asking import Asked, complete_name, in_hand, the_run, the_task
from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.following import ending_code, print_end, print_result, severity
from forkjoin.interfaces.cli.talk import even_unread, on_terminal, say

if TYPE_CHECKING:
    from forkjoin.interfaces.cli.live import Form

EXAMPLES = (
    ("forkjoin watch", "the latest run of this repository"),
    ("forkjoin watch RUN", "another one"),
    ("forkjoin watch auth --tty", "the session of an ended task, in its agent's own program"),
    ("forkjoin watch --jsonl RUN", "its events from the first on, a line of JSON each"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Watch a run live, from any terminal, until it is over. Leaving (q, Ctrl-C) stops nothing.

    A run that nobody drives any more is taken up again. Exit codes are those of `forkjoin run`.
    """

    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="Default: the latest run; with --tty: TASK.", autocompletion=complete_name),
    ] = ""
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Plain lines, with what each task does.")] = False
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print each event as a line of JSON, as it comes.")] = False
    tty: Annotated[
        bool, typer.Option("--tty", help="Of an ended TASK: open its session in its agent's own program.")
    ] = False
    fail_on: Annotated[str, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 1 on a finding this bad.")] = ""


def act(ask: Ask) -> int:
    """Watch it."""
    from forkjoin.interfaces.cli.attending import watched
    from forkjoin.interfaces.cli.live import show_for
    from forkjoin.interfaces.cli.signals import Signals

    if ask.tty:
        return _opened(ask)
    limit = severity(ask.fail_on)
    run = in_hand(the_run(ask, ask.run))
    form: Form = "jsonl" if ask.jsonl else "verbose" if ask.verbose else "auto"
    with Signals() as signals:
        attended = watched(run, show_for(run, form, attached=False), signals)
    if attended.left:
        say(f"run {run.id} goes on; watch it again: forkjoin watch {run.id}")
        return {"": 0, "int": 130, "term": 143}[attended.interrupted]
    code = ending_code(run, attended, fail_on=limit)
    with even_unread():
        if ask.json:
            print_result(run, exit=WORDS[code])
        elif not ask.jsonl:
            print_end(run, attended.view)
    return code


def _opened(ask: Ask) -> int:
    """Let a person go on in a task's session; return 0 where its program ended well, else 3."""
    import signal
    import subprocess
    import sys

    from forkjoin.errors import PlanError

    if not (on_terminal(sys.stdin) and on_terminal(sys.stdout)):
        raise PlanError("needs a terminal", where="--tty", next_step='without one: forkjoin send TASK "..."')
    run, task = the_task(ask, ask.run)
    opened = in_hand(run).terminal(task.id)
    say(f"{' '.join(opened.argv)} in {opened.cwd}")
    # Ctrl-C is for the program: heard and passed over here, for what is ignored stays so in whatever is started.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(opened.argv, cwd=opened.cwd, env=opened.env, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    name = f"{run.id}/{task.id}"
    say(f'what was changed there is taken when the task goes on: forkjoin send {name} "..."')
    return 0 if code == 0 else 3
