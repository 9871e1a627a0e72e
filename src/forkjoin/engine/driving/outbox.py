"""What an owner has noted and decided in a turn, until the journal holds it: journal first, then act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from forkjoin.engine.attempts.settling import Result
from forkjoin.errors import NoRoom
from forkjoin.failpoints import reached
from forkjoin.journal import Journal
from forkjoin.model import Ended, Event

Effect: TypeAlias = Callable[[], None]


class Outbox:
    """Notes for the journal, and the effects that wait for them; for the loop's thread.

    `said` counts the characters of the answers among the notes; `full` says why the last commit failed, None where it
    did not; `last` is the last event in the journal then.
    """

    def __init__(
        self, journal: Journal, *, before: Callable[[Event], None], after: Callable[[Sequence[Event]], None]
    ) -> None:
        self._journal, self._before, self._after = journal, before, after
        self._notes: list[Event | Result] = []
        self._effects: list[Effect] = []
        self._ends: list[Effect] = []
        self.said = self.last = 0
        self.full: NoRoom | None = None

    def note(self, *events: Event) -> list[Event]:
        """Note events for the journal; return them."""
        self._notes.extend(events)
        return list(events)

    def settle(self, result: Result) -> None:
        """Note a record, whose texts go into the journal with it."""
        self._notes.append(result)
        self.said += len(result.answer) + len(result.value)

    def then(self, effect: Effect) -> None:
        """Let this happen when the journal holds what is noted."""
        self._effects.append(effect)

    def end(self, effect: Effect) -> None:
        """Let this happen after the next try to commit, whether or not there was room: it only ends something."""
        self._ends.append(effect)

    def release(self, *, at: float) -> None:
        """Commit what is noted, then let the effects happen; on a full disk all but ends wait for the next try."""
        noted, self._notes, self.said = self._notes, [], 0
        events = [self._with_texts(one) if isinstance(one, Result) else one for one in noted]
        for event in events:
            self._before(event)
        self._journal.append(events, at=at)
        self._effects.append(lambda: self._after(events))
        effects, self._effects = self._effects, []
        reached("turn.decided")
        try:
            self.last = self._journal.commit()
            reached("turn.committed")
            self.full = None
        except NoRoom as full:  # the journal keeps what was appended for the next commit
            self.full, self._effects, effects = full, effects, []
        ends, self._ends = self._ends, []
        for effect in (*effects, *ends):
            effect()
        reached("turn.done")

    def _with_texts(self, result: Result) -> Ended:
        """Put a result's answer and value among the journal's texts, in the open transaction."""
        if not result.answer and not result.value:
            return result.ended
        return msgspec.structs.replace(
            result.ended,
            answer=self._journal.text(result.answer),
            value=self._journal.text(result.value.decode("utf-8", "replace")),
        )
