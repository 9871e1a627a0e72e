"""Whatever board, caps, order, retries and rests: the wall is the ideal and what was lost."""

from __future__ import annotations

from collections import Counter

import pytest
from accounting.virtual import Takes, Virtual
from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.accounting import account
from forkjoin.journal import timeline
from forkjoin.model import Account, Edge, Options, Plan, RunView, Task

SECONDS = st.integers(0, 12).map(lambda halves: halves / 2)


def of(view: RunView) -> Account:
    assert view.ended is not None
    return account(timeline(view), now=view.ended)


def causes(found: Account) -> dict[str, float]:
    lost: Counter[str] = Counter()
    for one in found.lost:
        lost[one.cause] += round(one.seconds, 6)
    return dict(lost)


def virtual(*tasks: Task, edges=(), slots=None, cores=8.0, away=(), **takes: Takes | float) -> Virtual:
    known = {name: one if isinstance(one, Takes) else Takes(work=one) for name, one in takes.items()}
    return Virtual(
        plan=Plan(tasks=tasks or tuple(Task(id=name, shell=name) for name in known)), takes=known, edges=edges,
        options=Options(max_parallel=slots, cores=cores), away=away,
    )  # fmt: skip


@st.composite
def runs(draw) -> Virtual:
    names = [f"t{number}" for number in range(draw(st.integers(1, 7)))]
    kinds = st.sampled_from(["after", "output", "write-write", "write-read", "unknown", "resource"])
    edges = tuple(
        Edge(first=first, then=name, kind=draw(kinds))
        for number, name in enumerate(names)
        for first in names[:number]
        if draw(st.integers(0, 3)) == 0
    )
    tasks = [
        Task(id=name, shell="same" if draw(st.booleans()) else name, cpu=draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])),
             retries=9, estimate=draw(st.sampled_from([None, None, 1.0])))
        for name in names
    ]  # fmt: skip
    takes = {
        name: Takes(work=draw(SECONDS), setup=draw(st.sampled_from([0.0, 0.5, 3.0])), fails=draw(st.integers(0, 2)))
        for name in names
    }
    away = ((since := draw(SECONDS), since + draw(SECONDS)),) if draw(st.booleans()) else ()
    return virtual(
        *tasks, edges=edges, slots=draw(st.sampled_from([None, 1, 2, 3])), cores=draw(st.sampled_from([1.0, 2.0])),
        away=away, **takes,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(runs(), st.lists(st.tuples(SECONDS, st.integers(0, 6)), max_size=2))
def test_the_wall_is_the_ideal_and_what_was_lost(run: Virtual, asked) -> None:
    view = run.drive()
    for rest, number in asked:
        view = run.again([view.tasks[number % len(view.tasks)].id], after=rest)
    found = of(view)
    assert found.ideal_s + sum(one.seconds for one in found.lost) == pytest.approx(found.wall_s, abs=1e-6)
    rested = sum(one.seconds for one in found.rests)
    assert rested == pytest.approx(sum(rest for rest, _ in asked), abs=1e-6)
    assert view.ended is not None
    assert found.wall_s + rested == pytest.approx(view.ended - view.started, abs=1e-6)
    assert all(0 < one.seconds <= one.waited for one in found.lost)
    longest = max(run.takes[task.id].work for task in view.tasks)
    assert found.ideal_s <= longest + 1e-6
    if all(task.task.estimate is None and task.task.shell != "same" for task in view.tasks):  # no stragglers
        assert found.ideal_s == pytest.approx(longest, abs=1e-6)
    assert found.sum_s >= found.ideal_s - 1e-6


def test_a_cap_of_places_costs_what_it_made_the_run_longer() -> None:
    assert causes(of(virtual(slots=1, a=2, b=3).drive())) == {"cap": 2.0}
    found = of(virtual(slots=2, **{f"t{n}": 2 for n in range(10)}).drive())
    assert (found.wall_s, found.ideal_s, causes(found)) == (10.0, 2.0, {"cap": 8.0})


def test_a_cap_of_cores_does_too() -> None:
    tasks = [Task(id=name, shell=name, cpu=2.0) for name in "abc"]
    found = of(virtual(*tasks, cores=2.0, a=5, b=1, c=2).drive())
    assert (found.wall_s, found.ideal_s, causes(found)) == (8.0, 5.0, {"cap": 3.0})
    assert {one.detail for one in found.lost} == {"for free cores (of 2)"}


def test_a_resource_does_too() -> None:
    edges = [Edge(first="a", then="b", kind="resource", paths=("port:1",))]
    found = of(virtual(edges=edges, a=5, b=1).drive())
    assert (found.wall_s, found.ideal_s, causes(found)) == (6.0, 5.0, {"resource": 1.0})
    assert found.lost[0].said == "resource: b waited for a (port:1), 5.0 s in all"


def test_retries_set_up_and_a_conflict_in_one_chain() -> None:
    edges = [Edge(first="a", then="b", kind="write-write", paths=("f",))]
    run = virtual(
        *(Task(id=name, shell=name, retries=1) for name in "ab"),
        edges=edges, a=Takes(work=4, setup=3), b=Takes(work=1, fails=1),
    )  # fmt: skip
    found = of(run.drive())
    assert (found.wall_s, found.ideal_s) == (9.0, 4.0)
    assert causes(found) == {"set-up": 3.0, "retry": 1.0, "conflict": 1.0}


def test_an_owner_that_was_stopped_is_seen_where_its_stop_was_written_down() -> None:
    found = of(virtual(a=2, away=[(1.0, 7.0)]).drive())
    assert causes(found) == {"overhead": 5.0}  # nobody said why it was late


def test_a_night_between_a_run_and_its_retry_is_a_rest() -> None:
    run = virtual(a=10, b=3)
    run.drive()
    found = of(run.again(["b"], after=3600.0))
    assert (found.wall_s, found.ideal_s, found.sum_s) == (13.0, 10.0, 16.0)
    assert causes(found) == {"retry": 3.0}
    assert [(one.cause, one.seconds, one.detail) for one in found.rests] == [
        ("rest", 3600.0, "over, until a person asked for more")
    ]
