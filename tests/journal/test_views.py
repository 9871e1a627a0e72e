"""What a run looks like at each point of its journal."""

from __future__ import annotations

import sys

import pytest

from forkjoin.errors import JournalDamaged
from forkjoin.journal import Fold, run_view, timeline, todo
from forkjoin.model import (
    Base,
    BaseTaken,
    Blocked,
    Change,
    Changes,
    Closed,
    Completed,
    Edge,
    Ended,
    Exit,
    Failed,
    Halted,
    Held,
    Joined,
    NeedsInput,
    Options,
    Overlapped,
    Owned,
    Place,
    Planned,
    Progress,
    Recorded,
    Released,
    RetryAsked,
    Running,
    Skipped,
    Starting,
    StopAsked,
    Text,
    TimedOut,
    Usage,
)
from forkjoin.testing import a_plan, a_task


def planned(*tasks, **changes):
    given = {"run": "r1", "edges": (), "claims": (), "tree": "/t", "repository": "/t/.git", "options": Options()}
    return Planned(plan=a_plan(*tasks), version="0", **(given | changes))


class Told:
    """A run told event by event, one second each; the plan is event 1 at second 0."""

    def __init__(self, *tasks, edges=(), **changes):
        self.fold, self.seq = Fold(), 0
        self.tell(planned(*tasks, edges=tuple(edges), **changes))

    def tell(self, *events):
        for event in events:
            self.fold.apply(Recorded(seq=self.seq + 1, at=float(self.seq), event=event))
            self.seq += 1
        return self.fold.view()

    def task(self, name):
        return self.fold.view().task(name)


def started(task, attempt=1):
    return Starting(task=task, attempt=attempt), Running(task=task, attempt=attempt, pid=7)


def ended(task, outcome=None, *, attempt=1, **said):
    return Ended(task=task, attempt=attempt, outcome=outcome or Completed(), **said)


def test_a_journal_without_a_plan_is_refused_with_the_way_out():
    with pytest.raises(JournalDamaged, match="forkjoin rm"):
        run_view([Recorded(seq=1, at=0, event=Closed(state="completed"))])


def test_a_planned_run_is_queued_with_its_tasks_in_order():
    view = Told("b", "a").fold.view()
    assert (view.run, view.state, view.started, view.ended, view.seq) == ("r1", "queued", 0.0, None, 1)
    assert [(task.id, task.number, task.state, task.why, task.ready) for task in view.tasks] == [
        ("b", 1, "queued", "waits for a slot", 0.0),
        ("a", 2, "queued", "waits for a slot", 0.0),
    ]


def test_a_task_goes_from_the_queue_to_its_end():
    run = Told("a")
    run.tell(Starting(task="a", attempt=1))
    task = run.task("a")
    assert (task.state, task.why, task.attempt, task.launched, task.started) == ("starting", "", 1, 1.0, None)
    place = Place(kind="clone", root="/w", cwd="/w")
    run.tell(Running(task="a", attempt=1, place=place, pid=77))
    run.tell(Progress(task="a", attempt=1, text="reads x.py", bytes=120))
    task = run.task("a")
    assert (task.state, task.pid, task.place, task.started) == ("running", 77, place, 2.0)
    assert (task.action, task.output_bytes, task.seconds(9.0)) == ("reads x.py", 120, 7.0)
    changes = Changes(files=(Change(path="x.py", how="modified"),), commit="c")
    said = {"answer": Text(inline="fine", length=4), "usage": Usage(cpu_s=1.0), "changes": changes, "findings": 3}
    run.tell(ended("a", Completed(note="ok"), **said))
    task = run.task("a")
    assert (task.state, task.why, task.ended, task.pid, task.place) == ("completed", "ok", 4.0, 0, place)
    assert (task.answer.inline, task.usage.cpu_s, task.changes, task.findings) == ("fine", 1.0, changes, 3)
    assert task.seconds(99.0) == 2.0


