from __future__ import annotations

import pytest

from forkjoin.errors import UnknownId
from forkjoin.model import AnalyserCard, Plan, Task, Tree
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


def card(name: str, *perspectives: str, **fields: object) -> AnalyserCard:
    return AnalyserCard(name=name, description=f"{name} rules", perspectives=perspectives, **fields)  # type: ignore[arg-type]


def tree(*languages: tuple[str, int]) -> Tree:
    files = tuple(f"f{n}" for n in range(sum(count for _, count in languages) or 1))
    return Tree(root="/t", files=files, languages=languages)


def names(plan: Plan) -> list[str]:
    return [task.id for task in plan.tasks]


def test_an_analyser_of_several_languages_applies_where_the_tree_has_one_of_them() -> None:
    web = card("web", "correctness", languages=("JavaScript", "TypeScript"))
    for languages, applies in (
        ((("TypeScript", 3),), True),
        ((("Python", 9), ("JavaScript", 1)), True),
        ((("Python", 9),), False),
    ):
        plan, _ = review_plan(tree(*languages), [web])
        assert bool(plan.tasks) is applies


def test_an_analyser_of_any_text_applies_to_every_tree_with_files() -> None:
    for given in (tree(), tree(("Python", 1))):
        assert names(review_plan(given, [card("typos", "spelling")])[0]) == ["typos"]


def test_an_analyser_that_does_not_apply_is_not_named_as_missing() -> None:
    _, left = review_plan(
        tree(("Go", 1)), [card("eslint", "style", languages=("JavaScript",), found=False, hint="npm")]
    )
    assert left == ("Go (1 file): no analyser for it was found", "style: no analyser for it was found here")


@pytest.mark.parametrize(
    ("hint", "said"), [("pip install x", "x is not installed: pip install x"), ("", "x is not installed")]
)
def test_an_analyser_that_is_missing_is_named_with_its_hint(hint: str, said: str) -> None:
    _, left = review_plan(tree(), [card("x", "spelling", found=False, hint=hint)])
    assert left[-1] == said


def test_languages_are_named_with_their_files_most_first() -> None:
    _, left = review_plan(tree(("Go", 1234), ("Rust", 2), ("Lua", 1)), [card("typos", "spelling")])
    assert [line.partition(":")[0] for line in left] == ["Go (1,234 files)", "Rust (2 files)", "Lua (1 file)"]


def test_a_language_that_some_analyser_reads_is_not_named() -> None:
    cards = [
        card("ruff", "style", languages=("Python",)),
        card("bandit", "security", languages=("Python",), found=False),
    ]
    _, left = review_plan(tree(("Python", 4)), cards)
    assert left == ("security: no analyser for it was found here", "bandit is not installed")


def test_a_perspective_is_covered_by_any_analyser_that_has_it() -> None:
    cards = [card("a", "security", "style"), card("b", "security", found=False)]
    plan, left = review_plan(tree(), cards, perspectives=("security",))
    assert names(plan) == ["a"]
    assert left == ("b is not installed",)


def test_perspectives_add_up_and_may_be_named_twice() -> None:
    cards = [card("a", "security"), card("b", "style"), card("c", "docs")]
    plan, left = review_plan(tree(), cards, perspectives=("style", "security", "style"))
    assert names(plan) == ["a", "b"]
    assert left == ()


def test_an_unknown_perspective_is_an_error_for_an_empty_tree_too() -> None:
    with pytest.raises(UnknownId, match="no perspective 'x'; known: security"):
        review_plan(Tree(root="/t"), [card("a", "security")], perspectives=("x",))
    with pytest.raises(UnknownId, match="there is none yet"):
        review_plan(tree(), [], perspectives=("x",))


def test_an_empty_tree_says_so_and_nothing_of_analysers() -> None:
    assert review_plan(Tree(root="/t"), CARDS, name="n") == (Plan(name="n"), ("it holds no files",))


def test_without_any_analyser_each_language_and_nothing_else_is_named() -> None:
    assert review_plan(tree(("Go", 1)), []) == (Plan(name="review"), ("Go (1 file): no analyser for it was found",))


def test_a_single_file_is_all_that_is_read() -> None:
    one = Tree(root="/t", files=("a.py",), languages=(("Python", 1),))
    plan, _ = review_plan(one, CARDS, paths=("a.py",))
    assert {task.reads for task in plan.tasks} == {("a.py",)}


def test_every_task_of_a_review_reads_only_burns_one_core_and_is_independent() -> None:
    plan, _ = review_plan(tree(("Python", 9)), [card(f"a{n}", "style", estimate=n) for n in range(20)])
    found = check(plan, tree(("Python", 9)), clonable=False)
    assert (found.edges, found.unknown, found.pairs) == ((), (), ())
    assert all(task.reads_only and task.cpu == 1.0 and task.output == "findings" for task in plan.tasks)
    assert [task.estimate for task in plan.tasks] == list(range(20))
    assert found.advice == ()
