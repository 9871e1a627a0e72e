from __future__ import annotations

from itertools import pairwise

from msgspec.structs import replace

from forkjoin.model import Change, Changes, Edge, Finding, Met, TaskId, TaskView
from forkjoin.synthesis import render_markdown, report
from forkjoin.synthesis.overlaps import clashes, overlaps
from forkjoin.testing import a_task, a_view


def changed(name: str, *paths: str) -> TaskView:
    files = tuple(Change(path=path, how="modified") for path in paths)
    return TaskView(task=a_task(name), number=1, state="completed", changes=Changes(files=files))


def test_a_file_that_two_unordered_tasks_changed_is_told_and_others_are_not():
    view = a_view(changed("a", "x.py", "only-a.py"), changed("b", "x.py"))
    (said,) = overlaps(clashes(view))
    assert said.startswith("x.py was changed by a and b, side by side")
    assert "x.py was changed by a and b" in render_markdown(report(view, [], not_looked_at=("-",)))


def test_what_was_ordered_did_not_happen_side_by_side():
    edge = Edge(first=TaskId("a"), then=TaskId("b"), kind="after")
    assert clashes(a_view(changed("a", "x.py"), changed("b", "x.py"), edges=(edge,))) == ()


def test_of_three_of_which_two_were_ordered_the_third_still_overlaps():
    edge = Edge(first=TaskId("a"), then=TaskId("b"), kind="after")
    view = a_view(changed("a", "x.py"), changed("b", "x.py"), changed("c", "x.py"), edges=(edge,))
    assert len(clashes(view)) == 1


def test_an_order_through_a_third_task_is_an_order():
    edges = tuple(Edge(first=TaskId(one), then=TaskId(two), kind="after") for one, two in ("ab", "bc"))
    assert clashes(a_view(changed("a", "x.py"), changed("b"), changed("c", "x.py"), edges=edges)) == ()
    assert clashes(a_view(changed("c", "x.py"), changed("b", "x.py"), changed("a", "x.py"), edges=edges)) == ()


def test_the_findings_of_a_file_stand_beside_its_clash():
    found = [Finding(id=id_, title="t", severity="low", path=path) for id_, path in (("F1", "x.py"), ("F2", "y.py"))]
    (clash,) = clashes(a_view(changed("a", "x.py"), changed("b", "x.py")), found)
    assert (clash.path, clash.tasks, clash.findings) == ("x.py", ("a", "b"), ("F1",))


def test_what_is_not_told_in_words_is_counted():
    paths = [f"{n}.py" for n in range(25)]
    said = overlaps(clashes(a_view(changed("a", *paths), changed("b", *paths))))
    assert len(said) == 21
    assert said[-1] == "5 more files were changed side by side"


def test_a_long_chain_and_many_beside_one_another_are_told_apart_quickly():
    names = [f"t{n}" for n in range(500)]
    chain = tuple(Edge(first=TaskId(a), then=TaskId(b), kind="write-write") for a, b in pairwise(names))
    tasks = [changed(name, "x.py") for name in names]
    assert clashes(a_view(*tasks, edges=chain)) == ()
    assert len(clashes(a_view(*tasks))) == 1


def test_what_both_had_changed_while_they_ran_and_one_put_back_is_told_too():
    one = replace(changed("a", "x.py"), number=1, overlaps=(Met(task=TaskId("b"), paths=("x.py", "y.py")),))
    two = replace(changed("b", "x.py"), number=2, overlaps=(Met(task=TaskId("a"), paths=("x.py", "y.py")),))
    said = overlaps(clashes(a_view(one, two)), (one, two))
    assert len(said) == 2
    assert said[1].startswith("y.py was changed by a and b while both ran")
