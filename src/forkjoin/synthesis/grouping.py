"""Which claims are one finding.

Two claims are the same finding when they stand at the same place and say the same by their rules (twins.py) or, where
a rule says nothing, by their words (similar.py). Pairs are joined best first, as long as no two claims of one finding
are known to differ: two statements of one speaker, two codes of one tool, two kinds of the table.
All is decided by the claims alone, in one order of their own: the order they come in changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import msgspec

from forkjoin.model import Claimed
from forkjoin.synthesis.similar import Words, likeness, names_of, same_name, short_for, weighed
from forkjoin.synthesis.twins import ALIASED, NAMED, WHOLE_FILE, is_code, kind_of, tool_of
from forkjoin.synthesis.witness import Witness

_NEAR = 3  # lines apart that two may be: agents count lines badly
_SPAN = 12  # a longer place is known by its first lines only, else a claim about a whole file would be near everything
_AHEAD = 48  # claims that each is compared with, at most: keeps a heap of claims at one place near-linear
_ALIKE_HERE, _ALIKE_NEAR, _ALIKE_NOWHERE = 0.30, 0.50, 0.75
_ALIKE_SAME_VIEW = 0.15  # enough where both stand at one line and look from one perspective
_BY_RULE = 2.0  # above any likeness of words (1.0 at most), so that rules decide first


def grouped(witnesses: Sequence[Witness]) -> tuple[tuple[Witness, ...], ...]:
    """Return the witnesses, those of one finding together."""
    speakers: dict[tuple[str, str], int] = {}
    nodes = [_node(witness, speakers) for witness in sorted(set(witnesses), key=order)]
    clusters = [_Cluster.of(number, node) for number, node in enumerate(nodes)]
    home = list(range(len(nodes)))
    for _, one, other in sorted(_pairs(nodes)):
        a, b = clusters[_root(home, one)], clusters[_root(home, other)]
        if a is not b and a.may_join(b):
            if len(a.members) < len(b.members):
                a, b = b, a
            a.join(b)
            home[b.number] = a.number
    kept = (clusters[number] for number in range(len(nodes)) if home[number] == number)
    return tuple(tuple(nodes[member].witness for member in cluster.members) for cluster in kept)


class _Node(msgspec.Struct, kw_only=True):
    """A witness with what comparing needs, worked out once. `speaker` numbers who says it."""

    witness: Witness
    speaker: int
    path: str
    first: int
    last: int
    tool: str
    kind: str
    rule: str
    code: str
    view: str
    said: str
    words: Words
    names: frozenset[str]


def _node(witness: Witness, speakers: dict[tuple[str, str], int]) -> _Node:
    claim, tool = witness.claimed, tool_of(witness.agent)
    said = f"{claim.title}\n{claim.message}"
    code = claim.rule if is_code(claim.rule) else ""
    kind = kind_of(witness.agent, claim.rule)
    return _Node(
        witness=witness,
        speaker=speakers.setdefault((witness.task, tool), len(speakers)),  # of a SARIF log each of its tools
        path=claim.path,
        first=claim.line,
        last=min(max(claim.line, claim.end_line), claim.line + _SPAN),
        tool=tool,
        kind=kind,
        rule=claim.rule.lower(),
        code=code,
        view=claim.perspective,
        said=_once(said) if code else "",
        words=weighed(said if code else f"{said} {claim.rule}"),
        names=names_of(said) if kind in NAMED else frozenset(),
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
        path, farthest, speaker = node.path, node.last + _NEAR, node.speaker
        for other in range(at + 1, min(at + 1 + _AHEAD, len(nodes))):
            after = nodes[other]
            if after.first > farthest or after.path != path:
                break
            if after.speaker != speaker:
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
    apart = 0 if one.first == other.first else max(0, other.first - one.last, one.first - other.last)
    alike = likeness(one.words, other.words)
    if one.first and one.rule and one.rule == other.rule:
        return _BY_RULE + alike - apart / 10
    if not one.first or not other.first:
        enough = _ALIKE_NOWHERE
    elif apart:
        enough = _ALIKE_NEAR
    else:
        same_view = one.view and one.view == other.view and one.first == other.first
        enough = _ALIKE_SAME_VIEW if same_view else _ALIKE_HERE
    return alike - apart / 8 if alike >= enough else 0.0


def _same_kind(one: _Node, other: _Node) -> float:
    if one.kind in WHOLE_FILE:
        return _BY_RULE + likeness(one.words, other.words) - min(abs(one.first - other.first), 10) / 20
    if other.first > one.last or one.first > other.last:
        return 0.0  # analysers know their lines: they must meet
    alike = likeness(one.words, other.words) - min(abs(one.first - other.first), 10) / 100
    if one.kind not in NAMED or _names_meet(one, other, same_name):
        return _BY_RULE + alike
    # `import numpy as np` is `numpy` to one and `np` to the other; names that are the same go first.
    return _BY_RULE - 0.5 + alike if one.kind in ALIASED and _names_meet(one, other, short_for) else 0.0


def _names_meet(one: _Node, other: _Node, meet: Callable[[str, str], bool]) -> bool:
    return any(meet(name, like) for name in one.names for like in other.names)


def _differ(one: _Node, other: _Node) -> bool:
    """Whether two claims can never be one finding."""
    if one.speaker == other.speaker:
        return True  # one speaker says a thing once; word for word repeats are gone already
    if one.kind != other.kind and one.kind and other.kind:
        return True
    if one.code and other.code and one.tool == other.tool:
        return one.code != other.code or one.first != other.first or one.said != other.said
    return False


class _Cluster(msgspec.Struct, kw_only=True):
    """Claims joined so far, and what tells them from others. Mutable: it lives inside one call of `grouped`."""

    number: int
    members: list[int]
    speakers: set[int]
    kinds: set[str]
    codes: dict[str, tuple[str, int, str]]

    @classmethod
    def of(cls, number: int, node: _Node) -> _Cluster:
        return cls(
            number=number,
            members=[number],
            speakers={node.speaker},
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


def order(witness: Witness) -> tuple[object, ...]:
    """Return the one order of all claims: by place, then by everything they say."""
    claim: Claimed = witness.claimed
    return (
        claim.path, claim.line, claim.end_line, claim.rule, claim.title, witness.agent, witness.task, claim.message,
        claim.severity, claim.confidence, claim.evidence, claim.remedy, claim.perspective, witness.form,
    )  # fmt: skip
