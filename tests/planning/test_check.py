from __future__ import annotations

from typing import Any

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Check, Link, Plan, Task, Tree
from forkjoin.planning import check, check_json

TREE = Tree(root="/t", files=("docs/a.md", "src/a.py", "src/b.py", "src/sub/c.py"))


def task(name: str, **fields: Any) -> Task:
    return Task(**{"id": name, "task": "do it", "writes": [], **fields})


def checked(*tasks: Task, tree: Tree = TREE, policy: Any = "isolate", **given: Any) -> Check:
    return check(Plan(tasks=tasks, policy=policy), tree, **given)


def edges(found: Check) -> list[tuple[str, str, str]]:
    return [(edge.first, edge.then, edge.kind) for edge in found.edges]


def pairs(found: Check) -> list[tuple[str, str, str, str, str]]:
    return [(pair.a, pair.b, pair.first, pair.verdict, pair.kind) for pair in found.pairs]


def test_tasks_that_share_nothing_are_independent() -> None:
    found = checked(task("a", writes=["src/a.py"]), task("b", writes=["src/b.py"]), task("c", reads=["docs/**"]))
    assert (found.pairs, found.edges, found.unknown, found.pairs_left_out) == ((), (), (), 0)
    assert found.waves == (("a", "b", "c"),)
    assert found.ideal_speedup == 3.0
    assert found.advice == ()


def test_three_prompts_without_claims_start_at_once() -> None:
    found = check(Plan(tasks=[Task(task="a"), Task(task="b"), Task(task="c")]), TREE)
    assert found.edges == ()
    assert found.unknown == ("a", "b", "c")
    assert {pair.verdict for pair in found.pairs} == {"unknown"}
    assert {pair.first for pair in found.pairs} == {""}
    assert len(found.pairs) == 3


def test_two_writers_of_one_file_are_ordered_with_reason_and_remedy() -> None:
    found = checked(task("a", writes=["src/**"]), task("b", writes=["src/sub/*.py"]))
    assert pairs(found) == [("a", "b", "a", "conflict", "write-write")]
    (pair,) = found.pairs
    assert pair.paths == ("src/sub/x.py",)
    assert pair.evidence == "a writes src/**, b writes src/sub/*.py: both cover src/sub/x.py"
    assert "after: [a] in b" in pair.remedy
    assert edges(found) == [("a", "b", "write-write")]
    assert found.edges[0].reason == "both write src/sub/x.py"


def test_a_reader_that_asked_nothing_of_a_writer_runs_beside_it() -> None:
    found = checked(task("a", writes=["src/a.py"]), task("b", reads=["src/**"]))
    assert pairs(found) == [("a", "b", "", "conflict", "write-read")]
    assert "own snapshot" in found.pairs[0].evidence
    assert found.edges == ()


def test_without_clones_every_conflict_and_unknown_is_ordered() -> None:
    found = checked(
        task("a", writes=["src/a.py"]), task("b", reads=["src/**"]), task("u", writes=None), task("c"), clonable=False
    )
    assert edges(found) == [
        ("a", "b", "write-read"),
        ("a", "u", "unknown"),
        ("b", "u", "unknown"),
        ("u", "c", "unknown"),
    ]
    assert found.waves == (("a",), ("b",), ("u",), ("c",))


def test_who_makes_what_another_reads_goes_first_whatever_the_plans_order() -> None:
    found = checked(task("reader", reads=["out/x.json"]), task("maker", writes=["out/**"]))
    assert pairs(found) == [("reader", "maker", "maker", "conflict", "output")]
    assert edges(found) == [("maker", "reader", "output")]
    assert found.edges[0].needs_success
    assert found.pairs[0].evidence == "reader reads out/x.json, which is not there yet and which maker writes (out/**)"


def test_a_glob_that_finds_nothing_yet_waits_for_its_makers() -> None:
    found = checked(task("reader", reads=["out/*.json"]), task("maker", writes=["out/x.json"]))
    assert edges(found) == [("maker", "reader", "output")]
    nothing = checked(task("reader", reads=["**"]), task("maker", writes=["x"]), tree=Tree(root="/t"))
    assert nothing.edges == ()


