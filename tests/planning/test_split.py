from __future__ import annotations

import pytest

from forkjoin.errors import UnknownId
from forkjoin.model import AnalyserCard, Task, Tree
from forkjoin.planning import check, review_plan

CARDS = (
    AnalyserCard(name="bandit", description="Security rules", perspectives=("security",), languages=("Python",)),
    AnalyserCard(name="vulture", description="Dead code", perspectives=("dead-code",), languages=("Python",),
                 found=False, hint="pip install vulture"),
    AnalyserCard(name="typos", description="Spelling", perspectives=("spelling",)),
    AnalyserCard(name="eslint", description="Lints", perspectives=("correctness",), languages=("JavaScript",)),
)  # fmt: skip
TREE = Tree(root="/t", files=("a.py", "b.go"), languages=(("Python", 1), ("Go", 2)))


def test_one_read_only_task_for_each_found_analyser_that_applies() -> None:
    plan, _ = review_plan(TREE, CARDS)
    assert plan.tasks == tuple(
        Task(id=name, agent="static", task=name, description=description, reads=("**",), writes=(), output="findings",
             cpu=1.0, timeout=600.0, estimate=estimate)
        for name, description, estimate in (("bandit", "Security rules", 1.0), ("typos", "Spelling", 1.0))
    )  # fmt: skip
    found = check(plan, TREE)
    assert (found.edges, found.unknown, found.pairs) == ((), (), ())


def test_what_is_not_looked_at_is_said() -> None:
    _, left = review_plan(TREE, CARDS)
    assert left == (
        "Go (2 files): no analyser for it was found",
        "dead-code: no analyser for it was found here",
        "correctness: no analyser for it was found here",
        "vulture is not installed: pip install vulture",
    )


def test_perspectives_choose_analysers() -> None:
    plan, left = review_plan(TREE, CARDS, perspectives=("spelling",), paths=("src",), name="spell")
    assert [task.task for task in plan.tasks] == ["typos"]
    assert plan.tasks[0].reads == ("src",)
    assert plan.name == "spell"
    assert "Python (1 file): no analyser for it was found" in left
    with pytest.raises(UnknownId, match="no perspective 'speling'; known: security, dead-code, spelling, correctness"):
        review_plan(TREE, CARDS, perspectives=("speling",))


def test_an_empty_tree_has_nothing_to_look_at() -> None:
    plan, _ = review_plan(Tree(root="/t"), CARDS)
    assert plan.tasks == ()
