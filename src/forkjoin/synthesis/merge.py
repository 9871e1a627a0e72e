"""Many claims, one finding: the same thing said by several witnesses is joined, and nothing that was said is lost.

Two claims are the same finding when they stand at the same place and say the same by their rules (twins.py) or, where
a rule says nothing, by their words (similar.py). Pairs are joined best first, as long as no two claims of one finding
are known to differ: two statements of one speaker, two codes of one tool, two kinds of the table.
All is decided by the claims alone, in one order of their own: the order they come in changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain

from forkjoin.model import SEVERITIES, Claimed, Dispute, Finding, Source
from forkjoin.synthesis.settle import advice_dispute, advice_note, advised, severity_dispute, severity_of
from forkjoin.synthesis.similar import likeness, names_of, same_name, short_for, words_of
from forkjoin.synthesis.twins import ALIASED, NAMED, WHOLE_FILE, is_code, kind_of, tool_of
from forkjoin.synthesis.witness import Witness

_NEAR = 3  # lines apart that two may be: agents count lines badly
_SPAN = 12  # a longer place is known by its first lines only, else a claim about a whole file would be near everything
_AHEAD = 48  # claims that each is compared with, at most: keeps a heap of claims at one place near-linear
_ALIKE_HERE, _ALIKE_NEAR, _ALIKE_NOWHERE = 0.30, 0.50, 0.75
_ALIKE_SAME_VIEW = 0.15  # enough where both stand at one line and look from one perspective
_BY_RULE = 2.0  # above any likeness of words (1.0 at most), so that rules decide first
_SURE = {"high": 0, "medium": 1, "low": 2}


def merged(witnesses: Sequence[Witness]) -> tuple[Finding, ...]:
    """Return one finding for each thing that was claimed, with all its witnesses, by path and line.

    Every witness is in the `sources` of exactly one finding (a claim repeated word for word counts once). The order of
    *witnesses* changes nothing; giving them twice changes nothing.
    """
    groups = [sorted(group, key=_lead_order) for group in grouped(witnesses)]
    groups.sort(key=lambda group: _order(group[0]))
    ids = _ids([_identity(group[0]) for group in groups])
    return tuple(_finding(id_, group) for id_, group in zip(ids, groups, strict=True))


def grouped(witnesses: Sequence[Witness]) -> tuple[tuple[Witness, ...], ...]:
    """Return the witnesses, those of one finding together."""
    nodes = [_node(witness) for witness in sorted(set(witnesses), key=_order)]
    clusters = [_Cluster.of(number, node) for number, node in enumerate(nodes)]
    home = list(range(len(nodes)))
    for _, one, other in sorted(_pairs(nodes)):
        a, b = clusters[_root(home, one)], clusters[_root(home, other)]
        if a is not b and a.may_join(b):
            a.join(b)
            home[b.number] = a.number
    kept = (clusters[number] for number in range(len(nodes)) if home[number] == number)
    return tuple(tuple(nodes[member].witness for member in cluster.members) for cluster in kept)


@dataclass(frozen=True, kw_only=True)
class _Node:
    """A witness with what comparing needs, worked out once."""

    witness: Witness
    path: str
    first: int
    last: int
    tool: str
    kind: str
    code: str
    perspective: str
    said: str
    words: frozenset[str]
    names: frozenset[str]


def _node(witness: Witness) -> _Node:
    claim, tool = witness.claimed, tool_of(witness.agent)
    said = f"{claim.title}\n{claim.message}"
    code = claim.rule if is_code(claim.rule) else ""
    return _Node(
        witness=witness,
        path=claim.path,
        first=claim.line,
        last=min(max(claim.line, claim.end_line), claim.line + _SPAN),
        tool=tool,
        kind=kind_of(witness.agent, claim.rule),
        code=code,
        perspective=claim.perspective,
        said=_once(said),
        words=words_of(said if code else f"{said} {claim.rule}"),
        names=names_of(said),
    )


def _once(said: str) -> str:
    """Return what was said, without what only another form adds: a SARIF message begins with its title."""
    lines = (" ".join(line.lower().split()).rstrip(".") for line in said.split("\n"))
    return " ".join(dict.fromkeys(filter(None, lines)))


def _pairs(nodes: Sequence[_Node]) -> Iterator[tuple[float, int, int]]:
    """Yield the pairs that say the same as (minus score, index, index); *nodes* lie in order of path and line."""
    for at, other in chain(_near(nodes), _of_one_file(nodes)):
        score = _sameness(nodes[at], nodes[other])
        if score > 0:
            yield -score, at, other


def _near(nodes: Sequence[_Node]) -> Iterator[tuple[int, int]]:
    for at, node in enumerate(nodes):
        for other in range(at + 1, min(at + 1 + _AHEAD, len(nodes))):
            after = nodes[other]
            if after.path != node.path or after.first - node.last > _NEAR:
                break
            yield at, other


def _of_one_file(nodes: Sequence[_Node]) -> Iterator[tuple[int, int]]:
    """Yield pairs that are about the whole of one file, whatever their lines."""
    files: dict[tuple[str, str], list[int]] = {}
    for at, node in enumerate(nodes):
        if node.kind in WHOLE_FILE:
            files.setdefault((node.path, node.kind), []).append(at)
    for members in files.values():
        for at, one in enumerate(members):
            yield from ((one, other) for other in members[at + 1 : at + 1 + _AHEAD])


def _sameness(one: _Node, other: _Node) -> float:
    """Return how sure it is that both are one finding: 0 = not, up to 1 by words, above 1 by rule."""
    if _differ(one, other):
        return 0.0
    if one.kind and other.kind:  # they are one kind, else they differ
        return _same_kind(one, other)
    apart = max(0, other.first - one.last, one.first - other.last)
    alike = likeness(one.words, other.words)
    if _same_rule(one, other):
        return _BY_RULE + alike - apart / 10
    if not one.first or not other.first:
        enough = _ALIKE_NOWHERE
    elif apart:
        enough = _ALIKE_NEAR
    else:
        enough = _ALIKE_SAME_VIEW if _same_view(one, other) else _ALIKE_HERE
    return alike - apart / 8 if alike >= enough else 0.0


def _same_kind(one: _Node, other: _Node) -> float:
    alike = likeness(one.words, other.words)
    if one.kind in WHOLE_FILE:
        return _BY_RULE + alike - min(abs(one.first - other.first), 10) / 20
    if other.first > one.last or one.first > other.last:
        return 0.0  # analysers know their lines: they must meet
    alike -= min(abs(one.first - other.first), 10) / 100
    if one.kind not in NAMED or _names_meet(one, other, same_name):
        return _BY_RULE + alike
    # `import numpy as np` is `numpy` to one and `np` to the other; names that are the same go first.
    return _BY_RULE - 0.5 + alike if one.kind in ALIASED and _names_meet(one, other, short_for) else 0.0


def _names_meet(one: _Node, other: _Node, meet: Callable[[str, str], bool]) -> bool:
    return any(meet(name, like) for name in one.names for like in other.names)


def _same_view(one: _Node, other: _Node) -> bool:
    return one.first == other.first and one.perspective == other.perspective != ""


def _same_rule(one: _Node, other: _Node) -> bool:
    rule = one.witness.claimed.rule.lower()
    return bool(rule) and bool(one.first) and rule == other.witness.claimed.rule.lower()


def _differ(one: _Node, other: _Node) -> bool:
    """Whether two claims can never be one finding."""
    if _speaker(one.witness) == _speaker(other.witness):
        return True  # one speaker says a thing once; word for word repeats are gone already
    if one.kind and other.kind and one.kind != other.kind:
        return True
    if one.tool == other.tool and one.code and other.code:
        return one.code != other.code or one.first != other.first or one.said != other.said
    return False


def _speaker(witness: Witness) -> tuple[str, str]:
    """Return who says it: of a SARIF log each of its tools."""
    return witness.task, tool_of(witness.agent)


@dataclass(kw_only=True)
class _Cluster:
    """Claims joined so far, and what tells them from others. Mutable: it lives inside one call of `grouped`."""

    number: int
    members: list[int]
    speakers: set[tuple[str, str]]
    kinds: set[str]
    codes: dict[str, tuple[str, int, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int, node: _Node) -> _Cluster:
        return cls(
            number=number,
            members=[number],
            speakers={_speaker(node.witness)},
            kinds={node.kind} - {""},
            codes={node.tool: (node.code, node.first, node.said)} if node.code else {},
        )

    def may_join(self, other: _Cluster) -> bool:
        """Whether no claim of one is known to differ from one of the other."""
        return (
            self.speakers.isdisjoint(other.speakers)
            and len(self.kinds | other.kinds) <= 1
            and all(other.codes.get(tool, said) == said for tool, said in self.codes.items())
        )

    def join(self, other: _Cluster) -> None:
        self.members += other.members
        self.speakers |= other.speakers
        self.kinds |= other.kinds
        self.codes |= other.codes


def _root(home: list[int], number: int) -> int:
    while home[number] != number:
        home[number] = home[home[number]]
        number = home[number]
    return number


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
        known, not claim.line, _SURE[claim.confidence], SEVERITIES.index(claim.severity), *_order(witness),
    )  # fmt: skip


def _order(witness: Witness) -> tuple[object, ...]:
    """Return the one order of all claims: by place, then by everything they say."""
    claim: Claimed = witness.claimed
    return (
        claim.path, claim.line, claim.end_line, claim.rule, claim.title, witness.agent, witness.task, claim.message,
        claim.severity, claim.confidence, claim.evidence, claim.remedy, claim.perspective, witness.form,
    )  # fmt: skip


def _source_order(witness: Witness) -> tuple[object, ...]:
    return (witness.agent, witness.task, *_order(witness))
