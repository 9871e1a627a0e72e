"""What of a report counts: findings on changed lines, and those that were not known before. The rest is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from forkjoin.model import Baseline, ChangedFile, Finding, Known, Narrowing, Report, Scope, TaskId
from forkjoin.synthesis.actions import actions, groups
from forkjoin.synthesis.extract import told_path
from forkjoin.synthesis.fingerprint import fingerprints
from forkjoin.synthesis.join import counts_of
from forkjoin.synthesis.twins import WHOLE_FILE, about_the_file, kind_of

_TITLE_CHARS = 100


def identified(report: Report, lines: Mapping[tuple[str, int], str], *, prefix: str = "") -> Report:
    """Return *report* whose findings carry their fingerprints; *lines* is what stands at (path, line)."""
    known = fingerprints(report.findings, lines, prefix=prefix)
    return replace(report, findings=tuple(replace(f, fingerprint=known[f.id]) for f in report.findings))


def narrowed(
    report: Report, scope: Scope, lines: Mapping[tuple[str, int], str], looked_at: Mapping[TaskId, Sequence[str]]
) -> Report:
    """Return *report* (identified) with only what *scope* asks for; what is left out is counted in its `narrowing`.

    *looked_at* says what part of the tree each task of the run looked at, as paths and globs.
    """
    if scope.since is None and scope.baseline is None:
        return report
    kept: Sequence[Finding] = report.findings
    told = Narrowing()
    if scope.since is not None:
        changed = {told_path(file.path): file for file in scope.since.files}
        kept = [finding for finding in kept if on_changed_lines(finding, changed)]
        outside = len(report.findings) - len(kept)
        told = replace(told, since=scope.since.ref, base=scope.since.base, outside=outside)
    if scope.baseline is not None:
        known = _known(report.findings, scope, scope.baseline, lines)
        fresh = [finding for finding in kept if finding.id not in known]
        gone = _gone(scope.baseline, set(known.values()), _Judged(report, scope.prefix, looked_at))
        told = replace(told, baseline=scope.baseline.file, known=len(kept) - len(fresh), gone=gone)
        kept = fresh
    kinds, there = groups(kept), {finding.id for finding in kept}
    clashes = tuple(
        replace(clash, findings=tuple(id_ for id_ in clash.findings if id_ in there)) for clash in report.clashes
    )
    return replace(
        report, findings=tuple(kept), counts=counts_of(kept), groups=kinds, actions=actions(kinds), clashes=clashes,
        narrowing=told,
    )  # fmt: skip


def on_changed_lines(finding: Finding, changed: Mapping[str, ChangedFile]) -> bool:
    """Whether a finding lies on a changed line, by any witness; one about a whole file does where the file is new.

    A file that cannot be read counts where it was changed at all. A finding without a file cannot be told, and counts.
    """
    if not finding.path:
        return True
    file = changed.get(finding.path)
    if file is None or file.new:
        return file is not None
    if any(kind_of(source.agent, source.rule) in WHOLE_FILE for source in finding.sources):
        return True
    if about_the_file(finding):
        return False
    places = [(finding.line, finding.end_line), *((source.line, source.end_line) for source in finding.sources)]
    spans = {(line, max(line, end)) for line, end in places if line}
    return any(first <= end and start <= last for first, last in spans for start, end in file.lines)


def baseline_entries(
    report: Report, old: Baseline, prefix: str, looked_at: Mapping[TaskId, Sequence[str]]
) -> tuple[Known, ...]:
    """Return what a baseline of *report* (identified, whole) holds: its findings, and what of *old* it cannot judge."""
    judged = _Judged(report, prefix, looked_at)
    kept = [known for known in _renamed(old) if not judged(known)]
    made = {known.fingerprint: known for known in (*kept, *(_entry(finding, prefix) for finding in report.findings))}
    return tuple(sorted(made.values(), key=_order))


def pruned(old: Baseline, gone: Iterable[Known]) -> tuple[Known, ...]:
    """Return the entries of *old* without those that are gone."""
    left = {known.fingerprint for known in old.known} - {known.fingerprint for known in gone}
    return tuple(sorted((known for known in old.known if known.fingerprint in left), key=_order))


def _entry(finding: Finding, prefix: str) -> Known:
    path = prefix + finding.path if finding.path and not finding.path.startswith("/") else finding.path
    agents = tuple(sorted({str(source.task) for source in finding.sources}))
    title = finding.title if len(finding.title) <= _TITLE_CHARS else finding.title[: _TITLE_CHARS - 1] + "…"
    return Known(fingerprint=finding.fingerprint, path=path, rule=finding.rule, title=title, agents=agents)


def _order(known: Known) -> tuple[str, ...]:
    return known.path, known.rule, known.title, known.fingerprint


def _known(
    findings: Sequence[Finding], scope: Scope, baseline: Baseline, lines: Mapping[tuple[str, int], str]
) -> dict[str, str]:
    """Return id and fingerprint of the findings that the baseline knows, be it by the earlier name of their file."""
    there = {known.fingerprint for known in baseline.known}
    found = {f.id: f.fingerprint for f in findings if f.fingerprint in there or (f.path and f.path == baseline.own)}
    if baseline.renames:
        earlier = fingerprints(findings, lines, prefix=scope.prefix, names=dict(baseline.renames))
        found |= {id_: known for id_, known in earlier.items() if id_ not in found and known in there}
    return found


def _renamed(old: Baseline) -> Iterable[Known]:
    """Return the entries of a baseline under the names that their files have now."""
    now = {was: path for path, was in old.renames}
    return (replace(known, path=now.get(known.path, known.path)) for known in old.known)


class _Judged:
    """Whether a run would have found an entry again: all who saw it looked at its file, and came through."""

    def __init__(self, report: Report, prefix: str, looked_at: Mapping[TaskId, Sequence[str]]) -> None:
        self._ok = {str(task) for task in report.coverage.ok}
        self._parts = {str(task): [prefix + part for part in parts] for task, parts in looked_at.items()}
        self._prefix = prefix

    def __call__(self, known: Known) -> bool:
        return bool(known.agents) and all(agent in self._ok and self._saw(agent, known.path) for agent in known.agents)

    def _saw(self, agent: str, path: str) -> bool:
        if not path:
            return True
        whole = (f"{self._prefix}**", f"{self._prefix}**/*", f"{self._prefix}.")
        return any(
            (part in whole and path.startswith(self._prefix)) or path == part or path.startswith(f"{part.rstrip('/')}/")
            for part in self._parts.get(agent, ())
        )


def _gone(baseline: Baseline, met: set[str], judged: _Judged) -> tuple[Known, ...]:
    return tuple(known for known in baseline.known if known.fingerprint not in met and judged(known))