@pytest.mark.parametrize(
    ("outcome", "state", "why", "kind"),
    [
        (Failed(kind="contract", reason="no JSON"), "failed", "no JSON", "contract"),
        (TimedOut(after_s=3, reason="60m"), "timed_out", "60m", ""),
        (NeedsInput(reason="which one?"), "needs_input", "which one?", ""),
        (Skipped(reason="fail fast: b failed"), "skipped", "fail fast: b failed", ""),
    ],
)
def test_an_end_shows_its_state_and_reason(outcome, state, why, kind):
    run = Told("a")
    run.tell(ended("a", outcome))
    task = run.task("a")
    assert (task.state, task.why, task.kind) == (state, why, kind)


@pytest.mark.parametrize(
    ("edge", "why"),
    [
        (Edge(first="a", then="z", kind="write-write", reason="writes src/x.py too"), "a (writes src/x.py too)"),
        (Edge(first="a", then="z", kind="write-write", paths=("x",)), "a (writes x too)"),
        (Edge(first="a", then="z", kind="output", paths=("a", "b", "c", "d")), "a (makes a, b, c, ...)"),
        (Edge(first="a", then="z", kind="resource", paths=("{port}",)), "a (holds {port})"),
        (Edge(first="a", then="z", kind="after"), "a (after)"),
    ],
)
def test_what_waits_says_for_whom_and_why(edge, why):
    run = Told("a", "z", edges=[edge])
    task = run.task("z")
    assert (task.why, task.waits_for, task.ready) == (f"waits for {why}", ("a",), None)
    run.tell(*started("a"), ended("a"))
    task = run.task("z")
    assert (task.why, task.waits_for, task.ready) == ("waits for a slot", (), 3.0)


def test_of_many_predecessors_three_are_named_and_the_rest_counted():
    names = [f"t{n}" for n in range(10)]
    run = Told(*names, "z", edges=[Edge(first=name, then="z", kind="after") for name in names])
    assert run.task("z").why == "waits for t0 (after), t1 (after), t2 (after) and 7 more"
    assert len(run.task("z").waits_for) == 10


def test_a_hold_is_the_reason_of_all_that_is_ready_until_it_is_lifted():
    run = Told("a", "b", edges=[Edge(first="a", then="b", kind="after")])
    run.task("a")
    assert run.tell(Held(cause="memory", detail="8 % left")).held == "memory: 8 % left"
    assert [task.why for task in run.fold.view().tasks] == ["waits for memory", "waits for a (after)"]
    assert run.tell(Released(cause="memory")).held == ""
    assert run.task("a").why == "waits for a slot"


def test_another_attempt_waits_with_the_reason_of_the_last():
    run = Told("a")
    run.tell(*started("a"), Progress(task="a", attempt=1, text="busy", bytes=9))
    run.tell(ended("a", TimedOut(after_s=60, reason="after 60 s"), again=True))
    task = run.task("a")
    assert (task.state, task.why, task.attempt, task.ended) == (
        "queued", "attempt 1 timed out: after 60 s; waits for a slot", 1, None,
    )  # fmt: skip
    run.tell(*started("a", 2))
    task = run.task("a")
    assert (task.attempt, task.action, task.output_bytes, task.why) == (2, "", 0, "")
    assert (task.launched, task.started) == (1.0, 2.0), "all its attempts are its time"


def test_what_an_attempt_left_is_kept_until_the_next_and_its_usage_for_good():
    run = Told("a")
    failed = Failed(kind="exit", reason="1")
    first = Usage(cpu_s=1.0, usd=0.5, input_tokens=10, max_rss=9)
    run.tell(*started("a"), ended("a", failed, again=True, answer=Text(inline="half"), usage=first))
    assert run.task("a").answer.inline == "half"
    settled = run.tell(ended("a", Skipped(reason="enough"), attempt=0)).tasks[0]
    assert (settled.state, settled.answer.inline, settled.usage) == ("skipped", "half", first)
    run.tell(RetryAsked(task="a"), *started("a", 2))
    assert (run.task("a").answer, run.task("a").usage) == (Text(), first)
    run.tell(ended("a", attempt=2, usage=Usage(cpu_s=2.0, usd=None, input_tokens=5, max_rss=7)))
    assert run.task("a").usage == Usage(cpu_s=3.0, usd=None, input_tokens=15, max_rss=9), "unknown stays unknown"


def test_a_hold_ends_with_the_owner_that_saw_it():
    run = Told("a")
    run.tell(Held(cause="disk", detail="full"))
    assert run.tell(Owned(pid=1, start=1, boot="b", attached=True)).held == ""