def test_what_is_there_already_is_no_output_dependency() -> None:
    for read in ("src/a.py", "src", "src/*.py", "src/[!b].py"):
        assert checked(task("r", reads=[read]), task("w", writes=["src/a.py"])).edges == ()


def test_who_writes_a_path_itself_does_not_wait_for_it() -> None:
    found = checked(task("a", reads=["new.md"], writes=["new.md"]), task("b", reads=["new.md"], writes=["new.md"]))
    assert pairs(found) == [("a", "b", "a", "conflict", "write-write")]


def test_a_ring_of_output_dependencies_falls_back_to_the_plans_order() -> None:
    found = checked(task("a", reads=["y"], writes=["x"]), task("b", reads=["x"], writes=["y"]))
    assert edges(found) == [("a", "b", "output")]
    assert "both need what the other makes, so the plan's order decides" in found.pairs[0].evidence


def test_an_explicit_after_wins_over_an_inferred_direction() -> None:
    found = checked(task("maker", writes=["x"], after=["reader"]), task("reader", reads=["x"]))
    assert edges(found) == [("reader", "maker", "after")]
    assert pairs(found) == [("maker", "reader", "reader", "conflict", "after")]


def test_one_resource_is_held_by_one_task_at_a_time() -> None:
    found = checked(task("a", resources=["port:80"]), task("b"), task("c", resources=["port:80", "db"]))
    assert edges(found) == [("a", "c", "resource")]
    assert found.pairs[0].paths == ("port:80",)


def test_under_trust_only_after_orders_and_the_verdicts_stay() -> None:
    tasks = (task("a", writes=["x"]), task("b", writes=["x"]), task("c", after=["a"], reads=["x"]))
    found = checked(*tasks, policy="trust", clonable=False)
    assert edges(found) == [("a", "c", "after")]
    assert [pair.kind for pair in found.pairs] == ["after", "output", "write-write"]


def test_many_writers_of_one_file_are_one_chain() -> None:
    found = checked(*[task(f"t{n}", writes=["x"]) for n in range(50)])
    assert edges(found) == [(f"t{n}", f"t{n + 1}", "write-write") for n in range(49)]
    assert len(found.pairs) == 50 * 49 // 2


def test_a_reader_waits_for_the_last_of_several_makers() -> None:
    found = checked(task("r", reads=["x"]), task("m1", writes=["x"]), task("m2", writes=["x"]))
    assert edges(found) == [("m1", "m2", "write-write"), ("m2", "r", "output")]
    assert found.waves == (("m1",), ("m2",), ("r",))


def test_a_symbolic_link_is_the_file_it_leads_to() -> None:
    tree = Tree(root="/t", files=("real/a.py",), links=(Link(path="ln", target="real"), Link(path="out", target="")))
    assert edges(checked(task("a", writes=["ln/a.py"]), task("b", writes=["real/*.py"]), tree=tree)) != []
    assert edges(checked(task("a", writes=["l?/a.py"]), task("b", writes=["real/a.py"]), tree=tree)) != []
    assert edges(checked(task("a", writes=["ln/b.py"]), task("b", writes=["real/a.py"]), tree=tree)) == []


def test_links_in_a_ring_end() -> None:
    tree = Tree(root="/t", links=(Link(path="a", target="b"), Link(path="b", target="a/x")))
    assert edges(checked(task("a", writes=["a/**"]), task("b", writes=["b"]), tree=tree)) != []


def test_hard_links_are_one_file() -> None:
    tree = Tree(root="/t", files=("a", "b", "c"), hardlinks=(("a", "b", "c"),))
    assert edges(checked(task("x", writes=["b"]), task("y", writes=["c"]), tree=tree)) == [("x", "y", "write-write")]


