"""All results, one report: extract, merge, settle, rank; coverage is always there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from forkjoin.errors import NothingToJoin
from forkjoin.model import SEVERITIES, Account, Coverage, Finding, Report, RunView, Severity, TaskSummary
from forkjoin.model.text import clean, one_line
from forkjoin.synthesis.actions import actions, groups
from forkjoin.synthesis.extract import guessed, witnesses
from forkjoin.synthesis.merge import merged
from forkjoin.synthesis.overlaps import clashes, overlaps
from forkjoin.synthesis.rank import ranked
from forkjoin.synthesis.witness import TaskResult, Witness
from forkjoin.synthesis.words import counted

_NEVER_RAN = frozenset(("queued", "limited", "starting", "running", "blocked", "skipped"))
_LINE_CHARS = 500


def report(
    view: RunView,
    results: Sequence[TaskResult],
    *,
    account: Account | None = None,
    not_looked_at: Sequence[str] = (),
) -> Report:
    """Join the *results* of a run, in the order asked; also of one that still runs, whose missing tasks are named.

    No results are an empty report only where *not_looked_at* or the run's notes say why; else NothingToJoin is raised.
    """
    if not results and not not_looked_at and not view.notes:
        run = one_line(view.run, _LINE_CHARS)
        raise NothingToJoin(f"run {run} has no results to join; look at what it was asked with: forkjoin show {run}")
    read = [_read(result, view.tree) for result in results]
    findings = ranked(merged([witness for one in read for witness in one.witnesses]))
    kinds, found = groups(findings), clashes(view, findings)
    return Report(
        run=view.run,
        name=one_line(view.name, _LINE_CHARS),
        goal=clean(view.goal).strip(),
        coverage=_coverage(read, not_looked_at),
        counts=counts_of(findings),
        findings=findings,
        actions=actions(kinds),
        tasks=tuple(one.summary for one in read),
        account=account,
        notes=tuple(one_line(note, _LINE_CHARS) for note in (*view.notes, *filter(None, map(_guess_note, read)))),
        overlaps=overlaps(found, view.tasks),
        groups=kinds,
        clashes=found,
    )


def worst(report: Report) -> Severity | None:
    """Return the highest severity in it, None where there is no finding."""
    return report.counts[0][0] if report.counts else None


def at_or_above(report: Report, severity: str) -> int:
    """Return how many findings are *severity* or worse; raise ValueError where there is no such severity."""
    if severity not in SEVERITIES:
        raise ValueError(f"no severity {severity!r}; known: {', '.join(SEVERITIES)}")
    counting = SEVERITIES[: SEVERITIES.index(severity) + 1]
    return sum(count for of, count in report.counts if of in counting)


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """One result with its claims, and how it counts."""

    summary: TaskSummary
    witnesses: tuple[Witness, ...]


def limited(report: Report, most: int | None) -> Report:
    """Return *report* with its first *most* findings (None: all); how many are left out stands in it."""
    if most is None or len(report.findings) <= most:
        return report
    kept = report.findings[: max(0, most)]
    return replace(report, findings=kept, left_out=report.left_out + len(report.findings) - len(kept))


def _read(result: TaskResult, tree: str) -> _Read:
    state, reason = result.state, result.reason
    said: tuple[Witness, ...] = ()
    try:
        said = _witnesses(result)
    except ValueError as error:
        # It is no "no findings": what was said cannot be read. A task that had failed keeps its own reason.
        said = guessed(result)
        if state == "completed":
            state, reason = "failed", f"parse: its findings cannot be read: {error}"
    said = tuple(_in_tree(witness, tree) for witness in said)
    summary = TaskSummary(
        id=result.task.id,
        description=one_line(result.task.description, _LINE_CHARS),
        agent=one_line(result.agent),
        state=state,
        reason=one_line(reason, _LINE_CHARS),
        answer=clean(result.answer).strip(),
        answer_cut=result.answer_cut,
        findings=len(said),
        finds=result.task.output == "findings" or bool(said),
        files=result.files,
        violations=result.violations,
        runs=result.runs,
        seconds=result.seconds,
    )
    return _Read(summary=summary, witnesses=said)


def _in_tree(witness: Witness, tree: str) -> Witness:
    """Return a claim whose path is relative to the tree where it lies in it: some name their files from the root."""
    head = f"{tree.rstrip('/')}/"
    if not witness.claimed.path.startswith(head):
        return witness
    return replace(witness, claimed=replace(witness.claimed, path=witness.claimed.path.removeprefix(head)))


def _witnesses(result: TaskResult) -> tuple[Witness, ...]:
    """Return the claims of a result; raise ValueError where it owes findings and they cannot be read."""
    if result.state in _NEVER_RAN or isinstance(result.task.output, dict):
        return ()
    if not result.value and result.task.output != "findings":
        return ()
    return witnesses(result)


def _guess_note(read: _Read) -> str:
    guesses = sum(witness.form == "prose" for witness in read.witnesses)
    if not guesses:
        return ""
    return f"{read.summary.id}: {counted(guesses, 'finding')} read from prose, a guess: held with low confidence"


def _coverage(read: Sequence[_Read], not_looked_at: Sequence[str]) -> Coverage:
    summaries = [one.summary for one in read]
    missing = tuple(s.id for s in summaries if s.state in _NEVER_RAN)
    ok = tuple(s.id for s in summaries if s.state == "completed")
    told = {*ok, *missing}
    return Coverage(
        ok=ok,
        failed=tuple(s.id for s in summaries if s.id not in told),
        missing=missing,
        not_looked_at=tuple(one_line(name, _LINE_CHARS) for name in not_looked_at),
    )


def counts_of(findings: Sequence[Finding]) -> tuple[tuple[Severity, int], ...]:
    """Return the severities that occur, worst first."""
    of = Counter(finding.severity for finding in findings)
    return tuple((severity, of[severity]) for severity in SEVERITIES if of[severity])