def test_a_late_word_of_an_attempt_that_is_over_changes_nothing():
    run = Told("a")
    run.tell(*started("a"), ended("a", Failed(kind="exit", reason="1"), again=True))
    before = run.task("a")
    late = [*started("a"), Progress(task="a", attempt=1, text="late"), ended("a")]
    run.tell(*late)
    assert run.task("a") == before
    run.tell(*started("a", 2), *late)
    assert run.task("a").state == "running"


def test_a_crash_between_start_and_record_leaves_a_view():
    run = Told("a", "b", "c")
    run.tell(
        Starting(task="a", attempt=1), Running(task="b", attempt=1), ended("c", exit=Exit(how="exited", wall_s=2.0))
    )
    a, b, c = run.fold.view().tasks
    assert (a.state, b.state, c.state) == ("starting", "running", "completed")
    assert (b.launched, b.started, c.started) == (2.0, 2.0, 1.0)


def test_a_stop_is_shown_until_the_end_tells_what_came_of_it():
    run = Told("a", "b", "c", edges=[Edge(first="a", then="b", kind="after")])
    run.tell(*started("a"), StopAsked(task="a", reason="wrong branch"), StopAsked(task="a", reason="wrong branch"))
    assert run.task("a").why == "stop asked: wrong branch"
    assert run.tell(StopAsked(task="", reason="Ctrl-C")).reason == "stop asked: Ctrl-C"
    run.tell(ended("a"))
    assert run.task("a").why == ""


def test_the_run_runs_from_its_first_start_to_its_close():
    run = Told("a")
    assert run.tell(Owned(pid=1, start=1, boot="b", attached=True)).state == "queued"
    assert run.tell(Starting(task="a", attempt=1)).state == "running"
    assert run.tell(ended("a")).state == "running"
    assert run.tell(Joined(findings=(("high", 2),))).findings == (("high", 2),)
    view = run.tell(Closed(state="completed", reason="all well"))
    assert (view.state, view.ended, view.reason, view.joined) == ("completed", 5.0, "all well", True)


def test_a_retry_opens_the_run_and_what_never_ran_behind_the_task():
    edges = [Edge(first="a", then="b", kind="after"), Edge(first="b", then="c", kind="after")]
    run = Told("a", "b", "c", "d", edges=edges)
    run.tell(*started("a"), ended("a", Failed(kind="exit", reason="1")))
    run.tell(*(ended(name, Blocked(by=(by,), reason="x"), attempt=0) for name, by in (("b", "a"), ("c", "b"))))
    run.tell(*started("d"), ended("d"), Joined(), Closed(state="failed"))
    assert run.tell(RetryAsked(task="d")).state == "failed", "a completed task is not run again"
    view = run.tell(RetryAsked(task="a"))
    assert [task.state for task in view.tasks] == ["queued", "queued", "queued", "completed"]
    assert [task.waits_for for task in view.tasks] == [(), ("a",), ("b",), ()]
    assert (view.state, view.ended, view.joined) == ("running", None, False)
    assert (view.tasks[0].attempt, view.tasks[0].started) == (1, None)


def test_notes_of_the_plan_and_of_the_base_are_kept():
    run = Told("a", notes=("one",))
    assert run.tell(BaseTaken(base=Base(kind="snapshot", note="HEAD and 2 files"))).notes == ("one", "HEAD and 2 files")


def test_a_second_plan_and_events_of_strangers_change_nothing():
    run = Told("a")
    before = run.fold.view().tasks
    other = Planned(
        run="r2", plan=a_plan("x"), edges=(), claims=(), tree="", repository="", options=Options(), version=""
    )
    run.tell(other, *started("x"), ended("x"), RetryAsked(task="x"), StopAsked(task="x", reason=""))
    assert run.fold.view().tasks == before
    assert run.fold.view().seq == 7


def statuses(run):
    return [line.status for line in todo(run.fold.view())]


def test_one_line_is_in_progress_in_a_sequential_run_and_several_in_a_parallel_one():
    run = Told("a", "b")
    assert statuses(run) == ["pending", "pending", "pending"]
    run.tell(*started("a"))
    assert statuses(run) == ["in_progress", "pending", "pending"]
    run.tell(ended("a"), *started("b"))
    assert statuses(run) == ["completed", "in_progress", "pending"]
    parallel = Told("a", "b")
    parallel.tell(*started("a"), Starting(task="b", attempt=1))
    assert statuses(parallel) == ["in_progress", "in_progress", "pending"]


