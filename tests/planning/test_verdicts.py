"""What is said of a pair of tasks: verdict, kind, order, evidence, remedy; and what each policy makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from forkjoin.model import Check, Link, Pair, Plan, Task, TaskId, Tree
from forkjoin.planning import check

TREE = Tree(root="/t", files=("docs/a.md", "src/a.py", "src/b.py", "src/sub/c.py"))
NO_CLONE: dict[str, Any] = {"clonable": False}


def task(name: str, **fields: Any) -> Task:
    return Task(**{"id": name, "task": "do it", "writes": [], **fields})


def checked(*tasks: Task, tree: Tree = TREE, policy: Any = "isolate", **given: Any) -> Check:
    return check(Plan(tasks=tasks, policy=policy), tree, **given)


def edges(found: Check) -> list[tuple[str, str, str]]:
    return [(edge.first, edge.then, edge.kind) for edge in found.edges]


def only(found: Check) -> Pair:
    (pair,) = found.pairs
    return pair


# Each row: what a and b claim, the kind of their pair ("" = independent), and what orders them under `isolate` with
# clones, under `isolate` without, and under `trust`. ab = a first, ba = b first, "" = side by side.
A_AND_B: tuple[tuple[dict[str, Any], dict[str, Any], str, str, str, str], ...] = (
    ({"writes": ["src/a.py"]}, {"writes": ["src/b.py"]}, "", "", "", ""),
    ({"reads": ["src/a.py"]}, {"reads": ["src/a.py"]}, "", "", "", ""),
    ({"reads": ["**"]}, {"reads": ["**"]}, "", "", "", ""),
    ({"writes": ["src/a.py"]}, {"writes": ["src/a.py"]}, "write-write", "ab", "ab", ""),
    ({"writes": ["src/*.py"]}, {"writes": ["src/a.py"]}, "write-write", "ab", "ab", ""),
    ({"writes": ["src"]}, {"writes": ["src/sub/c.py"]}, "write-write", "ab", "ab", ""),
    ({"writes": ["new/x"]}, {"writes": ["new/**"]}, "write-write", "ab", "ab", ""),
    ({"writes": ["src/a.py"]}, {"reads": ["src/a.py"]}, "write-read", "", "ab", ""),
    ({"reads": ["src/a.py"]}, {"writes": ["src/a.py"]}, "write-read", "", "ab", ""),
    ({"reads": ["src/**"]}, {"writes": ["src/new.py"]}, "write-read", "", "ab", ""),
    ({"writes": ["new.py"]}, {"reads": ["new.py"]}, "output", "ab", "ab", ""),
    ({"reads": ["new.py"]}, {"writes": ["new.py"]}, "output", "ba", "ba", ""),
    ({"reads": ["out/*.json"]}, {"writes": ["out/**"]}, "output", "ba", "ba", ""),
    ({"reads": ["out"]}, {"writes": ["out/x/y"]}, "output", "ba", "ba", ""),
    ({"reads": ["**"]}, {"writes": ["new.py"]}, "write-read", "", "ab", ""),
    ({"resources": ["db"]}, {"resources": ["db"]}, "resource", "ab", "ab", ""),
    ({"resources": ["db"]}, {"resources": ["DB"]}, "", "", "", ""),
    ({"resources": ["db", "port:1"]}, {"resources": ["port:1"]}, "resource", "ab", "ab", ""),
    ({"writes": None}, {"writes": ["src/a.py"]}, "unknown-writes", "", "ab", ""),
    ({"writes": None}, {"reads": ["src/a.py"]}, "unknown-writes", "", "ab", ""),
    ({"writes": ["src/a.py"]}, {"writes": None}, "unknown-writes", "", "ab", ""),
    ({"writes": None}, {"writes": None}, "unknown-writes", "", "ab", ""),
    ({}, {"after": ["a"]}, "after", "ab", "ab", "ab"),
    ({"after": ["b"]}, {}, "after", "ba", "ba", "ba"),
    ({"writes": ["x"]}, {"after": ["a"], "reads": ["x"]}, "after", "ab", "ab", "ab"),
    ({"writes": None}, {"after": ["a"], "writes": None}, "after", "ab", "ab", "ab"),
)


@pytest.mark.parametrize(("a", "b", "kind", "cloned", "shared", "trusted"), A_AND_B)
def test_the_kind_of_a_pair_and_its_order_under_each_policy(
    a: dict[str, Any], b: dict[str, Any], kind: str, cloned: str, shared: str, trusted: str
) -> None:
    tasks = (task("a", **a), task("b", **b))
    for policy, given, order in (
        ("isolate", {}, cloned),
        ("isolate", NO_CLONE, shared),
        ("strict", {}, cloned),
        ("trust", {}, trusted),
        ("trust", NO_CLONE, trusted),
    ):
        found = checked(*tasks, policy=policy, **given)
        assert [pair.kind for pair in found.pairs] == ([kind] if kind else [])
        assert [f"{edge.first}{edge.then}" for edge in found.edges] == ([order] if order else [])
        assert [pair.first for pair in found.pairs] == ([order[:1]] if kind else [])
        assert len(found.waves) == (2 if order else 1)


@pytest.mark.parametrize(("a", "b", "kind"), [row[:3] for row in A_AND_B])
def test_the_verdict_is_unknown_only_where_writes_cannot_be_told(
    a: dict[str, Any], b: dict[str, Any], kind: str
) -> None:
    for pair in checked(task("a", **a), task("b", **b)).pairs:
        assert pair.verdict == ("unknown" if kind == "unknown-writes" else "conflict")
        assert (pair.a, pair.b) == ("a", "b")
        assert pair.evidence
        assert pair.remedy


@pytest.mark.parametrize(
    ("a", "b", "kind"), [row[:3] for row in A_AND_B if not row[1].get("after") and not row[0].get("after")]
)
def test_whose_name_comes_first_changes_no_verdict(a: dict[str, Any], b: dict[str, Any], kind: str) -> None:
    assert [pair.kind for pair in checked(task("b", **b), task("a", **a)).pairs] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("a", "b", "evidence", "remedy"),
    [
        (
            {"writes": ["src/a.py"]}, {"writes": ["src/a.py"]},
            "both write src/a.py",
            "narrow one of the two, join them into one task, or order them: after: [a] in b",
        ),
        (
            {"writes": ["src"]}, {"writes": ["src/*.py"]},
            "a writes src, b writes src/*.py: both cover src/x.py",
            "narrow one of the two, join them into one task, or order them: after: [a] in b",
        ),
        (
            {"writes": ["src/a.py"]}, {"reads": ["src"]},
            "a writes src/a.py, b reads src: both cover src/a.py; "
            "each works on its own snapshot, so they run side by side",
            "if b needs the changes of a, say so: after: [a] in b",
        ),
        (
            {"reads": ["src"]}, {"writes": ["src/a.py"]},
            "b writes src/a.py, a reads src: both cover src/a.py; "
            "each works on its own snapshot, so they run side by side",
            "if a needs the changes of b, say so: after: [b] in a",
        ),
        (
            {"writes": ["out/x"]}, {"reads": ["out/x"]},
            "b reads out/x, which is not there yet and which a writes (out/x)",
            "keep the order, or give b what it needs in its text",
        ),
        ({"resources": ["db"]}, {"resources": ["db"]}, "both hold db", "give each its own, or leave them in order"),
        ({}, {"after": ["a"]}, "b says after: [a]", "take it out of after if b does not need a"),
        (
            {"writes": None}, {},
            "it cannot be told what a writes", "give a writes: [...] (writes: [] if it only reads)",
        ),
        (
            {}, {"writes": None},
            "it cannot be told what b writes", "give b writes: [...] (writes: [] if it only reads)",
        ),
        (
            {"writes": None}, {"writes": None},
            "it cannot be told what a and b writes", "give a and b writes: [...] (writes: [] if it only reads)",
        ),
    ],
)  # fmt: skip
def test_evidence_and_remedy_read_so(a: dict[str, Any], b: dict[str, Any], evidence: str, remedy: str) -> None:
    pair = only(checked(task("a", **a), task("b", **b)))
    assert (pair.evidence, pair.remedy) == (evidence, remedy)


def test_without_a_clone_a_reader_is_ordered_and_the_evidence_promises_no_snapshot() -> None:
    found = checked(task("a", writes=["src/a.py"]), task("b", reads=["src/a.py"]), **NO_CLONE)
    assert "snapshot" not in only(found).evidence
    assert only(found).first == "a"
    assert found.edges[0].reason == "one writes src/a.py, the other reads it, and no clone can be made here"


@pytest.mark.parametrize(
    ("a", "b", "given", "reason"),
    [
        ({}, {"after": ["a"]}, {}, "it says after: a"),
        ({"writes": ["x"]}, {"reads": ["x"]}, {}, "it reads x, which a makes"),
        ({"writes": ["x"]}, {"writes": ["x"]}, {}, "both write x"),
        ({"resources": ["db"]}, {"resources": ["db"]}, {}, "both hold db"),
        ({"writes": None}, {}, NO_CLONE, "it cannot be told what one of the two writes, and no clone can be made here"),
    ],
)
def test_what_waits_waits_with_its_reason(
    a: dict[str, Any], b: dict[str, Any], given: dict[str, Any], reason: str
) -> None:
    (edge,) = checked(task("a", **a), task("b", **b), **given).edges
    assert (edge.first, edge.then, edge.reason) == ("a", "b", reason)


def test_of_several_reasons_the_strongest_is_the_kind_and_all_its_paths_are_shown() -> None:
    shared = {"writes": ["p", "q", "r"], "resources": ["db"]}
    found = checked(task("a", **shared), task("b", **shared, reads=["p"]))
    assert only(found).kind == "write-write"
    assert set(only(found).paths) == {"p", "q", "r"}
    assert set(found.edges[0].paths) == {"p", "q", "r"}
    assert "db" not in found.edges[0].paths


def test_no_more_than_five_paths_are_shown() -> None:
    many = [f"f{n}" for n in range(9)]
    found = checked(task("a", writes=many), task("b", writes=many))
    assert len(only(found).paths) == len(found.edges[0].paths) == 5


@pytest.mark.parametrize("kind", ["after", "output"])
def test_who_needs_what_another_makes_needs_its_success(kind: str) -> None:
    found = checked(task("a", writes=["x"]), task("b", **({"after": ["a"]} if kind == "after" else {"reads": ["x"]})))
    assert (found.edges[0].kind, found.edges[0].needs_success) == (kind, True)


def test_who_only_shares_a_path_or_a_resource_does_not_need_the_others_success() -> None:
    for fields in ({"writes": ["x"]}, {"resources": ["db"]}):
        assert not checked(task("a", **fields), task("b", **fields)).edges[0].needs_success


def test_under_strict_the_verdicts_are_those_of_isolate() -> None:
    tasks = (task("a", writes=["x"]), task("b", writes=["x"]), task("c", writes=None))
    strict, isolate = (
        [(pair.a, pair.b, pair.first, pair.verdict, pair.kind, pair.paths) for pair in found.pairs]
        for found in (checked(*tasks, policy="strict"), checked(*tasks))
    )
    assert strict == isolate
    assert checked(*tasks, policy="strict").unknown == ("c",)


def test_a_task_that_only_reads_is_never_unknown_to_another_that_only_reads() -> None:
    found = checked(task("a", permission="read-only", writes=None), task("b", reads=["**"]), task("c", agent="static"))
    assert (found.pairs, found.unknown) == ((), ())


def test_an_unknown_task_is_listed_once_with_each_other_task() -> None:
    found = checked(task("a"), task("u", writes=None), task("b"), task("v", writes=None))
    assert {(pair.a, pair.b) for pair in found.pairs} == {("a", "u"), ("u", "b"), ("u", "v"), ("a", "v"), ("b", "v")}
    assert found.unknown == ("u", "v")
    assert found.pairs_left_out == 0


def test_an_unknown_task_that_also_meets_another_in_a_path_is_a_conflict_with_it() -> None:
    found = checked(task("u", task="Fix src/a.py everywhere", writes=None), task("b", writes=["src/a.py"]), task("c"))
    assert {(pair.a, pair.b): pair.kind for pair in found.pairs} == {
        ("u", "b"): "write-write",
        ("u", "c"): "unknown-writes",
    }


def test_a_program_without_declared_writes_is_unknown() -> None:
    found = checked(Task(id=TaskId("a"), command=["make"]), Task(id=TaskId("b"), shell="make"), task("c"))
    assert found.unknown == ("a", "b")


def test_what_two_texts_name_meets_as_what_is_declared_does() -> None:
    found = checked(task("a", task="Fix src/a.py", writes=None), task("b", task="Rewrite `src/a.py`", writes=None))
    assert only(found).kind == "write-write"
    assert found.unknown == ()
    claim = found.tasks[0].writes[0]
    assert (claim.path, claim.confidence < 1, "named in task" in claim.why) == ("src/a.py", True, True)


def test_a_file_that_one_text_makes_and_another_reads_is_an_output() -> None:
    found = checked(task("a", task="Read notes/plan.md and fix src/b.py", writes=None),
                    task("b", task="Create notes/plan.md", writes=None))  # fmt: skip
    assert edges(found) == [("b", "a", "output")]


# Direction


def test_a_chain_of_outputs_runs_against_the_plans_order() -> None:
    found = checked(task("c", reads=["two"]), task("b", reads=["one"], writes=["two"]), task("a", writes=["one"]))
    assert edges(found) == [("b", "c", "output"), ("a", "b", "output")]
    assert found.waves == (("a",), ("b",), ("c",))


def test_two_makers_of_one_path_follow_the_plan_and_the_reader_waits_for_the_last() -> None:
    found = checked(task("m1", writes=["x"]), task("r", reads=["x"]), task("m2", writes=["x"]))
    assert found.waves == (("m1",), ("m2",), ("r",))
    assert ("m2", "r", "output") in edges(found)


def test_two_readers_of_one_output_run_side_by_side() -> None:
    found = checked(task("r1", reads=["x"]), task("m", writes=["x"]), task("r2", reads=["x"]))
    assert found.waves == (("m",), ("r1", "r2"))


def test_an_after_between_maker_and_reader_decides_and_the_reader_reads_what_is_there() -> None:
    found = checked(task("r", reads=["x"]), task("m", writes=["x"], after=["r"]))
    assert edges(found) == [("r", "m", "after")]


def test_an_order_that_after_gives_through_others_is_never_turned_round() -> None:
    found = checked(task("m", writes=["x"], after=["mid"]), task("mid", after=["r"]), task("r", reads=["x"]))
    assert found.waves == (("r",), ("mid",), ("m",))
    assert {(edge.first, edge.then) for edge in found.edges} == {("r", "mid"), ("mid", "m"), ("r", "m")}


def test_a_write_conflict_follows_the_order_that_outputs_already_give() -> None:
    found = checked(task("late", reads=["new"], writes=["src/a.py"]), task("early", writes=["new", "src/a.py"]))
    assert [(edge.first, edge.then) for edge in found.edges] == [("early", "late")]
    assert only(found).first == "early"


def test_a_ring_of_three_outputs_follows_the_plan() -> None:
    found = checked(
        task("a", reads=["z"], writes=["x"]), task("b", reads=["x"], writes=["y"]), task("c", reads=["y"], writes=["z"])
    )
    assert found.waves == (("a",), ("b",), ("c",))
    assert all("the plan's order decides" in pair.evidence for pair in found.pairs)


def test_a_ring_does_not_touch_the_order_of_others() -> None:
    found = checked(
        task("r", reads=["far"]), task("a", reads=["y"], writes=["x"]), task("b", reads=["x"], writes=["y"]),
        task("m", writes=["far"]),
    )  # fmt: skip
    assert ("m", "r", "output") in edges(found)
    (pair,) = (pair for pair in found.pairs if pair.a == "r")
    assert "the plan's order decides" not in pair.evidence


# Without clones


def test_without_clones_tasks_of_unknown_writes_run_alone() -> None:
    names = [task("a"), task("u", writes=None), task("b"), task("c"), task("v", writes=None), task("d")]
    found = checked(*names, **NO_CLONE)
    assert found.waves == (("a",), ("u",), ("b", "c"), ("v",), ("d",))
    assert {edge.kind for edge in found.edges} == {"unknown"}


def test_without_clones_an_after_still_decides_who_is_first() -> None:
    found = checked(task("u", writes=None, after=["a"]), task("a"), **NO_CLONE)
    assert found.waves == (("a",), ("u",))


def test_without_clones_many_readers_stand_between_two_writers() -> None:
    found = checked(
        task("w1", writes=["src/a.py"]), *(task(f"r{n}", reads=["src/a.py"]) for n in range(3)),
        task("w2", writes=["src/a.py"]), task("r9", reads=["src/a.py"]), **NO_CLONE,
    )  # fmt: skip
    assert found.waves == (("w1",), ("r0", "r1", "r2"), ("w2",), ("r9",))


def test_without_clones_a_writer_that_also_reads_waits_once() -> None:
    both = {"reads": ["src/a.py"], "writes": ["src/a.py"]}
    found = checked(task("a", **both), task("b", **both), **NO_CLONE)
    assert edges(found) == [("a", "b", "write-write")]


# Names of files


@pytest.mark.parametrize(
    ("a", "b", "folds", "meet"),
    [
        ("README.md", "readme.md", False, False),
        ("README.md", "readme.md", True, True),
        ("SRC/**", "src/a.py", True, True),
        ("src/[A-B].py", "src/a.py", True, True),
        ("src/[A-B].py", "src/a.py", False, False),
        ("stra\u00dfe", "STRASSE", True, True),
        ("caf\u00e9.md", "cafe\u0301.md", False, True),
        ("caf\u00e9.md", "CAFE\u0301.md", False, False),
        ("caf\u00e9.md", "CAFE\u0301.md", True, True),
        ("a\udcff", "a\udcff", False, True),
        ("a\udcff", "a\udcfe", False, False),
        ("a\nb", "a\nb", False, True),
        ("{a,b}.md", "b.md", False, True),
        ("{a,b}.md", "c.md", False, False),
        ("a.{md,txt}", "*.txt", False, True),
    ],
)
def test_names_are_one_where_the_file_system_takes_them_for_one(a: str, b: str, folds: bool, meet: bool) -> None:
    found = checked(task("a", writes=[a]), task("b", writes=[b]), tree=Tree(root="/t", folds_case=folds))
    assert bool(found.pairs) is meet


def test_a_read_of_a_file_in_other_case_is_no_output_where_case_folds() -> None:
    tasks = (task("r", reads=["SRC/A.PY"]), task("w", writes=["src/a.py"]))
    assert only(checked(*tasks, tree=Tree(root="/t", files=("src/a.py",), folds_case=True))).kind == "write-read"
    assert checked(*tasks).pairs == ()


@pytest.mark.parametrize(
    ("read", "there"),
    [("src/a.py", True), ("src", True), ("src/**", True), ("src/*.py", True), ("src/[ab].py", True), ("*/a.py", True),
     ("**/c.py", True), ("src/new.py", False), ("src/*.js", False), ("new/**", False), ("src/{x,y}.py", False),
     ("src/{x,a}.py", True), ("**", True), ("nope/**/a.py", False)],
)  # fmt: skip
def test_a_read_is_an_output_only_where_the_base_has_nothing_of_it(read: str, there: bool) -> None:
    found = checked(task("r", reads=[read]), task("w", writes=["**"]))
    assert only(found).kind == ("write-read" if there else "output")


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("link/a.py", "real/a.py", True),
        ("link/**", "real/a.py", True),
        ("link", "real", True),
        ("*/a.py", "real/a.py", True),
        ("link/a.py", "real/b.py", False),
        ("link", "link", True),
        ("file", "real/a.py", True),  # a link to a file
        ("file", "real/b.py", False),
        ("out/x", "real/a.py", False),  # leads out of the tree
        ("chain/a.py", "real/a.py", True),  # a link to a link
        ("here/real/a.py", "real/a.py", True),  # a link to the tree's own root
        ("linked/a.py", "real/a.py", False),  # only looks like one
    ],
)
def test_a_symbolic_link_is_what_it_leads_to(a: str, b: str, meet: bool) -> None:
    tree = Tree(
        root="/t",
        files=("chain", "file", "here", "link", "out", "real/a.py", "real/b.py"),
        links=(
            Link(path="chain", target="link"), Link(path="file", target="real/a.py"), Link(path="here", target="."),
            Link(path="link", target="real"), Link(path="out", target=""),
        ),
    )  # fmt: skip
    assert bool(checked(task("a", writes=[a]), task("b", writes=[b]), tree=tree).pairs) is meet
    assert bool(checked(task("a", writes=[b]), task("b", writes=[a]), tree=tree).pairs) is meet


@pytest.mark.parametrize(("a", "b", "meet"), [("a", "c", True), ("b", "c", True), ("a", "d", False), ("?", "c", True)])
def test_hard_links_to_one_file_are_one_file(a: str, b: str, meet: bool) -> None:
    tree = Tree(root="/t", files=("a", "b", "c", "d"), hardlinks=(("a", "b", "c"),))
    assert bool(checked(task("x", writes=[a]), task("y", writes=[b]), tree=tree).pairs) is meet


def test_a_case_folding_tree_follows_links_whatever_their_case() -> None:
    tree = Tree(root="/t", files=("Link", "real/a.py"), links=(Link(path="Link", target="real"),), folds_case=True)
    assert edges(checked(task("a", writes=["LINK/A.py"]), task("b", writes=["real/a.py"]), tree=tree))


def test_a_file_that_is_there_has_nothing_below_it_but_a_folder_has() -> None:
    assert checked(task("a", writes=["docs/a.md"]), task("b", writes=["**/x"])).pairs == ()
    assert only(checked(task("a", writes=["docs"]), task("b", writes=["**/x"]))).kind == "write-write"
    assert only(checked(task("a", writes=["LICENSE"]), task("b", writes=["**/x"]))).paths == ("LICENSE/x",)
    with_it = Tree(root="/t", files=("LICENSE",))
    assert checked(task("a", writes=["LICENSE"]), task("b", writes=["**/x"]), tree=with_it).pairs == ()
