"""One exam for every journal: the file and its double give the same answers."""

from __future__ import annotations

import pytest

from forkjoin.errors import JournalDamaged, PlanError
from forkjoin.journal import Journal, SqliteJournal
from forkjoin.model import (
    Closed,
    Completed,
    Ended,
    Failed,
    Options,
    Planned,
    Progress,
    Starting,
    StopAsked,
    Text,
    TimedOut,
)
from forkjoin.testing import MemoryJournal, a_plan, a_task


@pytest.fixture(params=["sqlite", "memory"])
def pair(request, tmp_path):
    """Return a journal and a second handle on it, as another process has one."""
    if request.param == "memory":
        one = MemoryJournal()
        other = one.another()
    else:
        one = SqliteJournal.create(tmp_path / "journal.db")
        other = SqliteJournal.open(tmp_path / "journal.db")
    yield one, other
    other.close()
    one.close()


@pytest.fixture
def journal(pair) -> Journal:
    return pair[0]


def events(journal, since=0):
    return [recorded.event for recorded in journal.read(since)]


def planned(*tasks, **changes):
    return Planned(
        run="r",
        plan=a_plan(*tasks, **changes),
        edges=(),
        claims=(),
        tree="/t",
        repository="/t",
        options=Options(),
        version="0",
    )


def test_a_new_journal_is_empty(journal):
    assert list(journal.read()) == []
    assert journal.commit() == 0


def test_what_was_committed_is_read_back_in_order_with_its_time(journal):
    given = [planned("a", "b"), Starting(task="a", attempt=1), Closed(state="completed")]
    journal.append(given[:2], at=12.5)
    assert journal.commit() == 2
    journal.append(given[2:], at=13.0)
    assert journal.commit() == 3
    assert [(one.seq, one.at, one.event) for one in journal.read()] == [
        (1, 12.5, given[0]), (2, 12.5, given[1]), (3, 13.0, given[2]),
    ]  # fmt: skip


def test_nothing_is_seen_before_its_commit(pair):
    one, other = pair
    one.append([Starting(task="a", attempt=1)], at=1)
    assert events(one) == events(other) == []
    one.commit()
    assert len(events(one)) == len(events(other)) == 1


def test_what_was_not_committed_is_gone_with_the_handle(pair):
    one, other = pair
    one.append([Starting(task="a", attempt=1)], at=1)
    one.close()
    assert other.commit() == 0


def test_reading_goes_on_after_a_number(journal):
    journal.append([Starting(task="a", attempt=n) for n in range(1, 2001)], at=1)
    assert journal.commit() == 2000
    assert [one.seq for one in journal.read(1990)] == list(range(1991, 2001))
    assert list(journal.read(2000)) == []
    assert list(journal.read(5000)) == []


def test_a_reader_that_pauses_sees_what_came_meanwhile(pair):
    one, other = pair
    one.append([Starting(task="a", attempt=1)], at=1)
    one.commit()
    reading = other.read()
    assert next(reading).seq == 1
    one.append([Starting(task="a", attempt=2)], at=2)
    assert one.commit() == 2


def test_numbers_of_two_writers_rise_without_a_gap_and_a_commit_is_whole(pair):
    one, other = pair
    one.append([Starting(task="a", attempt=n) for n in (1, 2)], at=1)
    other.append([StopAsked(task="b", reason="x")], at=1)
    assert other.commit() == 1
    assert one.commit() == 3
    assert [one.seq for one in one.read()] == [1, 2, 3]


def test_changed_tells_of_others_only_and_once(pair):
    one, other = pair
    assert not one.changed()
    one.append([Starting(task="a", attempt=1)], at=1)
    one.commit()
    assert not one.changed()
    assert other.changed()
    assert not other.changed()
    other.append([StopAsked(task="a", reason="x")], at=1)
    other.commit()
    one.append([Starting(task="b", attempt=1)], at=1)
    one.commit()
    assert one.changed(), "a commit of our own must not hide another's"


