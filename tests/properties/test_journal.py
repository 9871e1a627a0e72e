"""Laws of the journal, tried on whatever Hypothesis thinks of."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forkjoin.journal import Fold, SqliteJournal, codec, run_view, timeline, todo
from forkjoin.model import (
    ENDED,
    Blocked,
    Closed,
    Completed,
    Edge,
    Ended,
    Failed,
    Held,
    Joined,
    Lifted,
    Limit,
    Limited,
    Options,
    Paused,
    Planned,
    Progress,
    Recorded,
    Released,
    RetryAsked,
    Running,
    Skipped,
    Starting,
    StopAsked,
)
from forkjoin.testing import a_plan

TEXTS = st.text(st.characters(), max_size=30)
TASKS = st.sampled_from(["a", "b", "c", "d", "", "stranger"])
ATTEMPTS = st.integers(0, 3)
OUTCOMES = st.one_of(
    st.builds(Completed, note=TEXTS),
    st.builds(Failed, kind=st.sampled_from(["agent", "exit"]), reason=TEXTS),
    st.builds(Blocked, by=st.tuples(TASKS), reason=TEXTS),
    st.builds(Skipped, reason=TEXTS),
)
EVENTS = st.one_of(
    st.builds(Starting, task=TASKS, attempt=ATTEMPTS),
    st.builds(Running, task=TASKS, attempt=ATTEMPTS, pid=st.integers(0, 1 << 22)),
    st.builds(Progress, task=TASKS, attempt=ATTEMPTS, text=TEXTS, bytes=st.integers(0, 1 << 50)),
    st.builds(
        Ended,
        task=TASKS,
        attempt=ATTEMPTS,
        outcome=OUTCOMES,
        again=st.booleans(),
        limit=st.sampled_from([None, Limit(kind="rate")]),
    ),
    st.builds(Limited, task=TASKS, attempt=ATTEMPTS, limit=st.just(Limit(kind="overload", reason="529"))),
    st.builds(Paused, provider=st.sampled_from(["x", "y"]), until=st.floats(0, 1e12), number=st.integers(1, 3)),
    st.builds(Lifted, provider=st.sampled_from(["x", "y"])),
    st.builds(StopAsked, task=TASKS, reason=TEXTS, how=st.sampled_from(["term", "kill"])),
    st.builds(RetryAsked, task=TASKS, force=st.booleans()),
    st.builds(Held, cause=st.sampled_from(["memory", "disk"]), detail=TEXTS),
    st.builds(Released, cause=st.sampled_from(["memory", "disk"])),
    st.builds(Joined, findings=st.just((("high", 2),))),
    st.builds(Closed, state=st.sampled_from(["completed", "failed", "stopped"]), reason=TEXTS),
)
EDGES = (
    Edge(first="a", then="b", kind="after"),
    Edge(first="b", then="c", kind="output", paths=("x", "y")),
    Edge(first="a", then="c", kind="write-write"),
    Edge(first="c", then="d", kind="resource", reason="holds port:80"),
)
PLANNED = Planned(
    run="r", plan=a_plan("a", "b", "c", "d"), edges=EDGES, claims=(), tree="/t", repository="/t", options=Options(),
    version="0", providers={"": "x"},
)  # fmt: skip


def recorded(events):
    return [Recorded(seq=n, at=float(n), event=event) for n, event in enumerate((PLANNED, *events), 1)]


@given(EVENTS)
def test_an_event_is_read_back_as_it_was_but_for_what_json_cannot_carry(event):
    body = codec.encode(event)
    assert codec.encode(codec.decode(body)) == body


@given(st.lists(EVENTS, max_size=40), st.integers(0, 41))
def test_folding_in_two_halves_equals_folding_whole(events, cut):
    """A view taken in between changes nothing of what comes after."""
    whole = recorded(events)
    fold = Fold()
    for one in whole[: cut + 1]:
        fold.apply(one)
    fold.view()
    for one in whole[cut + 1 :]:
        fold.apply(one)
    assert fold.view() == run_view(whole)


@given(st.lists(EVENTS, max_size=40))
@example([Starting(task="d", attempt=1), Ended(task="d", attempt=0, outcome=Completed(), again=True)])
@example([StopAsked(task="b", reason="")])
def test_whatever_a_crash_left_there_is_a_view_that_agrees_with_itself(events):
    view = run_view(recorded(events))
    ended = {task.id for task in view.tasks if task.state in ENDED}
    for task in view.tasks:
        assert (task.ended is not None) == (task.id in ended)
        assert set(task.waits_for) <= {edge.first for edge in EDGES if edge.then == task.id} - ended
        assert not task.waits_for or task.state == "queued"
        if task.state == "queued":
            assert task.why
            assert (task.ready is None) == bool(task.waits_for)
    lines = todo(view)
    assert len(lines) == len(view.tasks) + 1
    assert (lines[-1].status == "pending") or len(ended) == len(view.tasks)
    assert len(timeline(view).spans) == len(view.tasks)


@given(st.lists(st.one_of(EVENTS, st.just(PLANNED)), max_size=20))
def test_an_event_told_twice_in_a_row_is_told_once(events):
    """Not so a retry by force, which each time asks anew."""
    events = [event for event in events if not isinstance(event, RetryAsked)]
    once = run_view(recorded(events))
    twice = Fold()
    for one in recorded(events):
        twice.apply(one)
        twice.apply(one)
    assert twice.view() == once


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(EVENTS, min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_a_wal_cut_at_any_byte_loads_to_a_prefix_of_what_was_committed(turns, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with closing(SqliteJournal.create(path)) as journal:
            lasts = [0]
            for at, turn in enumerate(turns):
                journal.append(turn, at=float(at))
                lasts.append(journal.commit())
            whole = list(journal.read())
            wal = path.with_name("journal.db-wal").read_bytes()
            main = path.read_bytes()
        cut = data.draw(st.integers(0, len(wal)))
        copy = Path(folder) / "copy.db"
        copy.write_bytes(main)
        copy.with_name("copy.db-wal").write_bytes(wal[:cut])
        with closing(SqliteJournal.open(copy)) as journal:
            read = list(journal.read())
            assert read == whole[: len(read)]
            assert len(read) in lasts, "a commit is whole or not there"
            assert cut < len(wal) or read == whole
            journal.append([StopAsked(task="", reason="it can be written again")], at=0.0)
            assert journal.commit() == len(read) + 1


@pytest.mark.slow
def test_a_wal_cut_at_every_frame_edge_loads_to_a_rising_prefix(tmp_path):
    path = tmp_path / "journal.db"
    with closing(SqliteJournal.create(path)) as journal:
        for n in range(8):
            journal.append([Progress(task="a", attempt=1, text="x" * 900)] * (n + 1), at=1.0)
            journal.commit()
        shutil.copyfile(path, tmp_path / "main")
        wal = path.with_name("journal.db-wal").read_bytes()
    counts = []
    for cut in sorted({edge + by for edge in range(32, len(wal) + 1, 4120) for by in (-1, 0, 1)}):
        copy = tmp_path / f"copy{cut}.db"
        shutil.copyfile(tmp_path / "main", copy)
        copy.with_name(copy.name + "-wal").write_bytes(wal[:cut])
        with closing(SqliteJournal.open(copy)) as journal:
            counts.append(len(list(journal.read())))
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 3, 6, 10, 15, 21, 28, 36}
