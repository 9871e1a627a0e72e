from __future__ import annotations

from forkjoin.model import Change, Changes, Edge, TaskId, TaskView
from forkjoin.synthesis import render_markdown, report
from forkjoin.synthesis.overlaps import overlaps
from forkjoin.testing import a_task, a_view


def changed(name: str, *paths: str) -> TaskView:
    files = tuple(Change(path=path, how="modified") for path in paths)
    return TaskView(task=a_task(name), number=1, state="completed", changes=Changes(files=files))


def test_a_file_that_two_unordered_tasks_changed_is_told_and_others_are_not():
    view = a_view(changed("a", "x.py", "only-a.py"), changed("b", "x.py"))
    (said,) = overlaps(view)
    assert said.startswith("x.py was changed by a and b, side by side")
    assert "x.py was changed by a and b" in render_markdown(report(view, [], not_looked_at=("-",)))


def test_what_was_ordered_did_not_happen_side_by_side():
    edge = Edge(first=TaskId("a"), then=TaskId("b"), kind="after")
    assert overlaps(a_view(changed("a", "x.py"), changed("b", "x.py"), edges=(edge,))) == ()


def test_of_three_of_which_two_were_ordered_the_third_still_overlaps():
    edge = Edge(first=TaskId("a"), then=TaskId("b"), kind="after")
    view = a_view(changed("a", "x.py"), changed("b", "x.py"), changed("c", "x.py"), edges=(edge,))
    assert len(overlaps(view)) == 1
