"""How a task that waits for another run is shown."""

from __future__ import annotations

from forkjoin.journal import run_view, timeline
from forkjoin.model import (
    Awaited,
    Completed,
    Edge,
    Ended,
    Freed,
    Options,
    Other,
    Overlapped,
    Planned,
    Recorded,
    Running,
    Starting,
    StopAsked,
)
from forkjoin.testing import a_plan


def other(task="t", run="r9", paths=("src/a.py",), kind="write-write"):
    return Other(run=run, task=task, kind=kind, paths=paths)


def view(*events, edges=()):
    planned = Planned(
        run="r1", plan=a_plan("a", "b"), edges=edges, claims=(), tree="/t", repository="/t", options=Options(),
        version="0",
    )  # fmt: skip
    told = enumerate((planned, *events), 1)
    return run_view(Recorded(seq=seq, at=float(seq - 1), event=event) for seq, event in told)


def test_it_says_with_whom_it_is_in_conflict_and_over_what():
    found = view(Awaited(task="a", others=(other(),)))
    assert found.task("a").why == "conflict with r9/t: src/a.py"
    assert found.task("a").waits_for_others == ("r9/t",)
    assert found.task("b").why == "waits for a slot"


def test_a_whole_run_is_named_as_such():
    assert view(Awaited(task="a", others=(other(task=""),))).task("a").why == "conflict with run r9: src/a.py"


def test_a_name_that_moves_the_cursor_is_spelled():
    odd, told = "a\x1b[31mred\nb", "a\\x1b[31mred\\nb"
    assert view(Awaited(task="a", others=(other(paths=(odd,)),))).task("a").why == f"conflict with r9/t: {told}"
    edge = Edge(first="a", then="b", kind="write-write", paths=(odd,))
    assert view(edges=(edge,)).task("b").why == f"waits for a (writes {told} too)"
    both = [Starting(task=name, attempt=1) for name in "ab"]
    met = view(*both, Overlapped(task="b", attempt=1, first="a", paths=(odd,)))
    assert met.task("b").action == f"overlap: a changed the same: {told}"


def test_many_are_counted():
    others = tuple(other(task=f"t{n}", paths=(f"p{n}",)) for n in range(5))
    assert view(Awaited(task="a", others=others)).task("a").why == (
        "conflict with r9/t0, r9/t1, r9/t2 and 2 more: p0, p1, p2"
    )


def test_its_own_predecessors_are_named_too():
    edge = Edge(first="a", then="b", kind="after")
    why = view(Awaited(task="b", others=(other(),)), edges=(edge,)).task("b").why
    assert why == "waits for a (after); conflict with r9/t: src/a.py"


def test_a_demand_to_stop_goes_before():
    found = view(Awaited(task="a", others=(other(),)), StopAsked(task="a", reason="enough"))
    assert found.task("a").why == "stop asked: enough"


def test_the_time_it_waited_has_its_cause():
    events = (
        Awaited(task="a", others=(other(),)),
        Freed(task="a"),
        Starting(task="a", attempt=1),
        Running(task="a", attempt=1),
        Ended(task="a", attempt=1, outcome=Completed()),
    )
    found = view(*events)
    (hold,) = found.task("a").waits
    assert (hold.cause, hold.started, hold.ended) == ("other run", 1.0, 2.0)
    assert timeline(found).spans[0].waits == (hold,)


def test_one_that_waits_anew_has_two_holds():
    found = view(Awaited(task="a", others=(other(),)), Awaited(task="a", others=(other(task="u"),)))
    assert [(hold.started, hold.ended) for hold in found.task("a").waits] == [(1.0, 2.0), (2.0, None)]
    assert found.task("a").why == "conflict with r9/u: src/a.py"


def test_a_start_or_an_end_closes_the_hold():
    found = view(Awaited(task="a", others=(other(),)), Ended(task="a", attempt=0, outcome=Completed()))
    assert found.task("a").waits[0].ended == 2.0
    assert found.task("a").waits_for_others == ()


def test_what_could_not_be_looked_at_is_among_the_notes_once():
    found = view(Freed(task="a", note="not looked at"), Freed(task="b", note="not looked at"))
    assert found.notes == ("not looked at",)


def test_nobody_to_wait_for_is_no_waiting():
    assert view(Awaited(task="a", others=())).task("a").waits == ()
