"""Numbers and places as people read them; the same in every rendering."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forkjoin.errors import listed
from forkjoin.model import Account, Finding, Known, Report, TaskSummary, spoken
from forkjoin.model.text import spelled
from forkjoin.synthesis.twins import tool_of

_PLURALS = {"is": "are", "has": "have", "analysis": "analyses", "witness": "witnesses"}
_COVERED = {
    "starting": "still running", "running": "still running", "queued": "still waiting",
    "stopped": "stopped", "needs_input": "needs input", "timed_out": "timed out", "lost": "lost",
}  # fmt: skip
_GONE, _TASKS = 5, 8
# How planning words what no analyser looks at.
_NO_ANALYSER = re.compile(r"(.*): no analyser for it was found(?: here)?")
_NOT_INSTALLED = re.compile(r"(.*) is not installed(?:: (.*))?")


def counted(number: int, noun: str) -> str:
    """Return `1 finding`, `3 findings`, `0 findings`."""
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def place(finding: Finding) -> str:
    """Return `path:line` as editors and terminals make it a link; "" where the finding has no path."""
    path = spelled(finding.path)
    return f"{path}:{finding.line}" if path and finding.line else path


def agents_of(finding: Finding) -> tuple[str, ...]:
    """Return who saw it, each once; one analyser under several names is one."""
    return tuple(dict.fromkeys(tool_of(source.agent) for source in finding.sources))


def seen_by(finding: Finding) -> tuple[str, ...]:
    """Return who saw it as people are told: what was read from prose alone says so."""
    forms = {source.form for source in finding.sources if source.form != "prose"}
    sure = {tool_of(source.agent) for source in finding.sources if source.form in forms}
    return tuple(agent if agent in sure else f"{agent} from prose" for agent in agents_of(finding))


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


def coverage_line(report: Report) -> str:
    """Return `4 of 6 tasks ok; failed: bandit; still running: docs`; `nothing` where there was no task."""
    coverage = report.coverage
    everything = len(coverage.ok) + len(coverage.failed) + len(coverage.missing)
    if not everything:
        return "nothing"
    states = {task.id: task.state for task in report.tasks}
    told: dict[str, list[str]] = {}
    for word, tasks in (("failed", coverage.failed), ("missing", coverage.missing)):
        for task in tasks:
            told.setdefault(_COVERED.get(states.get(task, ""), word), []).append(task)
    parts = [f"{len(coverage.ok)} of {counted(everything, 'task')} ok"]
    return "; ".join(parts + [f"{word}: {listed(tasks, _TASKS)}" for word, tasks in told.items()])


def narrowing_lines(report: Report) -> list[str]:
    """Return what the report leaves out, and why: on lines not changed, known before, or gone; [] where it is whole."""
    told = report.narrowing
    if told is None:
        return []
    lines = []
    if told.since:
        lines.append(f"Outside what was changed since {told.since}: {counted(told.outside, 'finding')}, not shown"
                     if told.outside else f"No finding lies outside what was changed since {told.since}")  # fmt: skip
    if told.baseline:
        lines.append(f"Known by {told.baseline}: {counted(told.known, 'finding')}, not shown")
    if told.gone:
        names = listed(told.gone, _GONE, say=_gone)
        lines.append(f"In the baseline, but gone: {names}; take them out: forkjoin review --prune-baseline")
    return lines


def _gone(known: Known) -> str:
    return " ".join(filter(None, (spelled(known.path), known.rule or known.title)))


def not_looked_at_lines(names: Sequence[str]) -> list[str]:
    """Return what nothing looked at, those of one reason in one line: `no analyser for: html (3 files), css (1 file)`.

    Nothing is left out.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for name in names:
        lacking, absent = _NO_ANALYSER.fullmatch(name), _NOT_INSTALLED.fullmatch(name)
        if lacking:
            groups.setdefault(("no analyser for: ", ""), []).append(lacking[1])
        elif absent:
            groups.setdefault(("not installed: ", f" ({absent[2]})" if absent[2] else ""), []).append(absent[1])
        else:
            groups.setdefault(("", name), [""])
    return [f"{head}{', '.join(members)}{tail}" for (head, tail), members in groups.items()]


def comparable(account: Account, *, tasks: int) -> bool:
    """Return whether the time one after another says anything: not of one task, nor of less than a second of work."""
    return tasks > 1 and account.sum_s >= 1


def _by_itself(count: int) -> str:
    return "1 file that runs by itself" if count == 1 else f"{count:,} files that run by themselves"


def task_line(task: TaskSummary) -> str:
    """Return how one task ended, without its name and reason: `completed, ruff, 3 findings, 2 files changed`."""
    parts = [task.state.replace("_", " "), task.agent]
    parts += [counted(task.findings, "finding")] if task.findings else []
    parts += [f"{counted(task.files, 'file')} changed"] if task.files else []
    parts += [f"{task.violations:,} outside what it may write"] if task.violations else []
    parts += [_by_itself(len(task.runs))] if task.runs else []
    parts += [spoken(task.seconds)] if task.seconds else []
    return ", ".join(filter(None, parts))