def test_the_join_waits_for_all_is_in_progress_then_and_completed_when_joined():
    run = Told("a")
    run.tell(*started("a"), ended("a"))
    assert statuses(run) == ["completed", "in_progress"]
    run.tell(Joined())
    assert statuses(run) == ["completed", "completed"]
    closed = Told("a")
    closed.tell(ended("a"), Closed(state="stopped"))
    assert statuses(closed) == ["completed", "pending"], "nothing joins a run that is closed"


def test_a_line_says_what_became_of_its_task():
    run = Told(a_task("a", description="Harden hashing"), a_task("b", description=""))
    run.tell(ended("a", TimedOut(after_s=1)), *started("b"))
    lines = todo(run.fold.view())
    assert [line.content for line in lines] == ["Harden hashing (timed out)", "b", "Synthesize results"]
    assert [line.active_form for line in lines] == ["Running: Harden hashing", "Running: b", "Synthesizing results"]


def test_spans_tell_when_each_task_could_run_ran_and_ended():
    edges = [Edge(first="a", then="b", kind="after"), Edge(first="a", then="b", kind="output")]
    run = Told("a", "b", "c", edges=edges)
    run.tell(*started("a"), ended("a"), *started("b"), ended("c", Skipped(reason=""), attempt=0))
    a, b, c = timeline(run.fold.view()).spans
    assert (a.ready, a.launched, a.started, a.ended, a.after) == (0.0, 1.0, 2.0, 3.0, ())
    assert (b.ready, b.launched, b.started, b.ended, b.after) == (3.0, 4.0, 5.0, None, ("a",))
    assert (c.ready, c.started, c.ended) == (0.0, None, None)


def calls_per_event(size):
    """Return how many Python calls one task's events cost in a run of *size* tasks."""
    run = Told(*(f"t{n}" for n in range(size)))
    count = 0

    def tick(_frame, kind, _arg):
        nonlocal count
        count += kind in ("call", "c_call")

    events = [Recorded(seq=n, at=1.0, event=event) for n, event in enumerate((*started("t5"), ended("t5")), 2)]
    sys.setprofile(tick)
    try:
        for event in events:
            run.fold.apply(event)
    finally:
        sys.setprofile(None)
    return count


def test_an_event_costs_the_same_in_a_small_run_and_a_large_one():
    assert calls_per_event(10) == calls_per_event(5_000)


def test_what_two_changed_at_once_is_kept_of_both_and_what_stands_still_goes_on_with_a_new_owner():
    told = Told(a_task("a"), a_task("b"))
    for name in "ab":
        told.tell(Starting(task=name, attempt=1), Running(task=name, attempt=1))
    told.tell(
        Overlapped(task="b", attempt=1, first="a", paths=("x", "y")),
        Overlapped(task="b", attempt=1, first="a", paths=("y", "z")),
        Halted(task="b", attempt=1, reason="paused until a has ended"),
    )
    first, then = told.fold.view().tasks
    assert [(one.task, one.paths) for one in (*first.overlaps, *then.overlaps)] == [
        ("b", ("x", "y", "z")), ("a", ("x", "y", "z")),
    ]  # fmt: skip
    assert (first.halted, then.halted, then.action) == ("", *["paused until a has ended"] * 2)
    told.tell(Owned(pid=1, start=1, boot="b", attached=True))
    assert told.fold.view().tasks[1].halted == ""
    told.tell(
        Halted(task="b", attempt=1, reason="paused once more"),
        Ended(task="b", attempt=1, outcome=Completed()),
        Overlapped(task="b", attempt=1, first="a", paths=("late",)),
    )
    first, then = told.fold.view().tasks
    assert (then.halted, then.overlaps[0].paths) == ("", ("x", "y", "z"))
    assert [(one.cause, one.detail) for one in then.halts] == [
        ("overlap", "paused until a has ended"), ("overlap", "paused once more"),
    ]  # fmt: skip
    assert all(one.ended is not None and one.ended >= one.started for one in then.halts)
