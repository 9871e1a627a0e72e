"""Each lost second has one cause."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.accounting import account
from forkjoin.accounting.stretches import stretches, windows
from forkjoin.accounting.working import Workings
from forkjoin.model import Cap, Edge, Hold, Span, Timeline, Try


def span(task, started, ended, *, ready=0.0, launched=None, edges=(), tries=(), **more):
    return Span(
        task=task, ready=ready, started=started, ended=ended, launched=launched, edges=edges,
        after=tuple(edge.first for edge in edges), tries=tries, **more,
    )  # fmt: skip


def behind(first, then, kind="after", *paths):
    return Edge(first=first, then=then, kind=kind, paths=paths)


def lost(*spans, ended, holds=(), slots=None, cores=None):
    timeline = Timeline(started=0.0, ended=ended, spans=spans, holds=holds, slots=slots, cores=cores)
    return {(one.cause, one.detail): round(one.seconds, 6) for one in account(timeline, now=ended).lost}


def causes(*spans, **more):
    found = Counter()
    for (cause, _), seconds in lost(*spans, **more).items():
        found[cause] += seconds
    return dict(found)


def test_five_side_by_side_lose_nothing():
    assert lost(*(span(f"t{n}", 0.0, 30.0) for n in range(5)), ended=30.0) == {}


def test_a_dependency_costs_what_the_other_took():
    spans = span("a", 0.0, 3.0), span("b", 3.0, 7.0, ready=3.0, edges=(behind("a", "b", "output", "api.py"),))
    assert lost(*spans, ended=7.0) == {("dependency", "api.py"): 3.0}


def test_a_conflict_names_its_files():
    spans = span("a", 0.0, 4.0), span("b", 4.0, 8.0, ready=4.0, edges=(behind("a", "b", "write-write", "x", "y"),))
    assert lost(*spans, ended=8.0) == {("conflict", "x, y"): 4.0}


def test_many_files_are_counted():
    edge = behind("a", "b", "write-write", *"stuvwx")
    spans = span("a", 0.0, 4.0), span("b", 4.0, 8.0, ready=4.0, edges=(edge,))
    assert lost(*spans, ended=8.0) == {("conflict", "s, t, u and 3 more"): 4.0}


def test_what_is_not_known_is_a_conflict_and_a_resource_is_its_own_cause():
    for kind, cause in (("unknown", "conflict"), ("resource", "resource"), ("write-read", "conflict")):
        spans = span("a", 0.0, 4.0), span("b", 4.0, 8.0, ready=4.0, edges=(behind("a", "b", kind),))
        assert causes(*spans, ended=8.0) == {cause: 4.0}


def test_a_cap_costs_the_wait_for_a_place():
    spans = [span(name, 0.0, 2.0) for name in "ab"] + [span(name, 2.0, 4.0) for name in "cd"]
    assert lost(*spans, ended=4.0, slots=2) == {("cap", "for a free place (max_parallel 2)"): 2.0}


def test_cores_are_a_cap_of_those_that_burn_them():
    spans = [span("a", 0.0, 2.0, cpu=2.0), span("b", 2.0, 4.0, cpu=1.0)]
    assert lost(*spans, ended=4.0, cores=2.0) == {("cap", "for free cores (of 2)"): 2.0}
    assert causes(*(spans[0], span("b", 2.0, 4.0)), ended=4.0, cores=2.0) == {"overhead": 2.0}


def test_a_cap_of_an_agent_a_model_or_a_provider_holds_its_own_tasks():
    caps = (Cap(kind="agent", name="pi", most=1), Cap(kind="model", name="small", most=5))
    spans = span("a", 0.0, 2.0, caps=caps), span("b", 2.0, 4.0, caps=caps), span("other", 0.0, 3.0)
    assert lost(*spans, ended=4.0) == {("cap", "for a free place (agent pi: at most 1 at once)"): 1.0}
    assert causes(*spans, ended=4.0, slots=1) == {"cap": 1.0}
    assert causes(spans[0], span("b", 2.0, 4.0, caps=caps[1:]), ended=4.0) == {"overhead": 2.0}


def test_what_a_provider_was_seen_to_take_is_its_limit_from_then_on():
    caps = (Cap(kind="provider", name="acme", most=2, since=1.0),)
    spans = [span(name, 0.0, 3.0, caps=caps) for name in "ab"] + [span("c", 3.0, 7.0, caps=caps)]
    detail = "for acme, which takes fewer at once since it sent tasks away"
    assert lost(*spans, ended=7.0) == {("overhead", "launching"): 1.0, ("provider limit", detail): 2.0}
    assert causes(*spans[1:], ended=7.0) == {"overhead": 3.0}


def test_who_was_made_to_stand_still_lost_that_to_the_overlap():
    halts = (Hold(cause="overlap", started=2.0, ended=9.0, detail="paused until a has ended: both changed x"),)
    spans = span("a", 0.0, 9.0), span("b", 0.0, 12.0, halts=halts)
    timeline = Timeline(started=0.0, ended=12.0, spans=spans)
    made = account(timeline, now=12.0)
    (found,) = made.lost
    assert made.sum_s == 9.0 + 5.0
    assert (found.cause, found.seconds, found.waited) == ("overlap", 3.0, 7.0)
    assert found.said == "overlap: b paused until a has ended: both changed x, 7.0 s in all"


def test_who_stood_still_to_its_end_is_no_straggler():
    halts = (Hold(cause="overlap", started=1.0, detail="x"),)
    spans = [span(f"t{n}", 0.0, 1.0, kin="each") for n in range(3)] + [span("b", 0.0, 8.0, kin="each", halts=halts)]
    assert causes(*spans, ended=8.0) == {"overlap": 7.0}


def test_a_wait_that_nothing_explains_is_our_own():
    assert causes(span("a", 2.0, 5.0), span("b", 0.0, 2.0), ended=5.5, slots=8) == {"overhead": 2.5}


def test_a_cap_that_was_full_for_a_part_of_the_wait_costs_that_part():
    spans = span("a", 0.0, 2.0), span("b", 3.0, 6.0)
    assert causes(*spans, ended=6.0, slots=1) == {"cap": 2.0, "overhead": 1.0}


def test_set_up_is_what_lies_between_the_queue_and_the_process():
    assert causes(span("a", 3.0, 5.0, launched=0.0), ended=5.0) == {"set-up": 3.0}


def test_a_retry_costs_what_was_done_before_the_last_attempt():
    tries = (
        Try(launched=0.0, started=0.1, ended=2.0, recorded=2.0),
        Try(launched=2.5, started=3.0, ended=6.0, recorded=6.0),
    )
    assert causes(span("a", 0.1, 6.0, tries=tries), ended=6.0) == {"retry": 2.5, "set-up": 0.5}


def test_memory_and_disk_that_held_launches_are_named():
    holds = (
        Hold(cause="memory", started=1.0, ended=4.0, detail="300 MiB left"),
        Hold(cause="disk", started=3.0, ended=5.0),
    )
    assert lost(span("a", 5.0, 8.0), ended=8.0, holds=holds) == {
        ("memory", "300 MiB left"): 2.0,
        ("disk", ""): 2.0,
        ("overhead", "launching"): 1.0,
    }


def test_another_run_is_a_cause_of_one_task():
    waits = (Hold(cause="other run", started=0.0, ended=4.0, detail="r/t: a.py"),)
    assert lost(span("a", 4.0, 6.0, waits=waits), ended=6.0) == {("other run", "r/t: a.py"): 4.0}


SLOW = ("straggler", "6.0 s where 1.0 s were expected")


def kin(count, *, name="each"):
    return [span(f"t{n}", 0.0, 1.0, kin=name) for n in range(count)]


def test_a_straggler_took_longer_than_the_others_of_its_kin():
    assert lost(*kin(4), span("slow", 0.0, 6.0, kin="each"), ended=6.0) == {SLOW: 5.0}
    assert lost(*kin(2), span("slow", 0.0, 6.0, kin="each"), ended=6.0) == {SLOW: 5.0}


def test_a_straggler_took_longer_than_it_was_estimated():
    assert lost(span("slow", 0.0, 6.0, estimate=1.0), ended=6.0) == {SLOW: 5.0}
    assert lost(*kin(4), span("slow", 0.0, 6.0, kin="each", estimate=6.0), ended=6.0) == {}


def test_a_task_of_which_nobody_knows_how_long_it_takes_is_no_straggler():
    assert lost(*kin(4), span("slow", 0.0, 6.0), ended=6.0) == {}
    assert lost(*kin(4), span("slow", 0.0, 6.0, kin="other"), ended=6.0) == {}
    assert lost(*kin(1), span("slow", 0.0, 6.0, kin="each"), ended=6.0) == {}


def test_what_failed_at_once_says_nothing_of_how_long_its_kin_takes():
    failed = [span(f"t{n}", 0.0, 0.1, kin="each", completed=False) for n in range(4)]
    assert lost(*failed, span("whole", 0.0, 6.0, kin="each"), ended=6.0) == {}
    late = span("late", 0.0, 6.0, kin="each", completed=False)
    assert lost(*kin(3), late, ended=6.0) == {SLOW: 5.0}


def test_a_somewhat_longer_task_is_no_straggler():
    assert lost(*kin(3), span("a", 0.0, 1.4, kin="each"), ended=1.4) == {}


def test_a_straggler_in_the_middle_of_a_chain_is_named_too():
    spans = span("slow", 0.0, 6.0, estimate=1.0), span("then", 6.0, 8.0, ready=6.0, edges=(behind("slow", "then"),))
    assert lost(*spans, ended=8.0) == {SLOW: 5.0, ("dependency", ""): 1.0}


def test_a_straggler_beside_a_longer_task_costs_what_that_does_not_take_anyway():
    spans = span("slow", 0.0, 6.0, estimate=1.0), span("long", 0.0, 5.5)
    assert lost(*spans, ended=6.0) == {SLOW: 0.5}


def test_two_stragglers_do_not_hide_one_another():
    spans = [*kin(3), span("s1", 0.0, 6.0, kin="each"), span("s2", 0.0, 6.1, kin="each")]
    assert causes(*spans, ended=6.1) == {"straggler": 5.1}


def test_waits_for_a_provider_are_named_and_are_no_fault_of_the_task():
    limits = (
        Hold(cause="provider limit", started=1.0, ended=3.0, detail="for mock (429)"),
        Hold(cause="provider limit", started=2.0, ended=4.0, detail="for mock (429)"),
        Hold(cause="provider limit", started=9.0, ended=99.0, detail="for mock (429)"),
    )
    slow = span("slow", 0.0, 10.0, kin="each", limits=limits)
    assert lost(*kin(3), slow, ended=10.0) == {
        ("provider limit", "for mock (429)"): 5.0, ("straggler", "5.0 s where 1.0 s were expected"): 4.0,
    }  # fmt: skip


def test_an_owner_that_was_away_is_named():
    tries = (Try(launched=0.0, started=0.0, ended=2.0, recorded=7.0),)
    stopped = Hold(cause="owner", started=1.0, ended=6.9, detail="stopped")
    assert lost(span("a", 0.0, 7.0, tries=tries), ended=7.0) == {("overhead", "taking in its result"): 5.0}
    assert lost(span("a", 0.0, 7.0, tries=tries), ended=7.0, holds=(stopped,)) == {
        ("owner", "stopped"): 4.9, ("overhead", "taking in its result"): 0.1,
    }  # fmt: skip


def test_an_owner_that_was_away_while_a_task_ran_cost_nothing():
    stopped = Hold(cause="owner", started=1.0, ended=6.9, detail="stopped")
    assert lost(span("a", 0.0, 7.0), ended=7.0, holds=(stopped,)) == {}


def test_a_place_that_was_free_while_the_owner_was_away_is_no_cap():
    a = span("a", 0.0, 2.0, tries=(Try(launched=0.0, started=0.0, ended=2.0, recorded=7.0),))
    stopped = Hold(cause="owner", started=1.0, ended=7.0, detail="stopped")
    assert causes(a, span("b", 7.0, 9.0), ended=9.0, slots=1, holds=(stopped,)) == {"cap": 2.0, "owner": 5.0}


def test_a_rest_is_no_loss_and_no_part_of_the_wall():
    first, then = Try(launched=0.0, started=0.0, ended=2.0, recorded=2.0), Try(
        launched=100.5, started=101.0, ended=103.0, recorded=103.0
    )  # fmt: skip
    spans = (
        span("a", 101.0, 103.0, ready=100.0, launched=100.5, tries=(then,), earlier=(first,)),
        span("b", 0.0, 3.0),
    )
    rest = Hold(cause="rest", started=4.0, ended=100.0, detail="over")
    timeline = Timeline(started=0.0, ended=104.0, spans=spans, rests=(rest,))
    result = account(timeline, now=104.0)
    assert (result.wall_s, result.sum_s, result.ideal_s) == (8.0, 7.0, 3.0)
    assert [(one.cause, one.seconds) for one in result.rests] == [("rest", 96.0)]
    assert {(one.cause, one.detail): one.seconds for one in result.lost} == {
        ("overhead", "joining the results"): 2.0, ("retry", "asked for again"): 2.0,
        ("set-up", ""): 0.5, ("overhead", "launching"): 0.5,
    }  # fmt: skip


def test_a_chain_is_charged_to_why_each_was_behind():
    """The longest task has to be done anyway; what is behind it costs its own time."""
    spans = (
        span("one", 0.0, 4.0),
        span("two", 4.0, 7.0, ready=4.0, edges=(behind("one", "two", "write-write", "f"),)),
        span("cool", 7.0, 8.0, ready=7.0, edges=(behind("two", "cool"),)),
    )
    result = account(Timeline(started=0.0, ended=8.0, spans=spans), now=8.0)
    assert result.ideal_s == 4.0
    assert {one.cause: (one.seconds, one.waited) for one in result.lost} == {
        "conflict": (3.0, 4.0), "dependency": (1.0, 3.0),
    }  # fmt: skip
    assert [one.said for one in result.lost] == [
        "conflict: two waited for one (f), 4.0 s in all", "dependency: cool waited for two, 3.0 s in all",
    ]  # fmt: skip


def test_a_long_task_beside_the_chain_has_to_be_done_anyway():
    spans = (
        span("a", 0.0, 3.0),
        span("b", 3.0, 6.0, ready=3.0, edges=(behind("a", "b"),)),
        span("long", 0.0, 5.0),
    )
    result = account(Timeline(started=0.0, ended=6.0, spans=spans), now=6.0)
    assert result.ideal_s == 5.0
    assert [(one.cause, one.seconds, one.waited) for one in result.lost] == [("dependency", 1.0, 3.0)]


def test_causes_add_up_along_the_chain():
    a = span("a", 5.0, 8.0, launched=2.0, tries=(Try(launched=2.0, started=5.0, ended=8.0, recorded=8.0),))
    b = span("b", 8.5, 10.0, ready=8.0, launched=8.5, edges=(behind("a", "b", "write-write", "f"),))
    x = span("x", 0.0, 2.0)
    assert causes(x, a, b, ended=10.5, slots=1) == {"cap": 2.0, "set-up": 3.0, "conflict": 1.5, "overhead": 1.0}


def test_a_run_of_which_nothing_started_lost_all_of_it():
    assert causes(Span(task="a", ready=0.0, started=None, ended=None), ended=3.0) == {"overhead": 3.0}


def test_what_still_runs_is_counted_up_to_now():
    timeline = Timeline(started=0.0, ended=None, spans=(span("a", 1.0, None, launched=0.0),))
    result = account(timeline, now=5.0)
    assert (result.wall_s, result.sum_s, [one.cause for one in result.lost]) == (5.0, 4.0, ["set-up"])


def test_the_ideal_is_the_longest_task():
    spans = [
        span("a", 0.0, 3.0),
        span("b", 3.0, 7.0, ready=3.0, edges=(behind("a", "b"),)),
        span("c", 7.0, 9.0, ready=7.0, edges=(behind("b", "c", "write-write", "f"),)),
    ]
    timeline = Timeline(started=0.0, ended=9.0, spans=tuple(spans))
    assert account(timeline, now=9.0).ideal_s == 4.0


def test_a_circle_in_the_order_ends_the_walk():
    spans = [span("a", 5.0, 6.0, edges=(behind("b", "a"),)), span("b", 5.0, 6.0, edges=(behind("a", "b"),))]
    timeline = Timeline(started=0.0, ended=6.0, spans=tuple(spans))
    result = account(timeline, now=6.0)
    assert (result.ideal_s, sum(one.seconds for one in result.lost)) == (1.0, 5.0)


def test_work_that_is_to_be_done_again_was_no_ideal():
    earlier = (Try(launched=1.0, started=2.0, ended=3.0, recorded=3.0),)
    again = Span(task="a", ready=3.0, started=None, ended=None, earlier=earlier)
    result = account(Timeline(started=1.0, ended=None, spans=(again,)), now=3.0)
    assert {one.cause: one.seconds for one in result.lost} == {"set-up": 1.0, "retry": 1.0}
    assert (result.wall_s, result.ideal_s) == (2.0, 0.0)


TIMES = st.floats(min_value=-5, max_value=50, allow_nan=False)


@st.composite
def rests(draw):
    moments = sorted(draw(st.lists(TIMES, max_size=4)))
    return tuple(
        Hold(cause="rest", started=s, ended=e) for s, e in zip(moments[::2], moments[1::2], strict=False) if s >= 0
    )


@st.composite
def timelines(draw):
    names = [f"t{n}" for n in range(draw(st.integers(1, 6)))]
    spans = []
    for number, name in enumerate(names):
        edges = tuple(
            behind(first, name, draw(st.sampled_from(["after", "output", "write-write", "unknown", "resource"])))
            for first in names[:number]
            if draw(st.booleans())
        )
        moments = sorted(draw(st.lists(TIMES, min_size=4, max_size=4)))
        launched, started, ended, recorded = moments
        tries = (
            (Try(launched=launched, started=started, ended=ended, recorded=recorded),) if draw(st.booleans()) else ()
        )
        spans.append(
            span(name, started, draw(st.sampled_from([ended, None])), ready=draw(TIMES), launched=launched,
                 edges=edges, tries=tries, cpu=draw(st.sampled_from([0.0, 1.0])),
                 earlier=draw(st.sampled_from([(), (Try(launched=1.0, started=2.0, ended=3.0, recorded=4.0),)])),
                 kin=draw(st.sampled_from(["", "k"])), estimate=draw(st.sampled_from([None, 0.5])),
                 limits=draw(st.sampled_from([(), (Hold(cause="provider limit", started=1.0, ended=9.0),)])),
                 halts=draw(st.sampled_from([(), (Hold(cause="overlap", started=3.0), )])),
                 caps=draw(st.sampled_from([(), (Cap(kind="agent", name="x", most=1), )])))
        )  # fmt: skip
    holds = tuple(
        Hold(cause=cause, started=draw(TIMES), ended=draw(st.one_of(st.none(), TIMES))) for cause in ("memory", "owner")
    )
    return Timeline(
        started=0.0, ended=draw(st.one_of(st.none(), TIMES)), spans=tuple(spans), holds=holds, rests=draw(rests()),
        slots=draw(st.sampled_from([None, 1, 2])), cores=draw(st.sampled_from([None, 1.0])),
    )  # fmt: skip


@given(timelines(), TIMES)
def test_no_second_is_counted_twice_and_none_is_negative(timeline, now):
    result = account(timeline, now=now)
    assert all(one.seconds > 0 for one in (*result.lost, *result.rests))
    assert sum(one.seconds for one in result.lost) + result.ideal_s == pytest.approx(result.wall_s, abs=1e-6)
    ended = max(timeline.started, now if timeline.ended is None else timeline.ended)
    assert result.wall_s + sum(one.seconds for one in result.rests) == pytest.approx(ended - timeline.started, abs=1e-6)


@given(timelines(), TIMES)
def test_the_order_of_the_spans_does_not_matter_to_the_seconds(timeline, now):
    turned = Timeline(
        **{**{name: getattr(timeline, name) for name in timeline.__struct_fields__}, "spans": timeline.spans[::-1]}
    )
    assert account(turned, now=now).wall_s == account(timeline, now=now).wall_s
    assert account(turned, now=now).ideal_s == pytest.approx(account(timeline, now=now).ideal_s, abs=1e-6)


@given(timelines())
def test_stretches_lie_end_to_end_but_for_the_rests(timeline):
    now = 60.0 if timeline.ended is None else timeline.ended
    found = stretches(timeline, Workings(timeline, now), now=now)
    at_it = windows(timeline, now=now)
    assert sum(one.ended - one.started for one in found) == pytest.approx(sum(u - s for s, u in at_it), abs=1e-6)
    again = [started for started, _ in at_it[1:]]
    assert all(later.started == earlier.ended or later.started in again for later, earlier in pairwise(found))


def test_what_a_provider_held_between_two_tries_is_its_limit_and_the_rest_the_retry():
    tries = (
        Try(launched=0.0, started=0.0, ended=1.0, recorded=1.0), Try(launched=7.0, started=7.0, ended=9.0, recorded=9.0)
    )  # fmt: skip
    waits = (Hold(cause="provider limit", started=1.0, ended=6.0, detail="anthropic"),)
    found = lost(span("a", 0.0, 9.0, launched=0.0, tries=tries, waits=waits), ended=9.0)
    assert found == {("provider limit", "anthropic"): 5.0, ("retry", ""): 2.0}
