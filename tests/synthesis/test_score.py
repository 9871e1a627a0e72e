"""How well twins meet on real output: bandit's own examples, looked at by ruff and bandit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

from forkjoin.model import Claimed, TaskId
from forkjoin.synthesis import Witness
from forkjoin.synthesis.grouping import grouped

DATA = Path(__file__).parents[1] / "data" / "synthesis" / "bandit-examples.jsonl"
ROWS = [json.loads(line) for line in DATA.read_text(encoding="utf-8").split("\n") if line]


def test_twins_meet_by_their_rules():
    assert f1(rules_hidden=False) >= 0.99


def test_twins_meet_by_place_and_words_where_their_rules_are_hidden():
    assert f1(rules_hidden=True) >= 0.98


def f1(*, rules_hidden: bool) -> float:
    """The label of a pair: one line, and the same number. The merge sees no rules where they are hidden."""
    rule_of: dict[Witness, str] = {}
    for agent, rule, path, line, end_line, title in ROWS:
        claim = Claimed(title=title, path=path, line=line, end_line=end_line, perspective="security",
                        rule="" if rules_hidden else rule)  # fmt: skip
        rule_of[Witness(task=TaskId(agent), agent=agent, claimed=claim)] = rule
    places: dict[tuple[str, int, str], list[Witness]] = {}
    for one, rule in rule_of.items():
        places.setdefault((one.claimed.path, one.claimed.line, rule[1:]), []).append(one)
    expected, found = pairs(places.values()), pairs(grouped(list(rule_of)))
    assert len(expected) == 495
    return 2 * len(expected & found) / (len(expected) + len(found))


def pairs(groups: Iterable[Sequence[Witness]]) -> set[frozenset[Witness]]:
    return {frozenset(p) for group in groups for p in combinations(group, 2) if p[0].task != p[1].task}
