"""The order of findings: severity, agreement, confidence, place; total, so that two runs print the same."""

from __future__ import annotations

from collections.abc import Iterable

from forkjoin.model import SEVERITIES, Finding
from forkjoin.synthesis.twins import tool_of

_SURE = {"high": 0, "medium": 1, "low": 2}


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* worst first; of one severity those that more agents saw, then the surer, then by place."""
    return tuple(sorted(findings, key=_rank))


def agreement(finding: Finding) -> int:
    """Return how many different agents saw it; one analyser under several names is one."""
    return len({tool_of(source.agent) for source in finding.sources})


def _rank(finding: Finding) -> tuple[object, ...]:
    sure = min((_SURE[source.confidence] for source in finding.sources), default=len(_SURE))
    place = (finding.path, finding.line, finding.rule, finding.id)
    return (SEVERITIES.index(finding.severity), -agreement(finding), sure, *place)
