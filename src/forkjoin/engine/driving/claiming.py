"""What an owner does for its run among the other runs of its repository, while it drives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from forkjoin.engine.claims import UNSEEN, claims_file, from_the_top, owner_lives, rows_of, unseen
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import ForkjoinError
from forkjoin.journal import ClaimsFile, Turn
from forkjoin.model import (
    ENDED,
    Awaited,
    Ended,
    Event,
    Freed,
    LiveClaims,
    Other,
    Planned,
    RetryAsked,
    RunId,
    Starting,
    TaskId,
)
from forkjoin.planning import foreign_pairs, others_of
from forkjoin.sources import read_tree
from forkjoin.workspaces import separable

_BUSY_S = 1.0  # how long a file that another process holds is waited for: the owner's loop waits with it
_TRIES = 2  # a damaged file is out of the way at the second
_LOOK_SHARE = 20  # a look that took long is not repeated before twenty times that
_PATIENCE_S = 30.0  # how long tasks are held back where their claims cannot be made

States = Callable[[], Mapping[TaskId, str]]


class Claiming:
    """Keeps the claims of one run's tasks, and knows which of them wait for tasks of other runs; for one thread.

    A task's claims are made before it may start, and given back when it has ended. A task that is queued again claims
    anew, behind all others, and with it the queued tasks behind it: so a task never has an older claim than one it
    waits for in its own run, and as it waits only for older claims of other runs, no ring of waiting can close.

    *states* gives the states of the run's tasks as they are now.
    """

    def __init__(self, folder: RunFolder, planned: Planned, states: States) -> None:
        self._home, self._run, self._planned, self._states = folder.home, planned.run, planned, states
        self._rows = {row.claims.id: row for row in rows_of(planned)}
        self._file = claims_file(folder.home, planned.repository, busy_s=_BUSY_S)
        self._identity = 0
        self._waits: dict[TaskId, tuple[Other, ...]] = {}
        self._seqs: dict[TaskId, int] = {}  # of the tasks that wait
        self._blind: set[TaskId] = set()  # those that wait for a run whose claims are not in the file (yet)
        self._owned: dict[RunId, bool] = {}
        self._ended: list[TaskId] = []
        self._due: dict[TaskId, None] = {}  # tasks whose claims could not be made yet
        self._due_since = 0.0
        self._behind: dict[TaskId, list[TaskId]] | None = None
        self._next_look = 0.0

    @property
    def tasks(self) -> tuple[TaskId, ...]:
        """The tasks that must claim anew when they are queued again: all, where any of them claims something.

        (One that claims nothing may stand between two that do.)
        """
        return tuple(task.id for task in self._planned.plan.tasks) if self._rows else ()

    def take_over(self, past: Iterable[Event], elsewhere: Sequence[TaskId]) -> list[Event]:
        """Go on with the claims of a run that was taken up: what others went past meanwhile is claimed anew.

        *elsewhere* are the queued tasks that may start only when it is said how they stand to other runs.
        """
        if not self._rows:
            return []
        self._waits = _waits(past)
        unsaid = [task for task in elsewhere if task not in self._waits]
        with closing(claims_file(self._home, self._planned.repository)) as patient:
            for _ in range(_TRIES):
                with suppress(*UNSEEN):
                    return self._taken_over(patient, unsaid, elsewhere)
        self._put_off(elsewhere)  # all others go on without, as at a launch
        return []

    def _taken_over(self, file: ClaimsFile, unsaid: Sequence[TaskId], elsewhere: Sequence[TaskId]) -> list[Event]:
        states = self._states()
        with file.turn() as turn:
            own = turn.own(self._run)
            turn.drop(self._run, [task for task in own if states.get(task) in ENDED])
            self._seqs = {task: own[task] for task in self._waits if task in own}
            missing = [task for task in self._rows if states[task] not in ENDED and task not in own]
            events = self._anew(turn, dict.fromkeys((*missing, *unsaid)), states, told=elsewhere)
        self._identity = file.identity()
        return events

    def reclaim(self, tasks: Sequence[TaskId]) -> list[Event]:
        """Claim for tasks that are queued again; return how each stands to other runs, or nothing yet."""
        try:
            with self._file.turn() as turn:
                return self._anew(turn, dict.fromkeys(tasks), self._states(), told=tasks)
        except UNSEEN:
            self._put_off(tasks)
            return []

    def note(self, events: Iterable[Event]) -> None:
        """Take note of what is in the journal: claims of tasks that have ended are given back with `give_back`."""
        if self._rows:
            for event in events:
                if isinstance(event, Ended) and not event.again:
                    self._ended.append(event.task)
                    self._waits.pop(event.task, None)

    def give_back(self) -> None:
        """Give back the claims of tasks that have ended; what cannot be given back now is tried again."""
        if self._ended:
            with suppress(*UNSEEN), self._file.turn() as turn:
                turn.drop(self._run, self._ended)
                self._ended = []

    def look(self) -> Iterator[Event]:
        """Yield how tasks stand to other runs, where that has changed; costs next to nothing where nothing has."""
        began = time.monotonic()
        if not self._rows or began < self._next_look:
            return
        try:
            if self._identity and self._file.identity() != self._identity:
                yield from self._claim_in_a_new_file()
            if self._due:
                yield from self._claim_what_is_due()
            if self._waits:
                yield from self._gone()
        except UNSEEN as error:
            yield from self._out_of_patience(error)
        self._next_look = time.monotonic() + _LOOK_SHARE * (time.monotonic() - began)

    def close(self, *, over: bool) -> None:
        """Let go of the file; of a run that is over all claims are given back."""
        if over and self._rows:
            with suppress(*UNSEEN), self._file.turn() as turn:
                turn.drop_all(self._run)
        self._file.close()

    # -- claiming anew

    def _anew(
        self, turn: Turn, tasks: dict[TaskId, None], states: Mapping[TaskId, str], *, told: Collection[TaskId]
    ) -> list[Event]:
        """Claim anew for *tasks* and the queued ones behind them; say how those stand that wait or must be *told*."""
        turn.come(self._run)
        if not tasks:
            return []
        theirs = turn.others(self._run)
        # Where there is nobody else no order can be wrong: whoever comes later comes after all of them.
        moved = self._with_those_behind(tasks, states) if theirs else list(tasks)
        queued = [task for task in moved if states[task] == "queued"]
        seq = turn.newest() + 1
        turn.put((self._rows[task] for task in queued if task in self._rows), seq=seq)
        # What runs and is not in the file was in one that is gone: it is older than whoever is in this one.
        turn.put((self._rows[task] for task in moved if task in self._rows and states[task] != "queued"), seq=0)
        others = self._meeting(queued, theirs) if theirs else {}
        missed = self._missed(queued, turn.here())
        self._blind = (self._blind - set(queued)) | missed.keys()
        return list(
            self._said(queued, {task: others.get(task, ()) + missed.get(task, ()) for task in queued}, seq, told)
        )

    def _meeting(self, queued: Sequence[TaskId], theirs: Sequence[LiveClaims]) -> dict[TaskId, tuple[Other, ...]]:
        tree = read_tree(Path(self._planned.tree))
        ours = [self._rows[task] for task in queued if task in self._rows]
        policy = self._planned.plan.policy
        return others_of(foreign_pairs(ours, theirs, from_the_top(tree), policy=policy, clonable=separable(tree)))

    def _missed(self, queued: Sequence[TaskId], seen: Collection[RunId]) -> dict[TaskId, tuple[Other, ...]]:
        """Return what tasks waited for, of runs that live and are not *seen* in the file: their claims are to come."""
        missed: dict[TaskId, tuple[Other, ...]] = {}
        for task in queued:
            old = [one for one in self._waits.get(task, ()) if one.run not in seen and self._is_owned(one.run)]
            if old:
                missed[task] = tuple(old)
        return missed

    def _is_owned(self, run: RunId) -> bool:
        return owner_lives(self._home, run)

    def _said(
        self, queued: Sequence[TaskId], others: Mapping[TaskId, tuple[Other, ...]], seq: int, told: Collection[TaskId]
    ) -> Iterator[Event]:
        for task in queued:
            waited = self._waits.pop(task, None) is not None
            if others[task]:
                self._waits[task], self._seqs[task] = others[task], seq
                yield Awaited(task=task, others=others[task])
            elif waited or task in told:
                yield Freed(task=task)

    def _with_those_behind(self, tasks: Iterable[TaskId], states: Mapping[TaskId, str]) -> list[TaskId]:
        """Return *tasks* and every queued task that is behind one of them, directly or through others."""
        if self._behind is None:
            self._behind = {}
            for edge in self._planned.edges:
                self._behind.setdefault(edge.first, []).append(edge.then)
        seen = dict.fromkeys(tasks)
        order = list(seen)
        for task in order:  # grows while it is read
            for then in self._behind.get(task, ()):
                if then not in seen and states[then] == "queued":
                    seen[then] = None
                    order.append(then)
        return order

    # -- where the file cannot be used

    def _put_off(self, tasks: Iterable[TaskId]) -> None:
        if not self._due:
            self._due_since = time.monotonic()
        self._due.update(dict.fromkeys(tasks))

    def _claim_what_is_due(self) -> list[Event]:
        with self._file.turn() as turn:
            events = self._anew(turn, self._due, self._states(), told=self._due)
        self._due = {}
        return events

    def _out_of_patience(self, error: ForkjoinError) -> Iterator[Event]:
        """Hold nothing back for ever: after a while what could not claim starts without, and that is said."""
        if self._due and time.monotonic() - self._due_since >= _PATIENCE_S:
            due, self._due = self._due, {}
            for task in due:
                yield Freed(task=task, note=unseen(error))

    def _claim_in_a_new_file(self) -> list[Event]:
        """Ours was set aside as damaged: what lives claims again, and so do the others in their own time.

        Of two runs the later one sees the earlier one, so what was decided between them is decided anew.
        """
        states = self._states()
        living = dict.fromkeys(task for task in self._rows if states[task] not in ENDED)
        with self._file.turn() as turn:
            events = self._anew(turn, living, states, told=())
        self._identity = self._file.identity()
        return events

    # -- waiting

    def _gone(self) -> Iterator[Event]:
        """Yield how those stand that wait, where others have given back their claims, or are gone themselves."""
        runs = {other.run for others in self._waits.values() for other in others}
        before, self._owned = self._owned, {run: self._is_owned(run) for run in runs}
        if not self._file.changed() and self._owned == before and all(self._owned.values()):
            return
        with self._file.turn() as turn:
            standing, here = {run: turn.of(run) for run in runs}, turn.here()
        absent = {run for run in runs - here if self._owned[run]}
        oldest = {run: min(rows.values(), default=None) for run, rows in standing.items()}
        for task, others in list(self._waits.items()):
            yield from self._waits_for(
                task, tuple(other for other in others if self._stands(task, other, standing, oldest, absent))
            )

    def _waits_for(self, task: TaskId, left: tuple[Other, ...]) -> Iterator[Event]:
        """Yield `Freed` where nobody is *left*; where a whole run is out of the way `Awaited`: what waits says why."""
        before = {other.run for other in self._waits[task]}
        if not left:
            del self._waits[task]
            self._blind.discard(task)
            yield Freed(task=task)
        elif {other.run for other in left} != before:
            self._waits[task] = left
            yield Awaited(task=task, others=left)

    def _stands(
        self,
        task: TaskId,
        other: Other,
        standing: Mapping[RunId, Mapping[TaskId, int]],
        oldest: Mapping[RunId, int | None],
        absent: Collection[RunId],
    ) -> bool:
        if task in self._blind and other.run in absent:
            return True
        known = standing[other.run].get(other.task) if other.task else oldest[other.run]
        return known is not None and known < self._seqs[task]


def _waits(past: Iterable[Event]) -> dict[TaskId, tuple[Other, ...]]:
    """Return which queued tasks wait for which tasks of other runs, as the journal has it."""
    waits: dict[TaskId, tuple[Other, ...]] = {}
    for event in past:
        if type(event) is Awaited:
            waits[event.task] = event.others
        elif waits and isinstance(event, Freed | Starting | Ended | RetryAsked):
            waits.pop(event.task, None)
    return waits
