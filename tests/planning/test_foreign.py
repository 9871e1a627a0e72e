"""How tasks stand to living tasks of other runs."""

from __future__ import annotations

import pytest

from forkjoin.model import Claim, Claims, Link, LiveClaims, RunId, Task, TaskId, Tree, to_json
from forkjoin.planning import check, foreign, foreign_pairs, live_claims, others_of, relations
from forkjoin.testing import a_plan, a_task

THERE = RunId("there")
TREE = Tree(root="/r", files=("a.py", "b.py", "lib/c.py"))


def ours(*tasks, subdir="", tree=TREE):
    plan = a_plan(*tasks)
    return live_claims(RunId("here"), plan, check(plan, tree).tasks, subdir=subdir)


def theirs(*tasks, run=THERE, tree=TREE):
    plan = a_plan(*tasks)
    return live_claims(run, plan, check(plan, tree).tasks)


def pairs(mine, other, *, policy="isolate", clonable=True, tree=TREE):
    return foreign_pairs(mine, other, tree, policy=policy, clonable=clonable)


def test_two_tasks_that_write_one_file_meet_and_ours_waits():
    (pair,) = pairs(ours(a_task("x", writes=["a.py"])), theirs(a_task("y", writes=["a.py"])))
    assert (pair.task, pair.run, pair.other, pair.kind, pair.paths) == ("x", "there", "y", "write-write", ("a.py",))
    assert pair.waits
    assert pair.evidence == "task y of run there writes a.py, too"


@pytest.mark.parametrize(
    ("mine", "other", "path"),
    [
        ("lib/*.py", "lib/c.py", "lib/c.py"),
        ("lib/c.py", "lib/**", "lib/c.py"),
        ("**", "deep/down/x", "deep/down/x"),
        ("deep/down/x", "**", "deep/down/x"),
        ("lib", "lib/c.py", "lib/c.py"),
        ("lib/c.py", "lib", "lib/c.py"),
        ("{a,q}.py", "[a-c].py", "a.py"),
    ],
)
def test_globs_and_folders_meet_from_either_side(mine, other, path):
    (pair,) = pairs(ours(a_task("x", writes=[mine])), theirs(a_task("y", writes=[other])))
    assert pair.paths == (path,)


def test_tasks_apart_do_not_meet():
    assert pairs(ours(a_task("x", writes=["a.py"])), theirs(a_task("y", writes=["b.py", "lib/**"]))) == ()


def test_a_link_leads_to_the_same_file():
    tree = Tree(root="/r", files=("a.py", "link.py"), links=(Link(path="link.py", target="a.py"),))
    mine, other = ours(a_task("x", writes=["link.py"]), tree=tree), theirs(a_task("y", writes=["a.py"]), tree=tree)
    assert [pair.kind for pair in pairs(mine, other, tree=tree)] == ["write-write"]


def test_case_is_folded_where_the_tree_folds_it():
    mine, other = ours(a_task("x", writes=["A.py"])), theirs(a_task("y", writes=["a.py"]))
    assert pairs(mine, other) == ()
    assert len(pairs(mine, other, tree=Tree(root="/r", folds_case=True))) == 1


def test_one_that_reads_what_another_writes_is_noted_and_does_not_wait():
    found = pairs(
        ours(a_task("x", reads=["a.py"], writes=["q"]), a_task("z", writes=["b.py"])),
        theirs(a_task("y", writes=["a.py"], reads=["b.py"])),
    )
    assert [(pair.task, pair.kind, pair.waits) for pair in found] == [
        ("x", "write-read", False),
        ("z", "write-read", False),
    ]


def test_where_no_clone_can_be_made_readers_and_unknown_writers_wait_too():
    mine = ours(a_task("x", reads=["a.py"], writes=["q"]), Task(id="z", command=["make"]))
    other = theirs(a_task("y", writes=["a.py"]))
    assert {(pair.task, pair.kind, pair.waits) for pair in pairs(mine, other, clonable=False)} == {
        ("x", "write-read", True),
        ("z", "unknown-writes", True),
    }


def test_two_that_hold_one_resource_meet():
    (pair,) = pairs(
        ours(a_task("x", writes=[], resources=["port:1", "db"])), theirs(a_task("y", writes=[], resources=["port:1"]))
    )
    assert (pair.kind, pair.paths, pair.waits) == ("resource", ("port:1",), True)
    assert pair.evidence == "task y of run there holds port:1, too"


