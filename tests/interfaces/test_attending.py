"""Attending a run: signals, wishes, ends. A made-up run, real signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from forkjoin.errors import CannotHere, PlanError
from forkjoin.interfaces.cli.attending import driven, watched
from forkjoin.interfaces.cli.controls import Wish
from forkjoin.interfaces.cli.signals import Signals
from forkjoin.model import Recorded, Running, RunView


class FakeRun:
    """A run whose driver lasts until it is stopped, handed over, or told to end."""

    id = "k3f9x2"

    def __init__(self, view: RunView, *, owned: bool = True) -> None:
        self._view, self._owned = view, owned
        self.over, self.failure = Event(), None
        self.stops: list[tuple[tuple[str, ...], str]] = []
        self.resumed = 0

    def view(self) -> RunView:
        return self._view

    def owned(self) -> bool:
        return self._owned

    def events(self, since: int = 0) -> list[Recorded]:
        return []

    def resume(self) -> None:
        self.resumed, self._owned = self.resumed + 1, True

    def drive(self) -> None:
        assert self.over.wait(10)
        if self.failure:
            raise self.failure

    def end(self, state: str = "completed") -> None:
        self._view = msgspec.structs.replace(self._view, state=state, ended=1.0)
        self.over.set()

    def stop(self, tasks: Any = (), *, reason: str, how: str = "term") -> None:
        self.stops.append((tuple(tasks), how))
        if how == "kill" or not tasks:
            self.stopped()

    def stopped(self) -> None:
        self.end("stopped")

    def hand_over(self) -> None:
        self.over.set()


class Stubborn(FakeRun):
    """Ends only when it is killed."""

    def stopped(self) -> None:
        if self.stops[-1][1] == "kill":
            self.end("stopped")


class Orphan(FakeRun):
    """Has no owner for long."""

    folder = Path("/state/runs/k3f9x2")

    def resume(self) -> None:
        self.resumed += 1


class FakeShow:
    """Does one thing a tick."""

    def __init__(self, *steps: Callable[[], list[Wish] | None]) -> None:
        self._steps = iter(steps)
        self.notices: list[str] = []
        self.resizes = 0

    def __enter__(self) -> FakeShow:
        return self

    def __exit__(self, *_: object) -> None:
        self.left = True

    def tick(self, view: RunView, now: float) -> list[Wish]:
        step = next(self._steps, None)
        return (step() if step else None) or []

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def keyboard(self) -> list[int]:
        return []

    def resized(self) -> None:
        self.resizes += 1


@pytest.fixture(autouse=True)
def _handlers_are_put_back() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


def _sends(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def test_a_run_is_attended_until_it_is_over(five: RunView) -> None:
    run = FakeRun(five)
    with Signals() as signals:
        attended = driven(run, FakeShow(run.end), signals)
    assert (attended.view.state, attended.interrupted, attended.left) == ("completed", "", False)


@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGINT, "int"), (signal.SIGTERM, "term"), (signal.SIGHUP, "term")]
)
def test_a_signal_stops_every_task_and_the_end_is_waited_for(five: RunView, number: int, word: str) -> None:
    run, show = FakeRun(five), FakeShow(_sends(number))
    with Signals() as signals:
        attended = driven(run, show, signals)
    assert run.stops == [((), "term")]
    assert (attended.interrupted, attended.view.state) == (word, "stopped")
    assert f"{'Ctrl-C' if word == 'int' else signal.Signals(number).name} again" in show.notices[0]


def test_a_second_ctrl_c_ends_them_at_once(five: RunView) -> None:
    run = Stubborn(five)
    with Signals() as signals:
        attended = driven(run, FakeShow(_sends(signal.SIGINT), lambda: None, _sends(signal.SIGINT)), signals)
    assert run.stops == [((), "term"), ((), "kill")]
    assert attended.interrupted == "int"


def test_a_resize_is_passed_on_and_stops_nothing(five: RunView) -> None:
    run = FakeRun(five)
    show = FakeShow(_sends(signal.SIGWINCH), lambda: None, run.end)
    with Signals() as signals:
        driven(run, show, signals)
    assert show.resizes == 1
    assert run.stops == []


def test_one_task_is_stopped_at_the_board(five: RunView) -> None:
    run = FakeRun(five)
    show = FakeShow(lambda: [Wish(kind="stop", task="auth")], run.end)
    with Signals() as signals:
        driven(run, show, signals)
    assert run.stops == [(("auth",), "term")]


def test_leaving_hands_the_run_over(five: RunView) -> None:
    run = FakeRun(five)
    with Signals() as signals:
        attended = driven(run, FakeShow(lambda: [Wish(kind="leave")]), signals)
    assert attended.left
    assert run.stops == []


def test_what_cannot_be_left_is_said_and_goes_on(five: RunView) -> None:
    run = FakeRun(five)

    def refuse() -> None:
        raise PlanError("function tasks run in this process")

    run.hand_over = refuse  # type: ignore[method-assign]
    show = FakeShow(lambda: [Wish(kind="leave")], run.end)
    with Signals() as signals:
        attended = driven(run, show, signals)
    assert not attended.left
    assert "function tasks" in show.notices[0]


def test_what_the_driver_raised_is_raised_here(five: RunView) -> None:
    run = FakeRun(five)
    run.failure = ZeroDivisionError("a bug")
    with Signals() as signals, pytest.raises(ZeroDivisionError):
        driven(run, FakeShow(run.end), signals)


def test_a_show_that_fails_stops_the_run_and_leaves_no_thread(five: RunView) -> None:
    run = FakeRun(five)

    def fail() -> None:
        raise RuntimeError("no screen")

    with Signals() as signals, pytest.raises(RuntimeError):
        driven(run, FakeShow(fail), signals)
    assert run.stops == [((), "term")]
    assert run.over.is_set()


def test_watching_ends_with_the_run(five: RunView) -> None:
    run = FakeRun(five)
    with Signals() as signals:
        attended = watched(run, FakeShow(run.end), signals)
    assert (attended.view.state, attended.left) == ("completed", False)


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "int"), (signal.SIGTERM, "term")])
def test_leaving_a_watched_run_by_a_signal_stops_nothing(five: RunView, number: int, word: str) -> None:
    run = FakeRun(five)
    with Signals() as signals:
        attended = watched(run, FakeShow(_sends(number)), signals)
    assert (attended.left, attended.interrupted, run.stops) == (True, word, [])


def test_q_leaves_a_watched_run(five: RunView) -> None:
    run = FakeRun(five)
    with Signals() as signals:
        attended = watched(run, FakeShow(lambda: [Wish(kind="leave")]), signals)
    assert (attended.left, run.stops) == (True, [])


def test_a_watched_run_that_nobody_drives_is_taken_up_once(five: RunView) -> None:
    run = FakeRun(five, owned=False)
    with Signals() as signals:
        watched(run, FakeShow(lambda: None, lambda: None, run.end), signals)
    assert run.resumed == 1


def test_a_run_that_is_over_is_not_taken_up(five: RunView) -> None:
    run = FakeRun(five, owned=False)
    run.end()
    with Signals() as signals:
        watched(run, FakeShow(), signals)
    assert run.resumed == 0


def test_a_signal_that_was_ignored_on_purpose_stays_ignored(five: RunView) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = FakeRun(five)
        with Signals() as signals:
            attended = driven(run, FakeShow(_sends(signal.SIGHUP), run.end), signals)
        assert (attended.interrupted, run.stops) == ("", [])
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_run_whose_owner_ends_at_once_is_taken_up_three_times_and_no_more(five: RunView) -> None:
    run = Orphan(five, owned=False)
    with Signals() as signals, pytest.raises(CannotHere, match=r"3 times.*: /state/runs/k3f9x2/supervisor\.log"):
        watched(run, FakeShow(), signals)
    assert run.resumed == 3


def test_a_run_whose_owners_die_is_taken_up_as_often_as_it_got_on_meanwhile(five: RunView) -> None:
    class GetsOn(Orphan):
        def events(self, since: int = 0) -> list[Recorded]:
            return [Recorded(seq=since + 1, at=0.0, event=Running(task="a", attempt=1))]

    run = GetsOn(five, owned=False)
    with Signals() as signals:
        attended = watched(run, FakeShow(*[lambda: None] * 5, run.end), signals)
    assert (run.resumed, attended.view.state) == (6, "completed")
