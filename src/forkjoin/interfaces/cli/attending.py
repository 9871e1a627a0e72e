"""Attending a run until it is over: one that this process drives, or one that another does."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Literal

from forkjoin.errors import ForkjoinError
from forkjoin.interfaces.cli.live import Show
from forkjoin.interfaces.cli.signals import Signals

if TYPE_CHECKING:
    from forkjoin.engine import Run, Taking
    from forkjoin.interfaces.cli.controls import Wish
    from forkjoin.model import RunView

_TICK_S = 0.1
_OVER = ("completed", "failed", "stopped")
_KEYS: dict[int, str] = {signal.SIGINT: "Ctrl-C", signal.SIGQUIT: "Ctrl-\\"}


@dataclass(frozen=True, kw_only=True)
class Attended:
    """How it came to an end: the run as it was then, a signal that ended it, or that it was left running."""

    view: RunView
    interrupted: Literal["", "int", "term"] = ""
    left: bool = False


def driven(run: Run, show: Show, signals: Signals) -> Attended:
    """Drive the run in a thread and show it here, until it is over or handed over.

    Ctrl-C stops every task, a second one ends them at once, as Ctrl-\\ does; SIGTERM and SIGHUP stop them too.
    """
    driving = _Driving(run, signals)
    try:
        with show:
            attended = _attended(run, driving, show, signals)
    except BaseException:
        run.stop(reason="what attended it failed")
        driving.join()
        raise
    driving.raise_failure()
    return attended


def _attended(run: Run, driving: _Driving, show: Show, signals: Signals) -> Attended:
    interrupted: Literal["", "int", "term"] = ""
    while True:
        over = driving.over()
        view = run.view()
        for wish in show.tick(view, time.time()):
            _granted(run, wish, show)
        if over:
            return Attended(view=view, interrupted=interrupted, left=view.state not in _OVER)
        for number in signals.taken():
            interrupted = _interrupted(run, number, interrupted, show)
        signals.wait(_TICK_S, also=show.keyboard())


def watched(run: Run, show: Show, signals: Signals) -> Attended:
    """Show a run that another process drives until it is over; leaving stops nothing."""
    from forkjoin.engine import Taking

    taking = Taking(run)
    with show:
        while True:
            view = _with_an_owner(run, taking)
            wishes = show.tick(view, time.time())
            for wish in wishes:
                if wish.kind == "stop":
                    _granted(run, wish, show)
            if view.state in _OVER:
                return Attended(view=view)
            if any(wish.kind == "leave" for wish in wishes):
                return Attended(view=view, left=True)
            interrupted = _ending(signals, show)
            if interrupted is not None:
                return Attended(view=view, interrupted=interrupted, left=True)
            signals.wait(_TICK_S, also=show.keyboard())


def _with_an_owner(run: Run, taking: Taking) -> RunView:
    alone = not run.owned()  # asked first: an owner that leaves has said before how it ended
    view = run.view()
    if alone and view.state not in _OVER:
        taking.up(view)
    return view


def _ending(signals: Signals, show: Show) -> Literal["int", "term"] | None:
    """Return what asked to end it, if anything did; a new size of the window is taken in at once."""
    for number in signals.taken():
        if number != signal.SIGWINCH:
            return _kind(number)
        show.resized()
    return None


class _Driving:
    """The thread that drives; what it raised is raised in the thread that attends."""

    def __init__(self, run: Run, signals: Signals) -> None:
        self._run, self._signals = run, signals
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._drive, name=f"forkjoin-{run.id}")
        self._thread.start()

    def over(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def raise_failure(self) -> None:
        self.join()
        if self._failure is not None:
            raise self._failure

    def _drive(self) -> None:
        try:
            self._run.drive()
        except BaseException as failure:
            self._failure = failure
        finally:
            self._signals.wake()


def _granted(run: Run, wish: Wish, show: Show) -> None:
    try:
        if wish.kind == "stop":
            run.stop([wish.task], reason="stopped at the board")
        elif wish.kind == "leave":
            run.hand_over()
    except ForkjoinError as error:
        show.notice(str(error))


def _interrupted(run: Run, number: int, before: Literal["", "int", "term"], show: Show) -> Literal["", "int", "term"]:
    if number == signal.SIGWINCH:
        show.resized()
        return before
    name = _KEYS.get(number, signal.Signals(number).name)
    if before or number == signal.SIGQUIT:
        show.notice("ending every task now")
        run.stop(reason=f"{name} again" if before else name, how="kill")
        return before or _kind(number)
    show.notice(f"stopping every task; {name} again ends them now")
    run.stop(reason=name)
    return _kind(number)


def _kind(number: int) -> Literal["int", "term"]:
    return "int" if number in _KEYS else "term"
