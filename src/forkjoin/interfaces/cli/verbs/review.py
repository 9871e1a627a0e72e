"""`forkjoin review`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import complete_agent, complete_perspective
from forkjoin.interfaces.cli.following import After, nothing_more
from forkjoin.interfaces.cli.starting import Starting, start
from forkjoin.interfaces.cli.talk import say

if TYPE_CHECKING:
    from forkjoin.engine import Narrow, Run

EXAMPLES = (
    ("forkjoin review .", "this folder, every analyser that applies"),
    ("forkjoin review src/app.py", "one file"),
    ("forkjoin review -p security -p performance .", "two perspectives"),
    ("forkjoin review --since HEAD --fail-on high .", "what is not committed yet"),
    ("forkjoin review --write-baseline", "take what is there as known"),
    ("forkjoin review --baseline .forkjoin-baseline.json", "from then on only what is new"),
    ("forkjoin review --sarif-in scan.sarif .", "with what another tool has found"),
    ("forkjoin review --fail-on high .", "exit 1 on a finding that bad, for CI"),
    ("forkjoin review -n .", "which analysers would run"),
    ("forkjoin review -n -p security -a shell -t 'my-agent --print' .", "by an agent: the brief on its standard input"),
)
OPTIONAL = {"--write-baseline": ""}


@dataclass(frozen=True, kw_only=True)
class Ask(Starting):
    """Review a folder or a file with every offline analyser that is here and applies, side by side.

    One task an analyser, read-only: nothing writes into the tree, and the project's own configuration holds. Findings
    are merged (one seen by three analysers is one with three witnesses) and ranked, worst first; what nothing looked at
    is named. With --since or --baseline the report and --fail-on are about what is new; the rest is counted.

    With -a AGENT one task a perspective, done by that agent (without -p: security, performance, testing, architecture);
    perspectives of your own: forkjoin agents --help.
    """

    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or a file; default: the current folder.")] = ""
    perspectives: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--perspective",
            metavar="NAME",
            help="Only this perspective: security, performance, testing, architecture, ...; repeat, or join by commas.",
            autocompletion=complete_perspective,
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="REF",
            help="Only findings on lines changed since the merge base with REF, uncommitted and untracked ones too.",
        ),
    ] = None
    baseline: Annotated[
        str,
        typer.Option("--baseline", metavar="FILE", help="Only findings that are not in this file of known ones."),
    ] = ""
    write_baseline: Annotated[
        str | None,
        typer.Option(
            "--write-baseline",
            metavar="[FILE]",
            help="Write all findings into FILE as known (default: that of --baseline, else .forkjoin-baseline.json).",
        ),
    ] = None
    prune_baseline: Annotated[
        bool, typer.Option("--prune-baseline", help="Take out of the baseline what no longer occurs.")
    ] = False
    sarif: Annotated[
        list[str] | None,
        typer.Option("--sarif-in", metavar="FILE", help="Take in what another tool has found, as SARIF 2.1.0; repeat."),
    ] = None
    agent: Annotated[
        str | None,
        typer.Option(
            "-a",
            "--agent",
            metavar="AGENT",
            help="Who looks, instead of the analysers.",
            autocompletion=complete_agent,
        ),
    ] = None
    line: Annotated[
        str,
        typer.Option("-t", "--task", metavar="LINE", help="With -a shell or command: what to run each time."),
    ] = ""


def act(ask: Ask) -> int:
    """Review it."""
    from forkjoin.engine import Looking, look_prepared, review_prepared

    settings = ask.settings
    path = ask.tree / ask.path if ask.path else ask.tree
    if not path.exists():
        raise PlanError("there is no such file or folder", where=ask.path, next_step="name one, or . for this folder")
    wanted = tuple(name.strip() for given in ask.perspectives or () for name in given.split(",") if name.strip())
    narrow, written = _narrow(ask), _to_write(ask)
    flags = ask.overrides(agent=ask.agent)
    if ask.agent:
        asked = Looking(perspectives=wanted, line=ask.line, narrow=narrow)
        ready = look_prepared(path, asked, settings=settings, overrides=flags, here=ask.tree)
    elif ask.line:
        raise PlanError("the analysers take no line", where="-t", next_step="say who runs it: -a shell")
    else:
        ready = review_prepared(
            path, perspectives=wanted, settings=settings, overrides=flags, here=ask.tree, narrow=narrow
        )
    after = _after(ask, written)
    code = start(ready, ask, settings=settings, detach=bool(ask.detach), after=after, forgiving=written is not None)
    if not (ask.agent or ask.quiet or ask.json or ask.jsonl or ask.dry_run or ask.detach):
        say(agents_line())
    return code


def _narrow(ask: Ask) -> Narrow:
    """Return what of the findings counts; raise PlanError for flags that do not go together."""
    from forkjoin.engine import Narrow

    if ask.prune_baseline and not ask.baseline:
        raise PlanError("there is no baseline to prune", where="--prune-baseline", next_step="add --baseline FILE")
    if ask.prune_baseline and ask.write_baseline is not None:
        raise PlanError("one of them is enough", where="--prune-baseline --write-baseline",
                        next_step="--write-baseline also leaves out what no longer occurs")  # fmt: skip
    if ask.detach and (ask.prune_baseline or ask.write_baseline is not None):
        raise PlanError("a baseline is written at the end, and nobody waits for it", where="--detach",
                        next_step="leave it out")  # fmt: skip
    return Narrow(
        since=ask.since,
        baseline=ask.tree / ask.baseline if ask.baseline else None,
        sarif=tuple(ask.tree / file for file in ask.sarif or ()),
    )


def _to_write(ask: Ask) -> Path | None:
    """Return the baseline that is to be written, None for none; raise PlanError where that cannot be."""
    from forkjoin.engine import DEFAULT_BASELINE, may_be_written

    if ask.write_baseline is None:
        return None
    file = ask.tree / (ask.write_baseline or ask.baseline or DEFAULT_BASELINE)
    may_be_written(file)
    return file


def _after(ask: Ask, written: Path | None) -> After:
    """Return what is to be done with a run that has ended."""
    if written is None and not ask.prune_baseline:
        return nothing_more

    def after(run: Run | None) -> int:
        if run is None:
            say("no baseline was written, for the review did not come to its end")
        elif written is not None:
            _write(run, written)
        else:
            _prune(run)
        return 0

    return after


def _write(run: Run, file: Path) -> None:
    from forkjoin.engine import write_baseline

    done = write_baseline(run, file)
    say(f"wrote the baseline {file}: {_many(done.entries)}, {done.added:,} of them added, {done.removed:,} removed")
    failed = run.report().coverage.failed
    if failed:
        say(f"it has nothing new of what did not come through: {', '.join(failed)}")


def _prune(run: Run) -> None:
    from forkjoin.engine import prune_baseline

    baseline = run.planned.scope.baseline
    if baseline is not None:
        done = prune_baseline(run, baseline)
        say(f"pruned the baseline {baseline.file}: {done.removed:,} removed, {_many(done.entries)} left")


def _many(entries: int) -> str:
    return f"{entries:,} {'finding' if entries == 1 else 'findings'}"


def agents_line() -> str:
    """Return what to say of the coding agents found here: the analysers need none, and one may look too."""
    from forkjoin.engine import found_agents, is_agent

    here = [found.name for found in found_agents()]
    driven = [name for name in here if is_agent(name)]
    if not here:
        return "no coding agent was found on this machine; analysers need none"
    how = (
        f"let one look: forkjoin review -a {driven[0]}" if driven else "as a command: forkjoin review -a shell -t LINE"
    )
    return f"coding agents found on this machine: {', '.join(here)}; {how}"