def test_under_trust_nobody_waits():
    found = pairs(ours(a_task("x", writes=["a.py"])), theirs(a_task("y", writes=["a.py"])), policy="trust")
    assert [pair.waits for pair in found] == [False]
    assert others_of(found) == {}


def test_unknown_writers_run_side_by_side_and_only_strict_minds():
    mine, other = ours(a_task("x", writes=["a.py"])), theirs(Task(id="y", command=["make"]))
    assert pairs(mine, other) == ()
    (pair,) = pairs(mine, other, policy="strict")
    assert (pair.kind, pair.waits) == ("unknown-writes", False)


def test_what_writes_nothing_and_holds_nothing_claims_nothing():
    assert ours(a_task("x", writes=[]), a_task("y", reads=["a.py"], writes=[]), a_task("z", agent="static")) == ()


def test_a_function_claims_where_it_says_what_it_writes():
    rows = ours(Task(id="x", function="m:f"), Task(id="y", function="m:f", writes=["a.py"]))
    assert [row.claims.id for row in rows] == ["y"]


def test_claims_are_named_from_the_top_of_the_repository():
    (row,) = ours(a_task("x", writes=["a.py"], reads=["lib/**"]), subdir="app/[id]")
    assert [claim.path for claim in (*row.claims.writes, *row.claims.reads)] == [
        "app/\\[id\\]/a.py",
        "app/\\[id\\]/lib/**",
    ]
    (pair,) = pairs((row,), theirs(a_task("y", writes=["app/*/a.py"])))
    assert pair.paths == ("app/[id]/a.py",)


def test_names_that_are_no_utf8_can_be_written_down_and_still_meet():
    mine = ours(a_task("x", writes=["a\udcff.py"], resources=["\udcff"]))
    to_json(mine)
    assert [pair.kind for pair in pairs(mine, theirs(a_task("y", writes=["a\udcff.py"])))] == ["write-write"]


def test_each_other_run_is_named():
    rows = (*theirs(a_task("y", writes=["a.py"])), *theirs(a_task("y", writes=["a.py"]), run=RunId("else")))
    found = pairs(ours(a_task("x", writes=["a.py"])), rows)
    assert [(other.run, other.task) for other in others_of(found)[TaskId("x")]] == [("else", "y"), ("there", "y")]


def test_of_several_reasons_the_strongest_stays_with_its_paths():
    (pair,) = pairs(
        ours(a_task("x", writes=["a.py", "b.py"], resources=["db"])),
        theirs(a_task("y", writes=["a.py", "b.py"], resources=["db"], reads=["a.py"])),
    )
    assert (pair.kind, pair.paths) == ("write-write", ("a.py", "b.py"))


def test_where_too_many_meet_a_task_waits_for_the_whole_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(foreign, "MOST_PAIRS", 5)
    mine = ours(*(a_task(f"x{n}", writes=["a.py"]) for n in range(3)))
    other = theirs(*(a_task(f"y{n}", writes=["a.py"]) for n in range(3)))
    found = pairs(mine, other)
    assert [(pair.task, pair.other, pair.waits) for pair in found] == [(f"x{n}", "", True) for n in range(3)]
    assert "run there writes a.py" in found[0].evidence


def test_where_there_is_too_much_to_compare_writers_wait_for_all_writers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relations, "MAX_WORK", 0)
    mine = ours(a_task("x", writes=["lib/*a*.py"]), a_task("z", writes=[], resources=["q"]))
    found = pairs(mine, theirs(a_task("y", writes=["lib/*b*.py"])))
    assert ("x", "y", True) in [(pair.task, pair.other, pair.waits) for pair in found]
    assert "z" not in [pair.task for pair in found]


def test_many_claims_are_compared_by_their_beginnings_not_all_with_all():
    def rows(run, count, folder):
        return [
            LiveClaims(
                run=RunId(run),
                claims=Claims(
                    id=TaskId(f"t{n}"), reads=(), bounded=True,
                    writes=(Claim(path=f"{folder}{n}/**/*.py", why="declared", confidence=1.0),),
                ),
            )
            for n in range(count)
        ]  # fmt: skip

    relations_work = []
    for count in (500, 5_000):
        found = relations.relations_between(
            [row.claims for row in rows("a", count, "p")], [row.claims for row in rows("b", count, "p")], TREE
        )
        relations_work.append(len(found.found))
        assert found.complete
    assert relations_work == [500, 5_000]
