"""Where witnesses of one finding differ: a stated rule decides, and both sides are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forkjoin.model import SEVERITIES, Dispute, Severity, Side, Source
from forkjoin.model.text import one_line
from forkjoin.synthesis.twins import tool_of

_SIDE_CHARS = 160
_SURE = {"high": 0, "medium": 1, "low": 2}
_ADVICE = ("to change it", "to leave it")


def severity_of(sources: Sequence[Source]) -> tuple[Severity, str]:
    """Return the severity that holds and, where the witnesses differ, a note with both sides and the rule.

    The rule: the highest severity of a witness who is at least fairly sure; where none is, the highest.
    """
    holds, rule = _severity(sources)
    return holds, f"Severity: {_who_says(sources)}; {holds} holds, {rule}." if rule else ""


def severity_dispute(sources: Sequence[Source]) -> Dispute | None:
    """Return the sides of differing severities, worst first; None where all say the same."""
    holds, rule = _severity(sources)
    if not rule:
        return None
    voices = {says: {_voice(source) for source in sources if source.severity == says} for says in SEVERITIES}
    sides = tuple(Side(says=says, agents=tuple(sorted(agents))) for says, agents in voices.items() if agents)
    return Dispute(about="severity", sides=sides, holds=holds, rule=rule)


def advice_dispute(sources: Sequence[Source]) -> Dispute | None:
    """Return both sides where some advise to change what others advise to leave, else None.

    The rule: the side of more agents; of as many, the surer; where neither is, none holds and somebody must decide.
    """
    taken: dict[str, list[Source]] = {says: [] for says in _ADVICE}
    for source in sorted(sources, key=lambda s: (s.agent, s.task, s.remedy)):
        says = advised(source)
        if says:
            taken[says].append(source)
    if not all(taken.values()):
        return None
    holds, rule = _stronger(taken)
    return Dispute(
        about="advice", sides=tuple(_side(says, members) for says, members in taken.items()), holds=holds, rule=rule
    )


def advised(source: Source) -> str:
    """Return `to change it`, `to leave it`, or "" where the remedy does not plainly say one of them."""
    said = one_line(source.remedy).lower()
    leave, change = _LEAVE.search(said), _CHANGE.search(said)
    if bool(leave) == bool(change):
        return ""
    return _ADVICE[1] if leave else _ADVICE[0]


def advice_note(dispute: Dispute | None) -> str:
    """Return both sides of contradicting advice in words, and what holds; "" without a dispute."""
    if dispute is None:
        return ""
    sides = "; ".join(f"{side.says} ({', '.join(side.words)})" for side in dispute.sides)
    return f"Advice differs: {sides}. {_ended(dispute)}"


def _severity(sources: Sequence[Source]) -> tuple[Severity, str]:
    """Return the severity that holds, and the rule that decided, "" where nothing had to be decided."""
    worst_first = sorted(sources, key=lambda source: SEVERITIES.index(source.severity))
    sure = [source for source in worst_first if source.confidence != "low"]
    holds = (sure or worst_first)[0].severity
    if len({source.severity for source in sources}) == 1:
        return holds, ""
    if holds == worst_first[0].severity:
        return holds, "the highest" if sure else "the highest, though all say so with low confidence"
    return holds, "the highest that is said with more than low confidence"


def _stronger(taken: dict[str, list[Source]]) -> tuple[str, str]:
    """Return the side that holds ("" for none), and the rule that decided."""
    heads = {says: len({tool_of(source.agent) for source in members}) for says, members in taken.items()}
    surest = {says: min(_SURE[source.confidence] for source in members) for says, members in taken.items()}
    change, leave = _ADVICE
    if heads[change] != heads[leave]:
        return max(heads, key=heads.__getitem__), "more agents say so"
    if surest[change] != surest[leave]:
        return min(surest, key=surest.__getitem__), "those who say so are surer"
    return "", "as many say each, and as surely"


def _side(says: str, members: Sequence[Source]) -> Side:
    words = [f'{source.agent}: "{one_line(source.remedy, _SIDE_CHARS)}"' for source in members]
    agents = dict.fromkeys(tool_of(source.agent) for source in members)
    return Side(says=says, agents=tuple(agents), words=tuple(dict.fromkeys(words)))


def _ended(dispute: Dispute) -> str:
    if not dispute.holds:
        return f"Neither holds, for {dispute.rule}: decide before you act."
    return f"{dispute.holds[:1].upper()}{dispute.holds[1:]} holds, for {dispute.rule}; both are kept."


_NOT = r"(?:do\s+not|don't|don\u2019t|never|no\s+need\s+to|need\s+not|should\s+not)"
_ALTER = r"(?:remove|delete|drop|replace|rename|rewrite|refactor|inline|change|fix)"
_REST = r"(?:keep|retain|preserve|leave|ignore)"
_LEAVE = re.compile(
    rf"\b{_NOT}\s+{_ALTER}\b|^\W*(?:please\s+)?{_REST}\b|\b(?:false\s+positive|works\s+as\s+intended)\b"
)
_CHANGE = re.compile(rf"^\W*(?:please\s+)?{_ALTER}\b|\b{_NOT}\s+{_REST}\b")


def _who_says(sources: Sequence[Source]) -> str:
    said: dict[str, Severity] = {}
    for source in sorted(sources, key=lambda s: (SEVERITIES.index(s.severity), s.agent, s.confidence)):
        sure = " (low confidence)" if source.confidence == "low" else ""
        said.setdefault(f"{tool_of(source.agent)} says {source.severity}{sure}", source.severity)
    return ", ".join(said)


def _voice(source: Source) -> str:
    return f"{tool_of(source.agent)}{' (low confidence)' if source.confidence == 'low' else ''}"
