"""Verdicts are facts about two tasks: they do not depend on the order of the plan, and orders never close a ring."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.model import Check, Plan, Task, Tree
from forkjoin.planning import check, overlap

TREE = Tree(root="/t", files=("a/x", "a/y", "b/x"))
PATHS = st.lists(
    st.sampled_from(["a", "a/x", "a/*", "b/**", "b/z", "new", "new/*", "**/x", "c"]), max_size=2, unique=True
)
TASKS = st.lists(
    st.fixed_dictionaries(
        {
            "reads": PATHS,
            "writes": st.one_of(st.none(), PATHS),
            "resources": st.lists(st.sampled_from(["db", "port:1"]), max_size=1),
        }
    ),
    min_size=2,
    max_size=7,
)


def plan(rows: list[dict[str, Any]], policy: Any = "isolate") -> Plan:
    return Plan(policy=policy, tasks=[Task(id=f"t{n}", task="do it", **row) for n, row in enumerate(rows)])  # type: ignore[arg-type]


def verdicts(found: Check) -> set[tuple[frozenset[str], str, str]]:
    return {(frozenset((pair.a, pair.b)), pair.verdict, pair.kind) for pair in found.pairs}


@settings(max_examples=150, deadline=None)
@given(TASKS, st.randoms(use_true_random=False))
def test_shuffling_the_tasks_changes_no_verdict(rows: list[dict[str, Any]], random: Any) -> None:
    straight = plan(rows)
    tasks = list(straight.tasks)
    random.shuffle(tasks)
    assert verdicts(check(straight, TREE)) == verdicts(check(Plan(tasks=tasks), TREE))


@settings(max_examples=150, deadline=None)
@given(TASKS)
def test_a_pair_that_is_not_listed_shares_no_path_that_one_writes(rows: list[dict[str, Any]]) -> None:
    found = check(plan(rows), TREE)
    listed = {frozenset((pair.a, pair.b)) for pair in found.pairs}
    for a, one in enumerate(rows):
        for b, other in enumerate(rows[:a]):
            touched = [
                *((w, p) for w in one["writes"] or () for p in [*(other["writes"] or ()), *other["reads"]]),
                *((w, p) for w in other["writes"] or () for p in one["reads"]),
            ]
            if any(overlap(w, p) for w, p in touched):
                assert frozenset((f"t{a}", f"t{b}")) in listed


@settings(max_examples=150, deadline=None)
@given(TASKS, st.sampled_from(["isolate", "strict", "trust"]), st.booleans())
def test_edges_close_no_ring_and_order_every_ordered_pair(
    rows: list[dict[str, Any]], policy: str, clonable: bool
) -> None:
    found = check(plan(rows, policy), TREE, clonable=clonable)
    assert sum(map(len, found.waves)) == len(rows)  # a task in a ring would stand in no wave
    level = {name: n for n, wave in enumerate(found.waves) for name in wave}
    assert all(level[edge.first] < level[edge.then] for edge in found.edges)
    before: dict[str, set[str]] = {name: set() for name in level}
    for name in sorted(level, key=level.__getitem__):
        for edge in found.edges:
            if edge.then == name:
                before[name] |= {edge.first} | before[edge.first]
    for pair in found.pairs:
        if pair.first:
            other = pair.b if pair.first == pair.a else pair.a
            assert pair.first in before[other]
