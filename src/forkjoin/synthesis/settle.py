"""Where witnesses of one finding differ: a stated rule decides, and both sides are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forkjoin.model import SEVERITIES, Severity, Source
from forkjoin.model.text import one_line
from forkjoin.synthesis.twins import tool_of
from forkjoin.synthesis.witness import Witness

_SIDE_CHARS = 160


def severity_of(sources: Sequence[Source]) -> tuple[Severity, str]:
    """Return the severity that holds and, where the witnesses differ, a note with both sides and the rule.

    The rule: the highest severity of a witness who is at least fairly sure; where none is, the highest.
    """
    worst_first = sorted(sources, key=lambda source: SEVERITIES.index(source.severity))
    sure = [source for source in worst_first if source.confidence != "low"]
    holds = (sure or worst_first)[0].severity
    if len({source.severity for source in sources}) == 1:
        return holds, ""
    if holds == worst_first[0].severity:
        why = "the highest" if sure else "the highest, though all say so with low confidence"
    else:
        why = "the highest that is said with more than low confidence"
    return holds, f"Severity: {_who_says(sources)}; {holds} holds, {why}."


def side_notes(group: Sequence[Witness]) -> str:
    """Return a note with both sides where the advice contradicts itself, else ""."""
    sides: dict[str, list[str]] = {"change": [], "leave": []}
    for witness in sorted(group, key=lambda w: (w.agent, w.task, w.claimed.remedy)):
        side = _side(witness.claimed.remedy)
        if side:
            sides[side].append(f'{witness.agent}: "{one_line(witness.claimed.remedy, _SIDE_CHARS)}"')
    if not all(sides.values()):
        return ""
    change, leave = (", ".join(dict.fromkeys(said)) for said in sides.values())
    return f"Advice differs: to change it ({change}); to leave it ({leave}). Both are kept: decide before you act."


_NOT = r"(?:do\s+not|don't|don\u2019t|never|no\s+need\s+to|need\s+not|should\s+not)"
_ALTER = r"(?:remove|delete|drop|replace|rename|rewrite|refactor|inline|change|fix)"
_REST = r"(?:keep|retain|preserve|leave|ignore)"
_LEAVE = re.compile(
    rf"\b{_NOT}\s+{_ALTER}\b|^\W*(?:please\s+)?{_REST}\b|\b(?:false\s+positive|works\s+as\s+intended)\b"
)
_CHANGE = re.compile(rf"^\W*(?:please\s+)?{_ALTER}\b|\b{_NOT}\s+{_REST}\b")


def _side(remedy: str) -> str:
    """Return `change`, `leave`, or "" where the advice does not plainly say one of them."""
    said = one_line(remedy).lower()
    leave, change = _LEAVE.search(said), _CHANGE.search(said)
    if leave and change:
        return ""
    return "leave" if leave else "change" if change else ""


def _who_says(sources: Sequence[Source]) -> str:
    said: dict[str, Severity] = {}
    for source in sorted(sources, key=lambda s: (SEVERITIES.index(s.severity), s.agent, s.confidence)):
        sure = " (low confidence)" if source.confidence == "low" else ""
        said.setdefault(f"{tool_of(source.agent)} says {source.severity}{sure}", source.severity)
    return ", ".join(said)
