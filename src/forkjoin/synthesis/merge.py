"""Many claims, one finding: the same thing said by several witnesses is joined, and nothing that was said is lost.

Which claims are one finding is decided in grouping.py; here they are made one, by the claims alone, in one order of
their own: the order they come in changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from forkjoin.model import SEVERITIES, Dispute, Finding, Source
from forkjoin.synthesis.grouping import grouped, order
from forkjoin.synthesis.settle import advice_dispute, advice_note, advised, severity_dispute, severity_of
from forkjoin.synthesis.similar import names_of, words_of
from forkjoin.synthesis.twins import NAMED, WHOLE_FILE, kind_of
from forkjoin.synthesis.witness import Witness

_SURE = {"high": 0, "medium": 1, "low": 2}


def merged(witnesses: Sequence[Witness]) -> tuple[Finding, ...]:
    """Return one finding for each thing that was claimed, with all its witnesses, by path and line.

    Every witness is in the `sources` of exactly one finding (a claim repeated word for word counts once). The order of
    *witnesses* changes nothing; giving them twice changes nothing.
    """
    groups = [sorted(group, key=_lead_order) for group in grouped(witnesses)]
    groups.sort(key=lambda group: order(group[0]))
    ids = _ids([_identity(group[0]) for group in groups])
    return tuple(_finding(id_, group) for id_, group in zip(ids, groups, strict=True))


def _finding(id_: str, group: Sequence[Witness]) -> Finding:
    """Join the claims of one finding; *group* has its best claim first, whose words lead."""
    lead = group[0].claimed
    sources = tuple(_source(witness) for witness in sorted(group, key=_source_order))
    severity, settled = severity_of(sources)
    dispute, advice = severity_dispute(sources), advice_dispute(sources)
    if kind_of(group[0].agent, lead.rule) in WHOLE_FILE:
        settled, dispute = "", None  # that one tool could not read a file is no opinion on how bad its syntax error is
    return Finding(
        id=id_,
        title=lead.title,
        severity=severity,
        path=lead.path,
        line=lead.line,
        end_line=lead.end_line,
        rule=lead.rule or _first(group, "rule"),
        message=lead.message,
        evidence=lead.evidence or _first(group, "evidence"),
        remedy=_remedy(group, advice),
        perspectives=tuple(sorted({w.claimed.perspective for w in group} - {""})),
        sources=sources,
        note=" ".join(filter(None, (settled, advice_note(advice)))),
        disputes=tuple(filter(None, (dispute, advice))),
    )


def _remedy(group: Sequence[Witness], advice: Dispute | None) -> str:
    """Return the first remedy there is; where advice differs, the first of the side that holds."""
    if advice is not None and advice.holds:
        return next(w.claimed.remedy for w in group if advised(_source(w)) == advice.holds)
    return _first(group, "remedy")


def _source(witness: Witness) -> Source:
    claim = witness.claimed
    return Source(
        task=witness.task,
        agent=witness.agent,
        rule=claim.rule,
        severity=claim.severity,
        confidence=claim.confidence,
        message=claim.message or claim.title,
        perspective=claim.perspective,
        title=claim.title if claim.message else "",
        line=claim.line,
        end_line=claim.end_line,
        evidence=claim.evidence,
        remedy=claim.remedy,
        form=witness.form,
    )


def _first(group: Sequence[Witness], name: str) -> str:
    return next((said for witness in group if (said := str(getattr(witness.claimed, name)))), "")


def _identity(lead: Witness) -> str:
    """Return what a finding is known by: its place, and its kind or its words."""
    claim = lead.claimed
    kind = kind_of(lead.agent, claim.rule)
    about = sorted(name.rpartition(".")[2] for name in names_of(claim.title)) if kind in NAMED else []
    said = [kind, *about] if kind else [claim.rule.lower(), *sorted(words_of(claim.title))]
    return "\0".join((claim.path, str(claim.line), *said))


def _ids(identities: Sequence[str]) -> list[str]:
    """Return a short id for each, all different: a longer piece of the hash where short ones meet."""
    seen: dict[str, int] = {}
    hashes = []
    for identity in identities:
        seen[identity] = nth = seen.get(identity, 0) + 1
        hashes.append(sha256(f"{identity}\0{nth}".encode()).hexdigest())
    length = 6
    ids = [digest[:length] for digest in hashes]
    while len(met := _met(ids)) and length < 64:
        length += 4
        ids = [digest[:length] if id_ in met else id_ for id_, digest in zip(ids, hashes, strict=True)]
    return [f"F{id_}" for id_ in ids]


def _met(ids: Sequence[str]) -> set[str]:
    return {id_ for id_, times in Counter(ids).items() if times > 1}


def _lead_order(witness: Witness) -> tuple[object, ...]:
    """Put first the claim whose words lead: of a known rule, with a place, sure, severe."""
    claim = witness.claimed
    known = not kind_of(witness.agent, claim.rule)
    return (
        known, not claim.line, _SURE[claim.confidence], SEVERITIES.index(claim.severity), *order(witness),
    )  # fmt: skip


def _source_order(witness: Witness) -> tuple[object, ...]:
    return (witness.agent, witness.task, *order(witness))
