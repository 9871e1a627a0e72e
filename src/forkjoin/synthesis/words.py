"""Numbers and places as people read them; the same in every rendering."""

from __future__ import annotations

from collections.abc import Sequence

from forkjoin.model import Coverage, Finding, Report, TaskSummary, spoken
from forkjoin.synthesis.twins import tool_of

_PLURALS = {"is": "are", "has": "have", "analysis": "analyses"}


def counted(number: int, noun: str) -> str:
    """Return `1 finding`, `3 findings`, `0 findings`."""
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def place(finding: Finding) -> str:
    """Return `path:line` as editors and terminals make it a link; "" where the finding has no path."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return `a, b, c and 4 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def agents_of(finding: Finding) -> tuple[str, ...]:
    """Return who saw it, each once; one analyser under several names is one."""
    return tuple(dict.fromkeys(tool_of(source.agent) for source in finding.sources))


def total(report: Report) -> int:
    """Return how many findings there are."""
    return sum(count for _, count in report.counts)


def counts_line(report: Report) -> str:
    """Return `5 findings: 1 high, 4 low`; none is never said without how much was looked at."""
    found = total(report)
    if found:
        by_severity = ", ".join(f"{count:,} {severity}" for severity, count in report.counts)
        return f"{counted(found, 'finding')}: {by_severity}"
    if not report.tasks:
        return "Nothing to look at"
    looked = [task.id for task in report.tasks if task.finds]
    if not looked:
        return "No task was asked for findings"
    ok = sum(task in report.coverage.ok for task in looked)
    if not ok:
        return f"No findings, and none could be: none of {counted(len(looked), 'task')} completed"
    return f"0 findings from {ok} of {counted(len(looked), 'task')}" + (
        "" if ok == len(looked) else "; the rest said nothing"
    )


def coverage_line(coverage: Coverage) -> str:
    """Return `4 of 6 tasks ok; failed: bandit; missing: docs`; `nothing` where there was no task."""
    everything = len(coverage.ok) + len(coverage.failed) + len(coverage.missing)
    if not everything:
        return "nothing"
    parts = [f"{len(coverage.ok)} of {counted(everything, 'task')} ok"]
    parts += [f"failed: {listed(coverage.failed)}"] if coverage.failed else []
    parts += [f"missing: {listed(coverage.missing)}"] if coverage.missing else []
    return "; ".join(parts)


def task_line(task: TaskSummary) -> str:
    """Return how one task ended, without its name and reason: `completed, ruff, 3 findings, 2 files changed`."""
    parts = [task.state.replace("_", " "), task.agent]
    parts += [counted(task.findings, "finding")] if task.findings else []
    parts += [f"{counted(task.files, 'file')} changed"] if task.files else []
    parts += [f"{task.violations:,} outside its declared writes"] if task.violations else []
    parts += [spoken(task.seconds)] if task.seconds else []
    return ", ".join(filter(None, parts))