def test_a_tree_that_folds_case_folds_claims() -> None:
    tasks = (task("a", writes=["SRC/A.py"]), task("b", writes=["src/a.py"]))
    assert edges(checked(*tasks)) == []
    assert edges(checked(*tasks, tree=Tree(root="/t", files=("src/a.py",), folds_case=True))) != []


def test_a_file_whose_name_looks_like_a_glob_is_that_file() -> None:
    tree = Tree(root="/t", files=("app/[id]/page.tsx", "app/i/page.tsx"))
    tasks = (task("a", writes=["app/[id]/page.tsx"]), task("b", writes=["app/i/page.tsx"]))
    assert edges(checked(*tasks, tree=tree)) == []
    assert edges(checked(*tasks)) != []


def test_a_file_name_is_no_folder_for_a_glob_but_for_a_path_below_it() -> None:
    assert edges(checked(task("a", writes=["src/new.py"]), task("b", writes=["**/test_x.py"]))) == []
    assert edges(checked(task("a", writes=["src/new.py"]), task("b", writes=["src/new.py/x"]))) != []


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([task("a")], "There is one task"),
        ([task("a", writes=["x"]), task("b", writes=["x"])], "All 2 tasks write x: join them into one task"),
        ([task("a"), task("b", after=["a"]), task("c", after=["b"])], "The 3 tasks form one chain"),
        ([task("a"), task("b", task="once the parser is finished, use it")], "Order may matter: b says"),
        (
            [task(name, estimate=0.01, command=["true"], task="") for name in "abc"],
            "Side by side saves 0.0 s of 0.0 s, and starting the tasks costs about 0.1 s",
        ),
    ],
)  # fmt: skip
def test_it_says_when_side_by_side_is_the_wrong_tool(tasks: list[Task], said: str) -> None:
    assert said in " ".join(checked(*tasks).advice)


def test_estimates_make_the_ideal_speed_up() -> None:
    found = checked(task("a", estimate=30), task("b", estimate=10, after=["a"]), task("c", estimate=40))
    assert found.ideal_speedup == 2.0


def test_the_json_has_the_fields_of_the_contract() -> None:
    raw = check_json(checked(task("a", writes=["src/a.py"]), task("b", writes=["src/a.py"])))
    assert list(raw) == [
        "forkjoin", "tasks", "pairs", "pairs_left_out", "unknown", "edges", "waves", "ideal_speedup", "advice",
        "others", "estimates",
    ]  # fmt: skip
    assert raw["tasks"][0] == {
        "id": "a", "writes": [{"path": "src/a.py", "why": "declared", "confidence": 1.0}], "reads": [], "bounded": True,
    }  # fmt: skip
    assert list(raw["pairs"][0]) == ["a", "b", "first", "verdict", "kind", "paths", "evidence", "remedy"]


def test_a_plan_that_cannot_be_completed_cannot_be_checked() -> None:
    with pytest.raises(PlanError):
        check(Plan(), TREE)


def test_pairs_are_capped_and_the_rest_is_counted() -> None:
    same = checked(*[task(f"t{n}", writes=["x"]) for n in range(200)])
    assert (len(same.pairs), same.pairs_left_out) == (10_000, 200 * 199 // 2 - 10_000)
    unknown = checked(*[task(f"t{n}", writes=None) for n in range(200)])
    assert (len(unknown.pairs), unknown.pairs_left_out) == (10_000, 200 * 199 // 2 - 10_000)
    mixed = checked(task("a", writes=["x"]), task("u", writes=None), task("b", writes=["x"]))
    assert [pair.kind for pair in mixed.pairs] == ["write-write", "unknown-writes", "unknown-writes"]
    assert mixed.pairs_left_out == 0


def test_edges_stay_few_where_everything_meets() -> None:
    readers = checked(*[task(f"t{n}", reads=["**"], writes=[f"a{n}"]) for n in range(600)], clonable=False)
    assert len(readers.edges) < 60_000
    assert len(readers.waves) == 600
    globs = checked(*[task(f"t{n}", writes=[f"**/*{n}*"]) for n in range(400)])
    assert len(globs.edges) < 60_000
