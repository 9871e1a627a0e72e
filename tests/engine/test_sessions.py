"""With what an attempt goes on: decided from the run's events alone."""

from __future__ import annotations

from forkjoin.engine.attempts.carrying_on import carried_on
from forkjoin.engine.attempts.sessions import GoesOn, Sessions
from forkjoin.engine.attempts.settling import Result
from forkjoin.model import (
    Budget,
    Completed,
    Ended,
    Event,
    Failed,
    Limit,
    NeedsInput,
    Options,
    Outcome,
    Place,
    RetryAsked,
    Starting,
    Stopped,
    TaskId,
    Text,
    TimedOut,
    Usage,
)
from forkjoin.scheduling import Settle, Start, new_board, step
from forkjoin.testing import a_plan, a_task

A = TaskId("a")
CLONE = Place(kind="clone", root="/w/a-1/tree", cwd="/w/a-1/tree", base="0" * 40)
DONE, ASKS = Completed(), NeedsInput(reason="it asks")
BROKEN = Failed(kind="contract", reason="no JSON")


def text(said: str) -> Text:
    return Text(inline=said, length=len(said))


def attempt(number: int, outcome: Outcome, session: str = "s", **more: object) -> list[Event]:
    ended = Ended(task=A, attempt=number, outcome=outcome, session=session, place=CLONE, **more)  # type: ignore[arg-type]
    return [Starting(task=A, attempt=number), ended]


def on(*events: Event) -> GoesOn | None:
    sessions = Sessions(lambda kept: kept.inline)
    for event in events:
        sessions.note(event)
    return sessions.to(A)


def test_a_first_attempt_goes_on_with_nothing() -> None:
    assert on(Starting(task=A, attempt=1)) is None


def test_a_followup_goes_to_the_session_and_into_its_workspace() -> None:
    asked = RetryAsked(task=A, force=True, message=text("take the first"))
    for outcome in (DONE, ASKS, Stopped(reason="x"), Failed(kind="login", reason="401")):
        found = on(*attempt(1, outcome), asked, Starting(task=A, attempt=2))
        assert found == GoesOn(why="followup", session="s", place=CLONE, said="take the first", used=_none())


def test_a_retry_goes_on_where_the_agent_had_begun_to_speak_and_else_begins_anew() -> None:
    asked = RetryAsked(task=A)
    stopped = on(*attempt(1, TimedOut(after_s=5, reason="late")), asked)
    assert stopped is not None
    assert (stopped.why, stopped.session, stopped.said) == ("retry", "s", "late")
    assert on(*attempt(1, TimedOut(after_s=5)), RetryAsked(task=A, fresh=True)) is None
    assert on(*attempt(1, TimedOut(after_s=5), session=""), asked) is None
    assert on(*attempt(1, Failed(kind="login", reason="401")), asked) is None
    spoke = attempt(1, Failed(kind="rate", reason="429"), usage=Usage(output_tokens=7))
    assert on(*spoke, asked) is not None


def test_an_ask_counts_once() -> None:
    asked = RetryAsked(task=A, force=True, message=text("x"))
    assert on(*attempt(1, DONE), asked, *attempt(2, DONE), Starting(task=A, attempt=3)) is None
    late = on(
        *attempt(1, DONE), Starting(task=A, attempt=2), asked, Ended(task=A, attempt=2, outcome=DONE, session="s")
    )
    assert late is None, "asked while it ran: that is refused, and changes nothing"


def test_behind_a_limit_the_session_goes_on_with_what_was_asked_last() -> None:
    gone = attempt(
        2, Failed(kind="rate", reason="429"), again=True, limit=Limit(kind="rate", reason="429"), answer=text("half")
    )
    asked = RetryAsked(task=A, force=True, message=text("x"))
    found = on(*attempt(1, DONE), asked, *gone)
    assert found is not None
    assert (found.why, found.said, found.session) == ("limit", "x", "s")
    at_once = attempt(1, Failed(kind="rate", reason="429"), again=True, limit=Limit(kind="rate", reason="429"))
    assert on(*at_once) is None, "nothing was said yet: it begins anew"


def test_a_broken_answer_is_put_right_in_its_session_or_beside_the_brief() -> None:
    found = on(*attempt(1, BROKEN, again=True, repair=True, answer=text("prose")))
    assert found is not None
    assert (found.why, found.session, found.said, found.answer) == ("repair", "s", "no JSON", "prose")
    without = on(*attempt(1, BROKEN, session="", again=True, repair=True, answer=text("prose")))
    assert without is not None
    assert (without.why, without.session, without.place) == ("repair", "", CLONE)


