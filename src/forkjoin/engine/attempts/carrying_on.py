"""With what an attempt goes on, from its start to its record; what that says of the earlier one of its task."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from forkjoin.agents import less
from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.sessions import GoesOn
from forkjoin.engine.attempts.settling import Result
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.engine.attempts.underway import Key
from forkjoin.model import Budget, Completed, Failed, NeedsInput, Place, Task, TaskId, Usage

_LEAST_USD = 0.01  # 0 would be no bound


class Carrying:
    """Remembers with what the attempts that live go on; *tasks* are those of the run, and get budgets asked for since.

    `on` is called in several threads: it only reads.
    """

    def __init__(self, tasks: dict[TaskId, Task]) -> None:
        self._tasks = tasks
        self._own = {name: task.budget for name, task in tasks.items()}
        self._goes_on: dict[Key, GoesOn] = {}

    def remember(self, key: Key, gift: Given) -> Given:
        """Take note of what an attempt is given; return it."""
        task = self._tasks[key[0]]
        if gift.budget is not None and self._own[task.id] is not None:
            self._own[task.id] = gift.budget
        budget = self._own[task.id]
        if gift.left is not None and getattr(speaker(task), "holds_dollars", False):
            budget = at_most(budget, gift.left)
        if budget != task.budget:
            self._tasks[task.id] = replace(task, budget=budget)
        if gift.goes_on is not None:
            self._goes_on[key] = gift.goes_on
        return gift

    def place(self, key: Key) -> Place | None:
        """Return the workspace of the earlier attempt that an attempt was to go on in, as long as it is there."""
        on = self._goes_on.get(key)
        return on.place if on is not None and on.place is not None and Path(on.place.root).is_dir() else None

    def before(self, key: Key) -> Usage | None:
        """Return what an attempt's session had used before it, where its agent counts that again."""
        on = self._goes_on.get(key)
        counts_again = on is not None and getattr(speaker(self._tasks[key[0]]), "whole_session", False)
        return on.used if on is not None and on.session and counts_again else None

    def on(self, result: Result) -> Result:
        """Return a record with what its attempt went on with."""
        key = (result.ended.task, result.ended.attempt)
        return carried_on(result, self._goes_on.get(key), self.before(key))

    def forget(self, key: Key) -> None:
        """Drop what is kept of an attempt that has its record."""
        self._goes_on.pop(key, None)


def at_most(own: Budget | None, left: float) -> Budget:
    """Return a task's budget within the dollars that are left of its run's.

    What holds dollars itself says them at its end alone, so nobody else could end it before.
    """
    usd = max(left, _LEAST_USD)
    tokens = own.tokens if own is not None else None
    return Budget(usd=usd if own is None or own.usd is None else min(own.usd, usd), tokens=tokens)


def carried_on(result: Result, goes_on: GoesOn | None, before: Usage | None) -> Result:
    """Return the record with what it goes on with; *before* is the part of its usage that an earlier record has.

    An answer is put right only once: where that fails, what was answered before is kept, which nobody cut short.
    """
    if goes_on is None:
        return result
    ended = replace(
        result.ended,
        session=result.ended.session or goes_on.session,
        usage=less(result.ended.usage, before),
    )
    if goes_on.why != "repair" or isinstance(ended.outcome, Completed | NeedsInput):
        return replace(result, ended=ended)
    outcome = ended.outcome
    if isinstance(outcome, Failed) and outcome.kind == "contract":
        outcome = replace(outcome, reason=f"{outcome.reason} (asked for it once more, in vain)")
    ended = replace(ended, outcome=outcome, repair=False)
    return replace(result, ended=ended, answer=goes_on.answer or result.answer)
