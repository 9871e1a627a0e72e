"""One pause per provider for all its tasks, fewer at once behind it, caps by agent, model and provider."""

from __future__ import annotations

import pytest
from scheduling.turns import Run, settled, starts

from forkjoin.model import Completed, Ended, Failed, Lifted, Limit, Limited, Limits, Paused, RetryAsked, StopAsked
from forkjoin.scheduling import Pause, new_board, rebuild, step, until
from forkjoin.scheduling.pausing import MOST_LIMITED
from forkjoin.testing import a_task

RATE = Limit(kind="rate", reason="429")
PROVIDERS = {"claude": "anthropic", "claude opus": "anthropic", "codex": "openai"}
SENT_AWAY = Failed(kind="rate", reason="429")


class Paid(Run):
    """A run whose tasks are done by agents with providers."""

    def __init__(self, *tasks, **options):
        super().__init__(*tasks, **options)
        self.board = new_board(self.plan, (), self.options, (), PROVIDERS)

    def rebuilt(self):
        return rebuild(self.plan, (), self.options, self.events, (), PROVIDERS)


def asks(*names, agent="claude", **changes):
    return [a_task(name, agent=agent, task="x", shell="", **changes) for name in names]


def away(task, attempt=1, limit=RATE):
    return Ended(task=task, attempt=attempt, outcome=SENT_AWAY, again=True, limit=limit)


def paused(commands):
    return [command for command in commands if isinstance(command, Pause)]


def test_one_that_is_sent_away_pauses_all_of_its_provider_and_nobody_else():
    run = Paid(*asks("a", "b", "c", "d"), *asks("e", "f", agent="codex"), max_parallel=3)
    assert starts(run.step()) == ["a", "b", "c"]
    said = run.step(away("a"))
    assert starts(said) == ["e"]
    [pause] = paused(said)
    assert (pause.provider, pause.number, pause.streak, pause.at_once) == ("anthropic", 1, 1, 1)
    assert starts(run.step(Ended(task="b", attempt=1, outcome=Completed()))) == ["f"]
    assert starts(run.step(Lifted(provider="anthropic"))) == []  # c runs, and one at a time is what is known to go
    assert starts(run.step(Ended(task="c", attempt=1, outcome=Completed()))) == ["a"]


def test_a_burst_is_one_pause_and_what_was_started_before_it_says_nothing_new():
    run = Paid(*asks(*"abcdefgh"))
    assert len(starts(run.step())) == 8
    [pause] = paused(run.step(away("a"), away("b")))
    assert (pause.number, pause.at_once) == (1, 4)
    assert paused(run.step(away("c"))) == []
    run.step(Lifted(provider="anthropic"))
    assert paused(run.step(away("d"))) == []
    [later] = paused(run.step(away("e", limit=Limit(kind="rate", after_s=60.0))))
    assert (later.number, later.at_once) == (1, 4)  # it lasts longer; it is no new one


def test_behind_each_pause_half_as_many_run_and_one_more_when_as_many_completed():
    run = Paid(*asks(*(f"t{n:02}" for n in range(30))))
    run.step()
    for task in (f"t{n:02}" for n in range(10)):
        run.step(Ended(task=task, attempt=1, outcome=Completed()))
    run.step(*(away(f"t{n}") for n in range(10, 30)))  # 20 live
    again = starts(run.step(Lifted(provider="anthropic")))
    assert len(again) == 10
    done = [Ended(task=task, attempt=2, outcome=Completed()) for task in again]
    assert len(starts(run.step(*done[:9]))) == 9
    assert len(starts(run.step(done[9]))) == 1  # 10 completed: 11 may run, and 10 were left


def test_pauses_in_a_row_are_counted_until_one_completes():
    run = Paid(*asks("a", "b"), max_parallel=1)
    run.step()
    streaks = []
    for attempt in (1, 2, 3):
        [pause] = paused(run.step(away("a", attempt)))
        streaks.append(pause.streak)
        run.step(Lifted(provider="anthropic"))
    run.step(Ended(task="a", attempt=4, outcome=Completed()))
    streaks.append(paused(run.step(away("b")))[0].streak)
    assert streaks == [1, 2, 3, 1]


def test_what_an_agent_says_while_it_tries_again_by_itself_pauses_the_others():
    run = Paid(*asks("a", "b"), *asks("c"), max_parallel=1)
    assert starts(run.step()) == ["a"]
    assert len(paused(run.step(Limited(task="a", attempt=1, limit=RATE)))) == 1
    assert paused(run.step(Limited(task="a", attempt=1, limit=RATE))) == []
    assert starts(run.step(Ended(task="a", attempt=1, outcome=Completed()))) == []
    assert starts(run.step(Lifted(provider="anthropic"))) == ["b"]


