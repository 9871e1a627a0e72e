"""Candidates put together, one behind the other, on what they are to be landed on; any subset of them, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from forkjoin.engine.landing.choosing import Candidate
from forkjoin.errors import listed
from forkjoin.model import Clashing, LeftOut, TaskId, TaskView
from forkjoin.model.text import spelled
from forkjoin.workspaces.landing import Clash, Piece, Replay

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Combined:
    """The tree of candidates put together: each that merged with the tree it led to, and those that did not merge."""

    tree: str
    steps: tuple[tuple[Candidate, str], ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def tasks(self) -> tuple[TaskId, ...]:
        """The tasks whose changes are in it."""
        return tuple(candidate.id for candidate, _ in self.steps)


class Combining:
    """Puts candidates on the tree *start*, in which the changes of *there* are already; remembers what was tried.

    *unsaved* is asked for the files that the user had not committed when the run began, where something does not merge.
    """

    def __init__(
        self,
        replay: Replay,
        start: str,
        tasks: Iterable[TaskView],
        *,
        unsaved: Callable[[], frozenset[str]],
        there: Iterable[TaskId] = (),
    ) -> None:
        self._replay, self.start, self._there, self._unsaved = replay, start, tuple(there), unsaved
        self._changed = {task.id: frozenset(change.path for change in task.changes.files) for task in tasks}
        self._pieces: dict[TaskId, Piece] = {}
        self._tried: dict[tuple[str, TaskId], str | tuple[Clash, ...]] = {}

    def together(self, candidates: Sequence[Candidate], *, gone: Iterable[TaskId] = ()) -> Combined:
        """Return the candidates put together in their order; *gone* are tasks that are left out already.

        One that does not merge is left out, and so is whatever stands on a task that is.
        """
        self._replay.know(
            one for candidate in candidates for one in (self.piece(candidate).base, self.piece(candidate).commit)
        )
        out = set(gone)
        tree, steps, left_out = self.start, [], []
        for candidate in candidates:
            below = [one for one in candidate.stands_on if one in out]
            after = self._step(tree, candidate) if not below else ()
            if isinstance(after, str):
                tree = after
                steps.append((candidate, after))
                continue
            out.add(candidate.id)
            left_out.append(
                _behind(candidate.id, below)
                if below
                else self._conflict(candidate, after, [*self._there, *(one.id for one, _ in steps)])
            )
        return Combined(tree=tree, steps=tuple(steps), left_out=tuple(left_out))

    def _step(self, tree: str, candidate: Candidate) -> str | tuple[Clash, ...]:
        key = (tree, candidate.id)
        if key not in self._tried:
            self._tried[key] = self._replay.step(tree, self.piece(candidate))
        return self._tried[key]

    def piece(self, candidate: Candidate) -> Piece:
        """Return what a candidate changed."""
        changes = candidate.task.changes
        made = Piece(base=changes.base, commit=changes.commit, only=candidate.only)
        return self._pieces.setdefault(candidate.id, made)

    def _conflict(self, candidate: Candidate, clashes: Sequence[Clash], there: Sequence[TaskId]) -> LeftOut:
        files = tuple(
            Clashing(
                path=clash.path,
                how=clash.how,
                beside=tuple(task for task in there if clash.path in self._changed[task]),
                text=clash.text,
            )
            for clash in clashes
        )
        beside = tuple(dict.fromkeys(task for file in files for task in file.beside))
        named = listed(files, _SHOWN, say=lambda file: spelled(file.path))
        against = f"what {', '.join(beside[:_SHOWN])} changed" if beside else "what is on the branch"
        return LeftOut(
            task=candidate.id,
            kind="conflict",
            reason=f"it does not merge with {against} in {named}{self._made_on(files)}",
            beside=beside,
            files=files,
        )

    def _made_on(self, files: Sequence[Clashing]) -> str:
        """Return what a user is told who had not committed what a task went on with."""
        unsaved = self._unsaved()
        if not (mine := [file for file in files if file.path in unsaved]):
            return ""
        named = listed(mine, _SHOWN, say=lambda file: spelled(file.path))
        return f"; {named} had changes of yours that were not committed, and those are never landed: commit them first"


def _behind(task: TaskId, below: Sequence[TaskId]) -> LeftOut:
    return LeftOut(
        task=task,
        kind="behind",
        reason=f"it stands on {', '.join(below[:_SHOWN])}, which was left out",
        beside=tuple(below),
    )