def test_a_repair_that_the_provider_sent_away_is_still_owed() -> None:
    broken = attempt(1, BROKEN, again=True, repair=True, answer=text("prose"))
    away = attempt(2, Failed(kind="rate", reason="429"), again=True, limit=Limit(kind="rate", reason="429"))
    found = on(*broken, *away)
    assert found is not None
    assert (found.why, found.said, found.answer) == ("repair", "no JSON", "prose")


def test_what_a_session_used_is_added_up_for_agents_that_say_it_again() -> None:
    first = attempt(1, DONE, usage=Usage(input_tokens=100, output_tokens=10))
    asked = RetryAsked(task=A, force=True, message=text("x"))
    found = on(*first, asked, *attempt(2, DONE, usage=Usage(input_tokens=50)), asked)
    assert found is not None
    assert found.used == Usage(input_tokens=150, output_tokens=10, usd=0.0)


def test_a_budget_is_that_of_the_last_retry() -> None:
    sessions = Sessions(lambda kept: kept.inline)
    for event in (*attempt(1, Failed(kind="limit", reason="used up")), RetryAsked(task=A, budget=Budget(usd=5))):
        sessions.note(event)
    assert sessions.budget(A) == Budget(usd=5)


def _none() -> Usage:
    return Usage(input_tokens=0, output_tokens=0, usd=0.0)


def record(outcome: Outcome, answer: str = "", **more: object) -> Result:
    return Result(ended=Ended(task=A, attempt=2, outcome=outcome, **more), answer=answer)  # type: ignore[arg-type]


def test_a_repair_in_vain_keeps_the_first_answer_and_is_not_tried_again() -> None:
    goes_on = GoesOn(why="repair", session="s", answer="the first")
    made = carried_on(record(BROKEN, "worse", repair=True), goes_on, None)
    assert (made.answer, made.ended.repair, made.ended.session) == ("the first", False, "s")
    assert "in vain" in made.ended.outcome.reason  # type: ignore[union-attr]
    good = carried_on(record(DONE, "{}"), goes_on, None)
    assert (good.answer, good.ended.outcome) == ("{}", DONE)


def test_what_an_agent_counts_again_is_taken_off() -> None:
    used = record(DONE, usage=Usage(input_tokens=300, output_tokens=30))
    made = carried_on(used, GoesOn(why="followup", session="s"), Usage(input_tokens=200, output_tokens=20, usd=0.0))
    assert made.ended.usage == Usage(input_tokens=100, output_tokens=10)


def test_a_repair_costs_no_retry_and_a_larger_budget_lets_tasks_start() -> None:
    once = a_task("a", retries=1, agent="x")
    board = new_board(a_plan(once), (), Options())
    board, _ = step(board, ())
    broken = Ended(task=A, attempt=1, outcome=BROKEN, repair=True)
    assert board.repairs(broken)
    assert board.goes_on(once, broken)
    board, _ = step(board, (Ended(task=A, attempt=1, outcome=BROKEN, repair=True, again=True),))
    second = Ended(task=A, attempt=2, outcome=BROKEN)
    assert board.goes_on(once, second), "its one retry is still there"
    board, _ = step(board, (Ended(task=A, attempt=2, outcome=BROKEN, again=True),))
    assert not board.goes_on(once, Ended(task=A, attempt=3, outcome=BROKEN))


def test_what_a_budget_left_out_starts_when_a_retry_brings_more() -> None:
    options, theirs = Options(budget=Budget(usd=1.0)), {"x": "p"}
    plan = a_plan(a_task("a", agent="x"), a_task("b", agent="x"), max_parallel=1)
    board = new_board(plan, (), options, providers=theirs)
    board, _ = step(board, ())
    board, said = step(board, (Ended(task=A, attempt=1, outcome=DONE, usage=Usage(usd=2.0)),))
    (settled,) = [one for one in said if isinstance(one, Settle)]
    assert "forkjoin retry --budget" in settled.outcome.reason  # type: ignore[union-attr]
    board, said = step(board, (RetryAsked(task=TaskId("b")),))
    assert not [one for one in said if isinstance(one, Start)]
    board, said = step(board, (RetryAsked(task=TaskId("b"), budget=Budget(usd=9.0)),))
    assert [one.task for one in said if isinstance(one, Start)] == ["b"]
