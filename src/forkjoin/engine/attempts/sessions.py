"""With what of an earlier attempt the next one of its task goes on: its agent's session, its workspace, its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from forkjoin.model import (
    Budget,
    Ended,
    Event,
    Failed,
    Place,
    RetryAsked,
    Starting,
    TaskId,
    Text,
    Usage,
    reason_of,
)

# The kinds of events that say what a task goes on with.
NOTED: frozenset[type[Event]] = frozenset((Starting, RetryAsked, Ended))
Why: TypeAlias = Literal["followup", "retry", "repair", "limit"]
# Where an attempt that ended so has said nothing, its session may not be there: it is begun anew.
_SAID_NOTHING = ("login", "quota", "rate", "exit", "setup", "workspace")


class GoesOn(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt goes on with, and why it does.

    `session` is "" where there is none: then its agent is asked anew, in the same workspace. `said` is the message of a
    follow-up, else how the earlier attempt ended; `answer` is what that answered. `used` is what was used in the
    session so far. `place` is where the earlier attempt worked, None where it had no tree of its own.
    """

    why: Why
    session: str = ""
    place: Place | None = None
    said: str = ""
    answer: str = ""
    used: Usage | None = None


class _Last(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of the last attempt of a task."""

    session: str
    place: Place | None
    reason: str
    answer: Text
    used: Usage
    spoke: bool
    limited: bool
    repair: bool
    again: bool


class Sessions:
    """Remembers what attempts left, and what was asked of their tasks since. Fed with a run's events in their order."""

    def __init__(self, content: Callable[[Text], str]) -> None:
        self._content = content
        self._last: dict[TaskId, _Last] = {}
        self._asked: dict[TaskId, RetryAsked] = {}
        self._live: set[TaskId] = set()

    def note(self, event: Event) -> None:
        """Take note of an event; those that are no `NOTED` say nothing of sessions."""
        if type(event) is Starting:
            self._live.add(event.task)
            if event.task in self._last and self.to(event.task) is None:
                self._last.pop(event.task, None)  # it begins anew: what was left before is no more gone on with
        elif type(event) is RetryAsked:
            if event.task not in self._live:
                self._asked[event.task] = event
        elif type(event) is Ended:
            self._ended(event)

    def to(self, task: TaskId) -> GoesOn | None:
        """Return what the attempt of *task* that starts now, or lives, goes on with; None: it begins anew."""
        last, asked = self._last.get(task), self._asked.get(task)
        if last is None:
            return None
        if last.again and last.repair:
            return self._on(last, "repair", last.reason)
        if last.again:
            message = self._content(asked.message) if asked is not None else ""
            return self._on(last, "limit", message) if last.limited and last.session and last.spoke else None
        if asked is None or asked.fresh or not last.session:
            return None
        if asked.followup:
            return self._on(last, "followup", self._content(asked.message))
        return self._on(last, "retry", last.reason) if last.spoke else None

    def budget(self, task: TaskId) -> Budget | None:
        """Return the budget that was asked for with the task's last retry."""
        asked = self._asked.get(task)
        return asked.budget if asked is not None else None

    def _on(self, last: _Last, why: Why, said: str) -> GoesOn:
        return GoesOn(
            why=why,
            session=last.session,
            place=last.place,
            said=said,
            answer=self._content(last.answer) if why == "repair" else "",
            used=last.used,
        )

    def _ended(self, event: Ended) -> None:
        self._live.discard(event.task)
        if not event.again:
            self._asked.pop(event.task, None)
        if not event.attempt or event.unbegun:
            return
        before = self._last.pop(event.task, None)
        session = event.session or (before.session if before is not None else "")
        if not session and not event.repair:
            return
        same = before is not None and before.session == session
        # A repair turn that the provider did not take is still to be taken.
        owed = before is not None and before.repair and event.again and event.limit is not None
        self._last[event.task] = _Last(
            session=session,
            place=_own(event) or (before.place if before is not None else None),
            reason=before.reason if before is not None and owed else reason_of(event.outcome),
            answer=before.answer if before is not None and owed else event.answer,
            used=_counted(before.used if before is not None and same else Usage(), event.usage),
            spoke=_spoke(event) or (before is not None and same and before.spoke),
            limited=event.limit is not None,
            repair=event.repair or owed,
            again=event.again,
        )


def _own(event: Ended) -> Place | None:
    return event.place if event.place is not None and event.place.kind != "shared" else None


def _counted(before: Usage, usage: Usage) -> Usage:
    """Add up tokens and dollars of one session that were said; what was not said counts nothing."""
    return Usage(
        input_tokens=(before.input_tokens or 0) + (usage.input_tokens or 0),
        output_tokens=(before.output_tokens or 0) + (usage.output_tokens or 0),
        usd=(before.usd or 0.0) + (usage.usd or 0.0),
    )


def _spoke(event: Ended) -> bool:
    """Whether the agent got so far that its session is there to go on in."""
    if event.answer.length or event.usage.output_tokens or event.changes.files:
        return True
    return not (type(event.outcome) is Failed and event.outcome.kind in _SAID_NOTHING)