def test_reading_counts_as_having_seen_the_change(pair):
    one, other = pair
    other.append([StopAsked(task="a", reason="x")], at=1)
    other.commit()
    assert len(events(one)) == 1
    assert not one.changed()


def test_an_empty_commit_is_no_change(pair):
    one, other = pair
    one.commit()
    one.append([], at=1)
    one.commit()
    assert not other.changed()


@pytest.mark.parametrize("content", ["", "short", "é" * 4096, "x" * 4097, "𝄞\n\x00\u2028" * 5000])
def test_a_text_of_any_length_comes_back_from_any_handle(pair, content):
    one, other = pair
    text = one.text(content)
    assert one.content(text) == content, "before the commit too"
    one.commit()
    assert text.length == len(content)
    assert other.content(text) == content
    assert bool(text.blob) == (len(content) > 4096)


def test_the_same_text_is_kept_once_and_may_be_given_twice(pair):
    one, other = pair
    long = "y" * 10_000
    first = one.text(long)
    one.commit()
    assert other.text(long) == first == one.text(long)
    other.commit()
    one.commit()
    assert other.content(first) == long


def test_a_text_that_is_nowhere_is_said_to_be_missing(journal):
    with pytest.raises(JournalDamaged, match="abababababab"):
        journal.content(Text(blob="ab" * 32, length=3))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\udcffb", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "\ufffd"),
        ("e\u0301\x00\x1b[2J", "e\u0301\x00\x1b[2J"),
    ],
)
def test_what_json_cannot_carry_is_replaced(journal, given, kept):
    journal.append([Progress(task="a", attempt=1, text=given), StopAsked(task=given, reason=given)], at=1)
    journal.commit()
    said, stop = events(journal)
    assert (said.text, stop.task, stop.reason) == (kept, kept, kept)
    assert journal.content(journal.text(given)) == kept
    assert journal.content(journal.text(given * 5000)) == kept * 5000


def test_numbers_without_end_are_read_back_as_the_largest(journal):
    journal.append([Ended(task="a", attempt=1, outcome=TimedOut(after_s=float("inf")))], at=1)
    journal.append([planned(a_task(timeout=float("inf"), estimate=float("nan")))], at=1)
    journal.commit()
    ended, plan = events(journal)
    assert ended.outcome.after_s > 1e300
    assert plan.plan.tasks[0].timeout > 1e300
    assert plan.plan.tasks[0].estimate == 0.0


def test_an_agent_object_and_a_callable_leave_their_names(journal):
    class Mine:
        name = "mine"

    given = planned(a_task(agent=Mine()), a_task("b", task="", function=print))
    journal.append([given], at=1)
    journal.commit()
    (back,) = events(journal)
    assert [(task.agent_name, task.function) for task in back.plan.tasks] == [
        ("mine", ""), ("function", "builtins:print"),
    ]  # fmt: skip


def test_a_value_that_is_no_json_is_refused_and_nothing_of_its_batch_is_kept(journal):
    bad = planned(a_task(output={"type": object()}))
    with pytest.raises(PlanError, match="JSON"):
        journal.append([Starting(task="a", attempt=1), bad], at=1)
    assert journal.commit() == 0


def test_a_null_inside_a_schema_is_kept(journal):
    given = planned(a_task(output={"enum": [None, 1.5], "default": None}))
    journal.append([given], at=1)
    journal.commit()
    assert events(journal) == [given]


def test_an_ended_task_keeps_everything_said_of_it(journal):
    failed = Failed(kind="agent", reason="boom")
    given = [
        Ended(task="a", attempt=1, outcome=failed, answer=journal.text("z" * 5000), findings=3, again=True),
        Ended(task="a", attempt=2, outcome=Completed(note="fine")),
    ]
    journal.append(given, at=1)
    journal.commit()
    assert events(journal) == given


def test_closing_twice_is_fine(journal):
    journal.close()
    journal.close()
