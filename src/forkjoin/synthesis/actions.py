"""What to do next, worst first: findings of one kind make one action, and each action cites its findings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from forkjoin.errors import listed
from forkjoin.model import SEVERITIES, Action, Finding, Group
from forkjoin.model.text import one_line
from forkjoin.synthesis.rank import agreement
from forkjoin.synthesis.similar import words_of
from forkjoin.synthesis.twins import is_code, kind_of
from forkjoin.synthesis.words import counted, place

_MOST = 7
_BLIND = "Not looked at by "  # so begins what an analyser says of a file that it could not read
_PLACES = 3
_TITLE_CHARS, _REMEDY_CHARS = 70, 160
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s")


def groups(findings: Sequence[Finding]) -> tuple[Group, ...]:
    """Return the findings by kind, each with one action; *findings* are ranked.

    The worst kind comes first, then the one that more agents saw, then the more frequent.
    """
    by_kind: dict[str, list[Finding]] = {}
    for finding in findings:
        by_kind.setdefault(_kind(finding), []).append(finding)
    return tuple(_group(kind, group) for kind, group in sorted(by_kind.items(), key=lambda item: _urgency(item[1])))


def actions(found: Sequence[Group]) -> tuple[Action, ...]:
    """Return at most seven actions that together cite every finding."""
    if len(found) <= _MOST:
        return tuple(_action(group) for group in found)
    first, rest = found[: _MOST - 1], found[_MOST - 1 :]
    return (*(_action(group) for group in first), _remainder(rest))


def _action(group: Group) -> Action:
    return Action(severity=group.severity, text=group.action, findings=group.findings)


def _urgency(group: Sequence[Finding]) -> tuple[object, ...]:
    worst = group[0]  # the findings came ranked
    of_worst = sum(finding.severity == worst.severity for finding in group)
    return SEVERITIES.index(worst.severity), -agreement(worst), -of_worst, worst.path, worst.line, worst.id


def _kind(finding: Finding) -> str:
    known = [kind for source in finding.sources if (kind := kind_of(source.agent, source.rule))]
    if known:
        return min(known)
    if is_code(finding.rule):
        return finding.rule
    # An agent that gives each finding its own wording still groups what it calls by one rule.
    return finding.rule.lower() or " ".join(sorted(words_of(finding.title)))


def _group(kind: str, group: Sequence[Finding]) -> Group:
    worst, where = group[0], _places(group)
    remedy = _remedy(group)
    said = _what(group) if worst.title.startswith(_BLIND) else f"{_verb(group)} {_what(group)}"
    text = _ended(f"{said[:1].upper()}{said[1:]}{f': {where}' if where else ''}")
    if remedy:
        text += f" {_ended(remedy[:1].upper() + remedy[1:])}"
    return Group(kind=kind, severity=worst.severity, action=text, findings=tuple(finding.id for finding in group))


def _verb(group: Sequence[Finding]) -> str:
    """Return what to do with them: `Fix`, or what settled advice comes to where each of them is disputed."""
    settled = {dispute.holds for f in group for dispute in f.disputes if dispute.about == "advice"}
    disputed = sum(any(dispute.about == "advice" for dispute in finding.disputes) for finding in group)
    if disputed < len(group) or settled & {"to change it"}:
        return "Fix"
    return "Decide about" if "" in settled else "Leave, unless you know better,"


def _remedy(group: Sequence[Finding]) -> str:
    """Return what most of a group are advised, "" where each is advised something of its own."""
    remedies = Counter(one_line(finding.remedy, _REMEDY_CHARS) for finding in group if finding.remedy)
    most, often = max(remedies.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return most if often * 2 > sum(remedies.values()) else ""


def _what(group: Sequence[Finding]) -> str:
    """Return `S602 Call with shell=True`, `3 × S602 Call with shell=True`, or with "such as" where titles differ."""
    worst = group[0]
    rule = f"{worst.rule} " if is_code(worst.rule) or (worst.rule and len(group) > 1) else ""
    title = _SENTENCE_END.split(worst.title, maxsplit=1)[0].rstrip(". ")
    title = one_line(title, _TITLE_CHARS)
    if len(group) == 1:
        return f"{rule}{title}" if rule or not title[1:2].islower() else title[:1].lower() + title[1:]
    alike = all(finding.title == worst.title for finding in group)
    return f"{len(group)} × {rule}{title}" if alike else f"{len(group)} × {rule}such as “{title}”"


def _places(group: Sequence[Finding]) -> str:
    places = list(dict.fromkeys(place(finding) for finding in group if finding.path))
    return listed(places, _PLACES)


def _remainder(rest: Sequence[Group]) -> Action:
    findings = tuple(id_ for group in rest for id_ in group.findings)
    worst = min((group.severity for group in rest), key=SEVERITIES.index)
    text = f"Then look through the other {counted(len(findings), 'finding')} of {counted(len(rest), 'kind')}"
    return Action(severity=worst, text=f"{text}, {worst} at worst.", findings=findings)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
