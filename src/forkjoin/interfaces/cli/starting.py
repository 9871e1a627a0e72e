"""What `run` and `review` share: their flags, the dry run, starting attached or detached, and the end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import duration
from forkjoin.interfaces.cli.following import After, Following, finished, ids, nothing_more, severity
from forkjoin.interfaces.cli.spending import money_line, spendable
from forkjoin.interfaces.cli.talk import data, data_json, on_terminal, say

if TYPE_CHECKING:
    from forkjoin.engine import Overrides, Prepared, Run, Settings

# By these a program knows that it runs inside an agent's session.
_SURROUNDING = {
    "CLAUDECODE": "Claude Code",
    "CODEX_THREAD_ID": "Codex",
    "CODEX_SANDBOX": "Codex",
    "OPENCODE": "OpenCode",
    "PI_CODING_AGENT": "Pi",
    "GEMINI_CLI": "Gemini CLI",
    "COPILOT_CLI": "Copilot CLI",
    "CURSOR_AGENT": "Cursor",
}


_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Starting(Following):
    """What every verb takes that starts a run."""

    max_parallel: Annotated[
        int | None, typer.Option("-j", "--max-parallel", metavar="N", help="At most N tasks at a time.")
    ] = None
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Print the plan, its verdicts and its order; start nothing.")
    ] = False
    fail_fast: Annotated[bool, typer.Option("-x", "--fail-fast", help="Start no more after the first failure.")] = False
    select: Annotated[
        str, typer.Option("-k", "--select", metavar="EXPR", help="Only tasks whose id or description matches.")
    ] = ""
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="Deadline of each task: 90s, 10m, 2h.")] = ""
    budget: Annotated[
        str, typer.Option("--budget", metavar="USD", help="What all tasks together may spend: 5usd, 0.50.")
    ] = ""
    budget_tokens: Annotated[
        str, typer.Option("--budget-tokens", metavar="N", help="The same in tokens, in and out: 500000, 500k, 2M.")
    ] = ""
    detach: Annotated[
        bool | None,
        typer.Option("--detach/--attach", help="Go on in the background; print the ids at once. Or stay with it."),
    ] = None

    def overrides(self, **more: Any) -> Overrides:
        """The flags as the engine takes them."""
        from forkjoin.engine import Overrides

        if self.max_parallel is not None and self.max_parallel < 1:
            raise PlanError(f"{self.max_parallel} is too few", where="-j", next_step="give 1 or more")
        return Overrides(
            max_parallel=self.max_parallel,
            fail_fast=self.fail_fast,
            select=self.select,
            timeout=duration(self.timeout, "--timeout") if self.timeout else None,
            budget=spendable(self.budget, self.budget_tokens),
            **more,
        )


def start(
    ready: Prepared,
    asked: Starting,
    *,
    settings: Settings,
    detach: bool = False,
    after: After = nothing_more,
    forgiving: bool = False,
) -> int:
    """Start what is ready, as the flags say; return the exit code.

    *after* is called with a run that has come to its end, with None where it was left or interrupted, and has an exit
    code of its own; *forgiving*: where it came to its end no finding counts for the exit code.
    """
    limit = severity(asked.fail_on or settings.fail_on or "")
    if asked.dry_run:
        from forkjoin.engine import refusal, with_estimates, with_others
        from forkjoin.interfaces.cli.verdicts import print_check

        home = Path(settings.home)
        ready = with_others(with_estimates(ready, home), home)
        return print_check(
            ready,
            as_json=asked.json or asked.jsonl,
            refusal=refusal(ready, prefix=settings.branch_prefix or "forkjoin"),
        )
    if detach:
        return _detached(_priced(ready, asked, settings), asked, settings)
    from forkjoin.engine import launch
    from forkjoin.interfaces.cli.attending import driven
    from forkjoin.interfaces.cli.live import show_for
    from forkjoin.interfaces.cli.signals import Signals

    if len(ready.plan.tasks) > 1 and not asked.quiet and not asked.jsonl:
        for note in ready.notes[-1:] if ready.recording else ready.notes:  # others are of the recording: see its report
            say(f"note: {note}")
    ready = _priced(ready, asked, settings)
    with Signals() as signals:
        run = launch(ready, settings=settings)
        _say_of_others(run, ready, asked)
        attended = driven(run, show_for(run, asked.form, attached=True), signals)
    over = not attended.left and not attended.interrupted
    return finished(run, attended, asked, fail_on="" if forgiving and over else limit, after=after)


def _priced(ready: Prepared, asked: Starting, settings: Settings) -> Prepared:
    """Say what it may cost before it starts, where it may; return it with what past runs say of that."""
    from forkjoin.engine import money, refusal, with_estimates

    if asked.quiet or money(ready) is None:
        return ready
    if (why := refusal(ready, prefix=settings.branch_prefix or "forkjoin")) is not None:
        raise why  # what does not start costs nothing
    ready = with_estimates(ready, Path(settings.home))
    if (found := money(ready)) is not None:
        say(money_line(found))
    return ready


def surrounding_agent(environ: Mapping[str, str]) -> str:
    """Return the agent this process runs inside, where neither stdin nor stdout is a terminal; else ""."""
    if on_terminal(sys.stdin) or on_terminal(sys.stdout) or on_terminal(sys.stderr):
        return ""
    return next((name for mark, name in _SURROUNDING.items() if environ.get(mark)), "")


def _say_of_others(run: Run, ready: Prepared, asked: Starting) -> None:
    """Say what the launch found out of other runs: what meets and does not wait, or that they could not be seen."""
    if not asked.quiet and not asked.jsonl:
        for note in run.planned.notes[len(ready.notes) :]:
            say(f"note: {note}")


def _detached(ready: Prepared, asked: Starting, settings: Settings) -> int:
    from forkjoin.engine import launch

    run = launch(ready, settings=settings, detached=True)
    _say_of_others(run, ready, asked)
    if asked.json or asked.jsonl:
        data_json(ids(run), indent=None if asked.jsonl else 2)
        return 0
    data(run.id)
    for task in run.tasks:
        data(f"{run.id}/{task}")
    failing = f" --fail-on {asked.fail_on}" if asked.fail_on else ""
    say(f"watch it: forkjoin watch{failing} {run.id}; wait for it: forkjoin wait {run.id}")
    return 0
