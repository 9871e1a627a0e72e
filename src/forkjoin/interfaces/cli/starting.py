"""What `run` and `review` share: their flags, the dry run, starting attached or detached, and the end."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import PlanError, UnknownId
from forkjoin.interfaces.cli.asking import Asked, latest
from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code
from forkjoin.interfaces.cli.talk import data, data_json, even_unread, on_terminal, say

if TYPE_CHECKING:
    from forkjoin.engine import Overrides, Prepared, Run, Settings
    from forkjoin.interfaces.cli.attending import Attended
    from forkjoin.interfaces.cli.live import Form
    from forkjoin.model import RunView, TaskView

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
class Starting(Asked):
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
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only the result.")] = False
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Plain lines, with what each task does.")] = False
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="Deadline of each task: 90s, 10m, 2h.")] = ""
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="SEVERITY", help="Exit 1 on a finding this bad: critical, high, medium, low, info."
        ),
    ] = ""
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print each event as a line of JSON, as it comes.")] = False
    detach: Annotated[
        bool | None,
        typer.Option("--detach/--attach", help="Go on in the background; print the ids at once. Or stay with it."),
    ] = None

    @property
    def form(self) -> Form:
        """How progress is shown."""
        if self.jsonl:
            return "jsonl"
        return "quiet" if self.quiet else "verbose" if self.verbose else "auto"

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
            **more,
        )


def start(ready: Prepared, asked: Starting, *, settings: Settings, detach: bool = False) -> int:
    """Start what is ready, as the flags say; return the exit code."""
    limit = severity(asked.fail_on or settings.fail_on or "")
    if asked.dry_run:
        from forkjoin.interfaces.cli.verdicts import print_check

        return print_check(ready, as_json=asked.json or asked.jsonl)
    if detach:
        return _detached(ready, asked, settings)
    from forkjoin.engine import launch
    from forkjoin.interfaces.cli.attending import driven
    from forkjoin.interfaces.cli.live import show_for
    from forkjoin.interfaces.cli.signals import Signals

    if len(ready.plan.tasks) > 1 and not asked.quiet and not asked.jsonl:
        for note in ready.notes:
            say(f"note: {note}")
    with Signals() as signals:
        run = launch(ready, settings=settings)
        attended = driven(run, show_for(run, asked.form, attached=True), signals)
    return finished(run, attended, asked, fail_on=limit)


def finished(run: Run, attended: Attended, asked: Starting, *, fail_on: str) -> int:
    """Print the end of a run that was attended, and return its exit code."""
    if attended.left:
        say(f"run {run.id} goes on in the background; watch it: forkjoin watch {run.id}")
        if asked.json:
            with even_unread():
                data_json(_ids(run))
        return 0
    code = ending_code(run, attended, fail_on=fail_on)
    with even_unread():
        if asked.json:
            data_json({**run.result_json(), "exit": WORDS[code]})
        elif not asked.jsonl:
            print_end(run, attended.view, quiet=asked.quiet)
    if attended.interrupted:
        say(f"stopped; what had completed is kept: forkjoin show {run.id}; run the rest again: forkjoin retry {run.id}")
    return code


def print_end(run: Run, view: RunView, *, quiet: bool = False) -> None:
    """Print the end of a run for people: the tasks, the summary, and the next commands."""
    from forkjoin.interfaces.cli.listing import command_lines, task_lines

    lines = task_lines(view)
    if len(lines) > _SHOWN:  # what did not complete is what there is to look at
        lines = [line for line, task in zip(lines, view.tasks, strict=True) if task.state != "completed"]
    for line in lines[:_SHOWN]:
        data(_cut(line, line_width()))
    if len(lines) > _SHOWN:
        data(f"      … {len(lines) - _SHOWN} more did not complete: forkjoin show {run.id}")
    if lines:
        data("")
    for line in run.summary_lines(width=line_width()):
        data(line)
    if not quiet:
        for line in command_lines("Next: ", list(_next(run, view)), line_width()):
            say(line)


def _next(run: Run, view: RunView) -> Iterator[str]:
    """Yield the commands that read this run, without its id where it is the latest here anyway."""
    of_run, of_task = ("", "") if _latest_here(run) else (f" {run.id}", f"{run.id}/")
    yield f"forkjoin report{of_run}"
    yield f"forkjoin show{of_run}"
    first = next((task for task in view.tasks if task.state != "completed"), view.tasks[0] if view.tasks else None)
    if first is None or (first.state == "completed" and first.task.agent_name == "static"):
        return  # what analysers found is in the report
    verb = "log" if first.state != "completed" else "diff" if first.changes.files else "output"
    yield f"forkjoin {verb} {of_task}{first.id}"


def _latest_here(run: Run) -> bool:
    """Whether a command typed in the current folder means this run when it names none."""
    try:
        return latest(Asked()).id == run.id
    except UnknownId:  # it was of another tree: -C, or the review of a path elsewhere
        return False


def ending_code(run: Run, attended: Attended, *, fail_on: str) -> int:
    """Return the exit code of a run that is over."""
    return exit_code(
        Ending(
            states=tuple(task.state for task in attended.view.tasks),
            interrupted=attended.interrupted,
            limited=limited(attended.view.tasks),
            findings=run.severity_count(fail_on) if fail_on else 0,
        )
    )


def limited(tasks: Sequence[TaskView]) -> bool:
    """Return whether a budget or the disk kept any of these tasks from being started."""
    return any(task.state == "skipped" and ("budget" in task.why or "disk" in task.why) for task in tasks)


def surrounding_agent(environ: Mapping[str, str]) -> str:
    """Return the agent this process runs inside, where neither stdin nor stdout is a terminal; else ""."""
    if on_terminal(sys.stdin) or on_terminal(sys.stdout) or on_terminal(sys.stderr):
        return ""
    return next((name for mark, name in _SURROUNDING.items() if environ.get(mark)), "")


def duration(text: str, where: str) -> float:
    """Return seconds; raise PlanError that names the flag."""
    from forkjoin.model import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise PlanError(str(error), where=where) from error


def severity(text: str) -> str:
    """Return a severity's word; raise PlanError that lists them."""
    from forkjoin.model import SEVERITIES

    if text and text not in SEVERITIES:
        raise PlanError(f"no severity {text!r}", where="--fail-on", next_step=f"known: {', '.join(SEVERITIES)}")
    return text


def line_width() -> int:
    """Return the width to print for: the terminal's, at most 120; 100 where there is none."""
    return min(120, shutil.get_terminal_size((100, 24)).columns)


def _detached(ready: Prepared, asked: Starting, settings: Settings) -> int:
    from forkjoin.engine import launch

    run = launch(ready, settings=settings, detached=True)
    if asked.json or asked.jsonl:
        data_json(_ids(run), indent=None if asked.jsonl else 2)
        return 0
    data(run.id)
    for task in run.tasks:
        data(f"{run.id}/{task}")
    failing = f" --fail-on {asked.fail_on}" if asked.fail_on else ""
    say(f"watch it: forkjoin watch{failing} {run.id}; wait for it: forkjoin wait {run.id}")
    return 0


def _ids(run: Run) -> dict[str, Any]:
    return {"forkjoin": 1, "run": run.id, "tasks": list(run.tasks), "detached": True}


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
