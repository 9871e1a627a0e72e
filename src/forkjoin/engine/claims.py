"""A run among the other runs of its repository: it claims before it begins, and waits for those that claimed first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from forkjoin.backends.lock import LOCK
from forkjoin.engine.folder import UNFINISHED, RunFolder, refuse_others
from forkjoin.errors import CannotHere, ForkjoinError, JournalDamaged, NoRoom, NotIndependent
from forkjoin.journal import ClaimsFile, claims_path
from forkjoin.model import Awaited, ForeignPair, LiveClaims, Planned, Policy, RunId, TaskId, Tree
from forkjoin.planning import foreign_pairs, live_claims, others_of
from forkjoin.sources import seen_from

# Who drives a run claims for it, and prepares none.
if TYPE_CHECKING:
    from forkjoin.engine.preparing.prepare import Prepared

_NOTED = 3  # pairs that are noted one by one; the rest is counted
UNSEEN = (NoRoom, CannotHere, JournalDamaged)  # what a file of claims that cannot be used raises


def claims_file(home: Path, repository: str, *, busy_s: float = 10.0) -> ClaimsFile:
    """Return the claims of a repository's runs; runs with another state folder are not among them."""
    return ClaimsFile(claims_path(home, repository), lambda run, tasks: _living(home, run, tasks), busy_s=busy_s)


def rows_of(planned: Planned) -> tuple[LiveClaims, ...]:
    """Return what a run claims; nothing for one that writes nothing and holds nothing."""
    return live_claims(planned.run, planned.plan, planned.claims, subdir=planned.subdir)


def repository_key(tree: Tree) -> str:
    """Return by what the runs of one repository meet: git's common directory, outside git the tree."""
    return tree.git.common_dir if tree.git else tree.root


def from_the_top(tree: Tree) -> Tree:
    """Return a tree with its paths named from the top of its repository, as claims are."""
    return seen_from(tree, Path(tree.git.top)) if tree.git and tree.git.subdir else tree


def claimed(planned: Planned, home: Path, tree: Tree, *, clonable: bool) -> tuple[Planned, tuple[Awaited, ...]]:
    """Make the claims of a run that is about to begin; return it with notes, and which of its tasks wait for others.

    Of two runs that begin at once exactly one sees the other. Raises NotIndependent where the policy is `strict` and
    the run is not independent of others, CannotHere where that cannot be told; nothing is claimed then. Any other
    policy goes on without: writers have trees of their own, and what meets is found when it is landed.
    """
    rows = rows_of(planned)
    if not rows:
        return planned, ()
    policy, notes = planned.plan.policy, list(planned.notes)
    with closing(claims_file(home, planned.repository)) as file:
        try:
            try:
                pairs = _claim(file, rows, tree, policy, clonable=clonable)
            except JournalDamaged as damage:  # it is out of the way now
                notes.append(str(damage))
                pairs = _claim(file, rows, tree, policy, clonable=clonable)
        except UNSEEN as error:
            return replace(planned, notes=(*notes, unseen(error, policy))), ()
    awaited = tuple(Awaited(task=task, others=others) for task, others in others_of(pairs).items())
    return replace(planned, notes=(*notes, *_notes(pairs))), awaited


def with_others(ready: Prepared, home: Path) -> Prepared:
    """Return a prepared plan with how it stands to the runs that live at this moment; nothing is claimed.

    Raises CannotHere where the state folder is not its user's alone.
    """
    refuse_others(home)
    tree, plan = ready.tree, ready.plan
    with closing(claims_file(home, repository_key(tree))) as file:
        try:
            theirs = file.seen()
        except UNSEEN as error:
            return replace(ready, notes=(*ready.notes, unseen(error)))
    if not theirs:
        return ready
    rows = live_claims(RunId(""), plan, ready.check.tasks, subdir=tree.git.subdir if tree.git else "")
    found = foreign_pairs(rows, theirs, from_the_top(tree), policy=plan.policy, clonable=ready.clonable)
    return replace(ready, check=replace(ready.check, others=found)) if found else ready


def unseen(error: ForkjoinError | str, policy: Policy = "isolate") -> str:
    """Return what to say where other runs cannot be seen; raise CannotHere under `strict`, which needs to know."""
    if policy == "strict":
        raise CannotHere(f"whether other runs write the same cannot be told: {error}; nothing was started")
    return f"other runs on this repository were not looked at: {error}"


def refuse_foreign(pairs: Sequence[ForeignPair]) -> None:
    """Raise NotIndependent that names the other run, where there is a pair."""
    if pairs:
        first, more = pairs[0], len(pairs) - 1
        said = f"{first.task}: {first.evidence}" + (f" (and {more} more)" if more else "")
        raise NotIndependent(
            f"{said}; policy is strict, nothing was started; wait for it first: forkjoin wait {first.run}"
        )


def _claim(
    file: ClaimsFile, rows: Sequence[LiveClaims], tree: Tree, policy: Policy, *, clonable: bool
) -> tuple[ForeignPair, ...]:
    with file.turn() as turn:
        theirs = turn.others(rows[0].run)
        pairs: tuple[ForeignPair, ...] = ()
        if theirs:
            pairs = foreign_pairs(rows, theirs, from_the_top(tree), policy=policy, clonable=clonable)
        if policy == "strict":
            refuse_foreign(pairs)
        turn.put(rows, seq=turn.newest() + 1)
        turn.come(rows[0].run)
    return pairs


def _notes(pairs: Sequence[ForeignPair]) -> Iterator[str]:
    """Say what meets and does not wait: those that wait say so themselves."""
    beside = [pair for pair in pairs if not pair.waits]
    for pair in beside[:_NOTED]:
        yield f"{pair.task}: {pair.evidence}; they run side by side"
    if len(beside) > _NOTED:
        yield f"{len(beside) - _NOTED} more tasks of other runs meet tasks of this one, and run beside them"


def owner_lives(home: Path, run: RunId) -> bool:
    """Return whether a run has an owner; where that cannot be told, yes: a claim is never given away by guess."""
    # A run that is just made lies on the other shelf, and moves: so that one is looked at first.
    return any(_held(RunFolder(home=home, run=run, shelf=shelf).lock) for shelf in (UNFINISHED, "runs"))


def _living(home: Path, run: RunId, tasks: Sequence[TaskId]) -> Sequence[TaskId]:
    if owner_lives(home, run):
        return tasks
    attempts = RunFolder(home=home, run=run).path / "tasks"
    begun = _names(attempts)
    return [task for task in tasks if task in begun and _attempted(attempts / task)]


def _attempted(tries: Path) -> bool:
    return any(_held(tries / name / LOCK) for name in _names(tries))


def _held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # too many open files, perhaps
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look must not see each other
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _names(folder: Path) -> frozenset[str]:
    """Return what is in a folder; raise OSError where that cannot be told."""
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names, of thousands of folders
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
