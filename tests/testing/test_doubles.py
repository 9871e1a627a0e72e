"""The doubles behave as the real ones promise."""

from __future__ import annotations

import asyncio

import pytest

from forkjoin.agents.dialect import Dialect, Ended, Judgement, Site
from forkjoin.backends.backend import Backend, Exited, Job, Output, Spawned
from forkjoin.errors import NoRoom
from forkjoin.model import Call, Completed, Exit, Failed, Place, StopAsked, TimedOut
from forkjoin.testing import FakeClock, FakeDialect, MemoryJournal, Script, ScriptedBackend, a_plan, a_task, a_tree

WORK = Call(call=lambda: None)


def job(task, attempt=1):
    return Job(task=task, attempt=attempt, invocation=WORK)


def signals(backend: Backend, *jobs, turns=50, then=lambda: None):
    """Start the jobs at once, let the loop turn, and return what the backend told."""

    async def main():
        told = []
        await backend.open(told.append)
        for one in jobs:
            backend.reserve(one.folder)
            backend.start(one)
        assert told == [], "a start returns before anything is told"
        then()
        for _ in range(turns):
            await asyncio.sleep(0)
        await backend.close()
        return told

    return asyncio.run(main())


def test_a_clock_goes_on_when_told():
    clock = FakeClock(at=5.0)
    clock.advance(2.5)
    assert clock.now() == 7.5


def test_attempts_end_once_each_the_earliest_first():
    backend = ScriptedBackend(scripts={"a": Script(seconds=3), "b": Script(seconds=1, stdout=b"hello\n", code=2)})
    told = signals(backend, job("a"), job("b"))
    exits = [one for one in told if isinstance(one, Exited)]
    assert [one.task for one in exits] == ["b", "a"]
    assert (exits[0].exit.code, exits[0].exit.wall_s, exits[0].exit.stdout.bytes) == (2, 1, 6)
    assert [one for one in told if isinstance(one, Output)] == [Output(task="b", attempt=1, data=b"hello\n", total=6)]
    assert sum(isinstance(one, Spawned) for one in told) == 2
    assert (backend.peak, backend.now, backend.started) == (2, 3, [("a", 1), ("b", 1)])


def test_by_hand_nothing_ends_before_it_is_told():
    backend = ScriptedBackend(by_hand=True)
    told = signals(backend, job("a"))
    assert [type(one) for one in told] == [Spawned]
    assert not backend.advance()


def test_a_stopped_attempt_ends_once_and_a_stranger_never():
    backend = ScriptedBackend(by_hand=True)

    def stop():
        backend.stop("a", 1, how="term", reason="enough")
        backend.stop("a", 1, how="kill", reason="enough")
        backend.stop("x", 1, how="kill", reason="who?")

    told = signals(backend, job("a"), then=stop)
    (exit_,) = [one for one in told if isinstance(one, Exited)]
    assert (exit_.exit.how, exit_.exit.signal, exit_.exit.reason) == ("stopped", 15, "enough")
    assert backend.stopped == [("a", 1, "term"), ("a", 1, "kill")]


def test_each_attempt_has_its_script_and_the_last_goes_on_counting():
    backend = ScriptedBackend(scripts={"a": [Script(lost=True), Script(returned=42)]})
    exits = [one for one in signals(backend, job("a"), job("a", 2), job("a", 3)) if isinstance(one, Exited)]
    assert {one.attempt: (one.exit is None, one.returned) for one in exits} == {
        1: (True, None), 2: (False, 42), 3: (False, 42),
    }  # fmt: skip


def test_a_dialect_answers_what_it_was_told_to():
    whole = Judgement(outcome=Failed(kind="agent", reason="no"), answer="partial")
    dialect: Dialect = FakeDialect(script={"a": "yes", "b": whole})
    fine = Ended(exit=Exit(how="exited", code=0), stdout=b"said \xff")
    assert dialect.judge(a_task("a"), fine) == Judgement(outcome=Completed(), answer="yes")
    assert dialect.judge(a_task("b"), fine) is whole
    assert dialect.judge(a_task("c"), fine).answer == "said \ufffd"
    assert dialect.judge(a_task("a"), Ended(exit=Exit(how="exited", code=3))).outcome.reason == "exit code 3"
    assert isinstance(dialect.judge(a_task("a"), Ended(exit=Exit(how="timeout", wall_s=9))).outcome, TimedOut)


def test_a_dialect_makes_an_invocation_and_says_whether_it_is_there():
    dialect = FakeDialect(name="mine", found=False)
    site = Site(place=Place(kind="shared", root="/t", cwd="/t/sub"), brief="/b.md", scratch="/s", environ={"A": "1"})
    made = dialect.invocation(a_task("a"), site)
    assert (made.argv, made.cwd, made.env, made.stdin) == (("mine", "a"), "/t/sub", {"A": "1"}, "/b.md")
    assert dialect.asked == ["a"]
    assert dialect.probe().hint == "install mine"
    assert [said.text for said in dialect.parse(b"reads x.py\n")] == ["reads x.py"]


def test_a_full_journal_keeps_what_was_appended():
    journal = MemoryJournal()
    journal.full = True
    journal.append([StopAsked(task="a", reason="x")], at=1.0)
    with pytest.raises(NoRoom):
        journal.commit()
    assert list(journal.read()) == []
    journal.full = False
    assert journal.commit() == 1


def test_valid_values_come_in_one_line():
    assert [task.id for task in a_plan().tasks] == ["a"]
    assert [task.id for task in a_plan("x", a_task("y", cpu=1)).tasks] == ["x", "y"]
    assert a_tree("b", "a").files == ("a", "b")
