"""A landing for people: what was landed, what was left out and why, what to look at, and the next command."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from forkjoin.errors import listed
from forkjoin.interfaces.cli.codes import Ending, exit_code
from forkjoin.interfaces.cli.talk import data, say
from forkjoin.model import Landing, LeftOut
from forkjoin.model.text import clean, one_line, spelled

_LINES = 24  # of a file with both sides that are shown
_AROUND = 3  # of them before the first difference and behind the last
_NAMED = 20  # tasks without changes; --json names them all


def landing_code(made: Landing) -> int:
    """Return the exit code: 0 all landed or empty, 3 some left out, 4 none landed, 2 landed and not applied."""
    if made.refused:
        return 2
    done = len(made.landed) + len(made.before)
    states = ["completed"] * (done + (0 if made.left_out else len(made.empty)))
    return exit_code(Ending(states=(*states, *("failed" for _ in made.left_out))))


def print_landing(made: Landing, *, to: Callable[[str], None] = data) -> int:
    """Print what became of every task, and return the exit code."""
    for line in landing_lines(made):
        to(line)
    if made.refused:
        say(f"not applied: {made.refused}")
    say(f"Next: {made.next}")
    return landing_code(made)


def landing_lines(made: Landing) -> Iterator[str]:
    """Yield its lines: every task is in one of them."""
    yield from _landed(made)
    for name in made.before:
        yield f"was landed before: {name}"
    if made.empty:
        yield f"empty: {listed(made.empty, _NAMED)} changed nothing"
    for left in made.left_out:
        yield f"left out {left.task}: {one_line(left.reason)}"
        yield from _sides(left, made.resolving(left))
    if any(left.follow_up for left in made.left_out) and not made.dry_run:
        yield f"have them made again, by who made them: forkjoin land --resolve same {made.run}"
    for one in made.suspicions:
        yield f"look at this: {one_line(one.said)}"
    for note in made.notes:
        yield f"note: {one_line(note)}"
    yield from _gate(made)
    if made.branch and made.landed and len(made.refs) < 2:
        yield f"branch {made.branch}{' (nothing was changed: -n)' if made.dry_run else ''}"
    if made.applied:
        yield f"{made.applied} is at {made.commit[:9]} now"


def _landed(made: Landing) -> Iterator[str]:
    would = "would land" if made.dry_run else "landed"
    branches = {move.new: move.ref.removeprefix("refs/heads/") for move in made.refs} if len(made.refs) > 1 else {}
    for task in made.landed:
        several = f" ({task.commits} commits)" if task.commits > 1 else ""
        at = f"  {task.commit[:9]}{several}" if task.commit else ""
        own = f" on {branches[task.commit]}" if task.commit in branches else ""
        yield f"{would} {task.task}{own}{at}"


def _sides(left: LeftOut, follow: str) -> Iterator[str]:
    for file in left.files:
        beside = f", beside {', '.join(file.beside)}" if file.beside else ""
        yield f"  {spelled(file.path)} ({one_line(file.how)}{beside})"
        lines = _from_the_conflict(clean(file.text).split("\n")) if file.text else []
        yield from (f"    {line}".rstrip() for line in lines[:_LINES])
        if len(lines) > _LINES:
            yield f"    … {len(lines) - _LINES} more lines: --json has them"
    if follow:
        yield f"  a task that brings it in after all: {follow}"


def _from_the_conflict(lines: list[str]) -> list[str]:
    """Return the first place with both sides and a few lines around it, and what comes behind that."""
    first = next((n for n, line in enumerate(lines) if line.startswith("<<<<<<<")), 0)
    last = max((n for n, line in enumerate(lines) if line.startswith(">>>>>>>")), default=len(lines))
    return lines[max(0, first - _AROUND) : last + 1 + _AROUND]


def _gate(made: Landing) -> Iterator[str]:
    if not made.gate:
        return
    if made.dry_run:
        yield f"gate: {one_line(made.gate, 60)} (not run: -n)"
    elif made.gate_runs:
        runs, passed = len(made.gate_runs), sum(run.ok for run in made.gate_runs)
        yield f"gate: {one_line(made.gate, 60)}, {runs} run{'s' * (runs != 1)}, {passed} passed"
        yield from _printed(made)
    elif made.before and not made.landed:
        yield f"gate: {one_line(made.gate, 60)} (not run: there is nothing new to land)"


def _printed(made: Landing) -> Iterator[str]:
    """Yield where the output of a gate that failed is: of the run on the fewest tasks, which says most of why."""
    failed = min((run for run in reversed(made.gate_runs) if not run.ok), key=lambda run: len(run.tasks), default=None)
    if failed is not None and failed.output and any(Path(failed.output).glob("std*")):
        yield f"what it printed: cat {shlex.quote(failed.output)}/std*"