def test_the_next_owner_finds_the_pause_and_what_was_learnt():
    run = Paid(*asks("a", "b", "c", "d"))
    run.step()
    [pause] = paused(run.step(away("a"), away("b"), away("c"), away("d")))
    run.events.append(Paused(provider="anthropic", until=9.0, number=pause.number, at_once=pause.at_once))
    board, commands = step(run.rebuilt(), ())
    assert (starts(commands), paused(commands)) == ([], [])
    board, commands = step(board, [Lifted(provider="anthropic")])
    assert len(starts(commands)) == 2
    assert [one.number for one in paused(step(board, [away("a", 2)])[1])] == [2]


def test_those_sent_away_cost_no_retry_up_to_a_bound():
    [task] = asks("a", retries=1)
    run = Paid(task)
    run.step()
    for attempt in range(1, MOST_LIMITED + 1):
        assert run.board.goes_on(task, away("a", attempt))
        run.step(away("a", attempt), Lifted(provider="anthropic"))
        run.step(Lifted(provider="anthropic"))
    last = MOST_LIMITED + 1
    assert run.board.goes_on(task, away("a", last)), "its own retry"
    run.step(away("a", last))
    run.step(Lifted(provider="anthropic"))
    final = Ended(task="a", attempt=last + 1, outcome=SENT_AWAY, limit=RATE)
    assert not run.board.goes_on(task, final)
    run.step(final)
    run.step(RetryAsked(task="a"), Lifted(provider="anthropic"))
    run.step(Lifted(provider="anthropic"))
    assert run.board.goes_on(task, away("a", last + 2)), "asked for anew, it may be sent away as often again"


def test_a_stop_during_a_pause_ends_what_waits():
    run = Paid(*asks("a"))
    run.step()
    run.step(away("a"))
    assert type(settled(run.step(StopAsked(task="a", reason="enough")))["a"]).__name__ == "Stopped"
    assert run.board.finished


@pytest.mark.parametrize(
    ("limits", "started"),
    [
        (Limits(agents={"claude": 2}), ["a", "b", "e", "f"]),
        (Limits(models={"opus": 1}), ["a", "b", "c", "d", "e", "f"]),
        (Limits(providers={"anthropic": 3, "openai": 1}), ["a", "b", "c", "e"]),
        (Limits(agents={"claude": 3}, providers={"anthropic": 1}), ["a", "e", "f"]),
        (Limits(agents={"other": 1}), ["a", "b", "c", "d", "o", "p", "e", "f"]),
    ],
)
def test_caps_by_agent_model_and_provider(limits, started):
    tasks = (*asks("a", "b", "c", "d"), *asks("o", "p", model="opus"), *asks("e", "f", agent="codex"))
    run = Paid(*tasks, limits=limits)
    found = starts(run.step())
    assert sorted(found) == sorted([*started, *(["o"] if "opus" in limits.models else [])])
    while run.board.live:
        task = found.pop(0)
        found += starts(run.step(Ended(task=task, attempt=1, outcome=Completed())))
    assert run.board.finished


def test_a_wide_task_is_not_overtaken_by_those_of_another_lane():
    run = Paid(
        *asks("a", cpu=1.0, estimate=1.0),
        a_task("wide", cpu=2.0, estimate=9.0),
        *asks("b", cpu=1.0, estimate=1.0, agent="codex"),
        cores=2.0,
    )
    assert starts(run.step()) == ["wide"]


def _pause(*limits, streak=1):
    return Pause(provider="x", number=1, streak=streak, at_once=1, limits=limits)


@pytest.mark.parametrize(
    ("pause", "least", "most"),
    [
        (_pause(RATE), 0.5, 1.0),
        (_pause(RATE, streak=4), 4.0, 8.0),
        (_pause(RATE, streak=10_000), 60.0, 120.0),
        (_pause(Limit(kind="rate", after_s=20.0)), 20.0, 21.0),
        (_pause(Limit(kind="quota", until=4_600.0)), 3600.0, 3601.0),
        (_pause(Limit(kind="rate", after_s=2.0), Limit(kind="rate", after_s=5.0), RATE), 5.0, 5.5),
        (_pause(Limit(kind="quota", until=10.0)), 0.5, 1.0),  # it is over already, and was sent away all the same
    ],
)
def test_how_long_a_pause_lasts(pause, least, most):
    assert until(pause, now=1000.0, luck=0.0) == pytest.approx(1000 + least)
    assert until(pause, now=1000.0, luck=1.0) == pytest.approx(1000 + most)


def test_who_has_no_provider_is_never_paused():
    run = Run("a", "b", limits=Limits())
    run.step()
    said = run.step(away("a"))
    assert (paused(said), starts(said)) == ([], ["a"])
