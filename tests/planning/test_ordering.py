"""Edges are few: only between neighbours where the rest follows, and never one that says nothing new."""

from __future__ import annotations

from typing import Any

import pytest

from forkjoin.model import Check, Plan, Task, Tree
from forkjoin.planning import check, ordering

TREE = Tree(root="/t", files=("src/a.py",))


def task(name: str, **fields: Any) -> Task:
    return Task(**{"id": name, "task": "do it", "writes": [], **fields})


def checked(*tasks: Task, tree: Tree = TREE, **given: Any) -> Check:
    return check(Plan(tasks=tasks), tree, **given)


def edges(found: Check) -> set[tuple[str, str, str]]:
    return {(edge.first, edge.then, edge.kind) for edge in found.edges}


def test_a_reader_between_writers_waits_for_the_one_before_and_holds_up_only_the_next() -> None:
    found = checked(
        task("w1", writes=["src/a.py"]), task("r", reads=["src/a.py"]), task("w2", writes=["src/a.py"]),
        task("w3", writes=["src/a.py"]), clonable=False,
    )  # fmt: skip
    assert edges(found) == {
        ("w1", "r", "write-read"), ("r", "w2", "write-read"), ("w1", "w2", "write-write"), ("w2", "w3", "write-write"),
    }  # fmt: skip


def test_who_makes_a_path_itself_stands_in_line_with_the_makers_not_the_readers() -> None:
    found = checked(task("m", writes=["x"]), task("b", writes=["x"], reads=["x"]), task("r", reads=["x"]))
    assert edges(found) == {("m", "b", "write-write"), ("b", "r", "output")}


def test_two_groups_that_meet_are_linked_where_the_order_changes_from_one_to_the_other() -> None:
    left, right = {"writes": ["d/x*"]}, {"writes": ["d/*y"]}
    found = checked(task("a", **left), task("b", **right), task("c", **right), task("d", **left), task("e", **left))
    assert edges(found) == {
        ("a", "b", "write-write"), ("b", "c", "write-write"), ("c", "d", "write-write"), ("d", "e", "write-write"),
        ("a", "d", "write-write"),
    }  # fmt: skip
    assert found.waves == (("a",), ("b",), ("c",), ("d",), ("e",))


def test_a_task_of_both_groups_links_them() -> None:
    found = checked(
        task("a", writes=["d/x*"]),
        task("b", writes=["d/x*", "d/*y"]),
        task("c", writes=["d/*y"]),
        task("d", writes=["d/x*"]),
    )
    assert found.waves == (("a",), ("b",), ("c",), ("d",))


def test_a_reader_between_two_makers_reads_the_first_and_goes_before_the_second_under_after() -> None:
    found = checked(task("m1", writes=["x"]), task("r", reads=["x"]), task("m2", writes=["x"], after=["r"]))
    assert edges(found) == {("m1", "r", "output"), ("r", "m2", "after"), ("m1", "m2", "write-write")}


def test_a_ring_that_a_reader_closes_puts_it_between_the_makers() -> None:
    found = checked(
        task("m1", writes=["x"], reads=["y"]),
        task("r", reads=["x"], writes=["y"]),
        task("m2", writes=["x"], reads=["y"]),
    )
    assert found.waves == (("m1",), ("r",), ("m2",))


@pytest.mark.parametrize("read", ["src/*.py", "src/**", "src/a.py", "SRC/A.PY", "Src"])
def test_where_case_folds_a_read_is_found_in_whatever_case_it_lies(read: str) -> None:
    tree = Tree(root="/t", files=("SRC/a.py",), folds_case=True)
    found = checked(task("r", reads=[read]), task("w", writes=["src/**"]), tree=tree)
    assert [pair.kind for pair in found.pairs] == ["write-read"]


def test_a_path_that_only_begins_like_a_folder_is_not_below_it() -> None:
    tree = Tree(root="/t", files=("src-old/a.py", "src.py", "src/a.txt", "srcx/a.py"))
    found = checked(task("r", reads=["src/*.py"]), task("w", writes=["src/**"]), tree=tree)
    assert [pair.kind for pair in found.pairs] == ["output"]


# Where claims meet so often that edges would be too many, all that meet stand in one chain.


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "FEW", 0)
    monkeypatch.setattr(ordering, "PER_CLAIM", 0)


@pytest.mark.usefixtures("coarse")
def test_coarsely_all_that_meet_through_others_are_one_chain() -> None:
    found = checked(
        task("a", writes=["d/x*"]), task("b", writes=["d/*y"]), task("free", writes=["src/a.py"]),
        task("c", writes=["d/*y"]),
        task("e", writes=["other"]), task("f", writes=["other"]),
    )  # fmt: skip
    assert [(edge.first, edge.then) for edge in found.edges] == [("a", "b"), ("b", "c"), ("e", "f")]
    assert "narrow the claims" in found.advice[-1]


@pytest.mark.usefixtures("coarse")
def test_coarsely_makers_still_come_before_their_readers() -> None:
    found = checked(task("r1", reads=["x"]), task("r2", reads=["x"]), task("m", writes=["x"]))
    assert found.waves == (("m",), ("r1",), ("r2",))


@pytest.mark.usefixtures("coarse")
def test_coarsely_after_is_kept() -> None:
    found = checked(task("a", writes=["x"], after=["b"]), task("b", writes=["x"]))
    assert edges(found) == {("b", "a", "after")}


def test_few_meetings_are_never_tied_coarsely() -> None:
    found = checked(*(task(f"t{n}", writes=["x"]) for n in range(100)))
    assert not any("narrow the claims" in line for line in found.advice)
