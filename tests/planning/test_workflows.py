from __future__ import annotations

import json
from pathlib import Path

import pytest

from forkjoin.model import Tree
from forkjoin.planning import check, plan_from_text

TRACES = sorted((Path(__file__).parents[1] / "data" / "workflows").glob("*.json"))


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.stem)
def test_the_edges_of_a_real_workflow_come_out_exactly(trace: Path) -> None:
    raw = json.loads(trace.read_text(encoding="utf-8"))
    plan = plan_from_text(json.dumps(raw["plan"]).encode(), where=trace.name, form="json")
    found = check(plan, Tree(root="/nowhere"))
    wanted = {tuple(edge) for edge in raw["edges"]}
    assert {(edge.first, edge.then) for edge in found.edges} == wanted
    assert {(pair.first, pair.b if pair.first == pair.a else pair.a) for pair in found.pairs} == wanted
    assert (found.pairs_left_out, found.unknown) == (0, ())


def test_the_traces_are_there() -> None:
    assert len(TRACES) == 8
