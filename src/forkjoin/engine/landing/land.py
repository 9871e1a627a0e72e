"""A run landed: chosen, put together, tried by the gate, committed, and put on a branch in one step.

Until the last step nothing but the run's own folder is written to, so whoever is killed has changed nothing. The branch
is moved after the journal says that it will be; who comes next looks whether it was.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from forkjoin.engine.folder import RunFolder, removed, wait_for_owner
from forkjoin.engine.landing.asked import LandAsk
from forkjoin.engine.landing.branches import Branch, branch_of
from forkjoin.engine.landing.choosing import Candidate, Chosen, chosen
from forkjoin.engine.landing.combining import Combining
from forkjoin.engine.landing.committing import Committing
from forkjoin.engine.landing.follow import follow_up
from forkjoin.engine.landing.gating import Judging
from forkjoin.engine.landing.next import next_command
from forkjoin.engine.landing.suspecting import suspected
from forkjoin.engine.landing.trying import GateAsk, Trying
from forkjoin.engine.landing.unsaved import unsaved
from forkjoin.errors import CannotHere, PlanError, RunOwned, listed
from forkjoin.failpoints import reached
from forkjoin.journal import Fold, SqliteJournal
from forkjoin.model import (
    ENDED,
    GateRun,
    LandBegun,
    Landed,
    LandedTask,
    Landing,
    LeftOut,
    Planned,
    RefMove,
    RunView,
    TaskId,
    Tree,
)
from forkjoin.sources import repository_of
from forkjoin.workspaces.landing import Replay, Writer, apply_forward, held, is_behind, published, stands_at
from forkjoin.workspaces.store import Store

Say = Callable[[str], None]
_JOINING_S = 30.0  # how long a run is waited for whose tasks have ended
_PATCH = 100_000  # bytes of a patch that a follow-up task is shown at most


def landed(folder: RunFolder, planned: Planned, ask: LandAsk, *, say: Say) -> Landing:
    """Land what *ask* says of a run that is over; return what became of every task. Repeatable; its caller is `alone`.

    *say* is told what is done meanwhile. Raises PlanError for a run that is not over, a branch or task that is not
    there, or a name that is taken; CannotHere outside git, without an identity, or where git cannot sign. Then nothing
    was changed.
    """
    with closing(SqliteJournal.open(folder.journal)) as journal:
        return _Landing(folder, planned, ask, journal, say).done()


def landing_store(folder: Path, planned: Planned) -> Store:
    """Return the run's own repository, where what was harvested lies; raise CannotHere where its tree is gone."""
    root = Path(planned.tree)
    if not root.is_dir():
        raise CannotHere(f"{root}, on which run {planned.run} ran, is not there any more")
    git = repository_of(root)
    return Store(planned.run, folder.resolve() / "git", Tree(root=str(root.resolve()), git=git))


@dataclass
class _Made:
    """What is landed on one branch: candidates, then the trees they led to, then commits. `own`: whose branch it is."""

    branch: Branch
    candidates: Sequence[Candidate]
    own: str = ""
    steps: tuple[tuple[Candidate, str], ...] = ()
    left_out: list[LeftOut] = field(default_factory=list)
    tasks: list[LandedTask] = field(default_factory=list)
    commit: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def move(self) -> RefMove | None:
        """Where the branch is to go; None where it may stay."""
        if not self.tasks or self.commit in ("", self.branch.old):
            return None
        return RefMove(ref=self.branch.ref, old=self.branch.old, new=self.commit)


class _Landing:
    def __init__(self, folder: RunFolder, planned: Planned, ask: LandAsk, journal: SqliteJournal, say: Say) -> None:
        self._folder, self._planned, self._ask, self._journal, self._say = folder, planned, ask, journal, say
        self._store = landing_store(folder.path, planned)
        if self._store.tree.git is None:
            raise CannotHere(
                f"{planned.tree} is no git repository, and there is no branch to land on; take the changes as patches: "
                f"forkjoin diff {folder.run}/TASK | git apply"
            )
        self._top = self._store.top
        self._gate = planned.plan.gate if ask.gate is None else ask.gate
        self._gate_runs: list[GateRun] = []
        self._replay = Replay(self._store)
        # Asked of each that does not merge; all of the journal is read for it.
        self._unsaved = cache(lambda: unsaved(journal.read(), self._replay, self._top))

    def done(self) -> Landing:
        """Do it."""
        self._settle_begun()
        view = self._over()
        writer = Writer(self._store)
        writer.refuse_nobody()
        found = chosen(view, self._ask, landed=self._held(view))
        several = self._branches(found)
        for made in several:
            self._combine(made, view, found.before)
        reached("land.combined")
        left_out = _each_once((*found.left_out, *(left for made in several for left in made.left_out)))
        left_out = tuple(self._with_follow_up(left, view) for left in left_out)
        if not self._ask.dry_run:
            for made in several:
                self._commit(made, writer)
            reached("land.committed")
            self._publish(several, left_out)
        return self._landing(found, several, left_out)

    def _landing(self, found: Chosen, several: Sequence[_Made], left_out: tuple[LeftOut, ...]) -> Landing:
        steps = {candidate.id: candidate for made in several for candidate, _ in made.steps}
        landed = [task for made in several for task in made.tasks]
        if self._ask.dry_run:
            landed = [LandedTask(task=one.id, attempt=one.task.attempt, without=one.without) for one in steps.values()]
        first = several[0] if several else None
        suspicions, unread = suspected(self._replay, list(steps.values()))
        elsewhere = self._elsewhere(first, found.before) if first and not self._ask.branch_per_task else ""
        notes = (*found.notes, elsewhere, *(note for one in several for note in (one.branch.note, *one.notes)), unread)
        applied, refused = self._applied(first.branch, first.commit) if first and (landed or found.before) else ("", "")
        made = Landing(
            run=self._folder.run,
            branch=first.branch.name if first else "",
            onto=first.branch.start if first else "",
            commit=first.commit if first else "",
            refs=tuple(move for one in several if (move := one.move) is not None),
            landed=tuple(landed),
            left_out=left_out,
            empty=tuple(found.empty),
            before=tuple(found.before),
            suspicions=suspicions,
            gate=self._gate,
            gate_runs=tuple(self._gate_runs),
            notes=tuple(dict.fromkeys(filter(None, notes))),
            applied=applied,
            refused=refused,
            dry_run=self._ask.dry_run,
        )
        return replace(made, next=next_command(made))

    def _elsewhere(self, made: _Made, before: Sequence[TaskId]) -> str:
        """Return which tasks were landed earlier, and not on this branch."""
        tasks = {task.id: task for task in self._view().tasks if task.id in before}
        tip = made.commit or made.branch.start
        others = [task for task in tasks.values() if not is_behind(self._top, task.landed_as, tip)]
        named = listed([f"{task.id} (on {task.landed})" for task in others], 5)
        return f"landed before, and not on {made.branch.name}: {named}" if others else ""

    def _with_follow_up(self, left: LeftOut, view: RunView) -> LeftOut:
        task = view.task(left.task)
        if self._ask.dry_run or left.kind != "conflict" or task is None:
            return left
        patch = b""
        if task.changes.patch:
            with (self._folder.path / task.changes.patch).open("rb") as file:
                patch = file.read(_PATCH)
        return follow_up(self._folder, self._planned, left, patch=patch.decode("utf-8", "replace"))

    # -- deciding

    def _branches(self, found: Chosen) -> list[_Made]:
        """Return the branches to land on, each with the candidates that go there: all on one, or each on its own."""
        ask = self._ask
        if not ask.branch_per_task:
            branch = branch_of(self._top, ask.ref or f"refs/heads/{ask.prefix}/{self._folder.run}", onto=ask.onto)
            return [_Made(branch=branch, candidates=found.candidates)]
        by_id = {one.id: one for one in found.candidates}
        return [
            _Made(
                branch=branch_of(self._top, f"refs/heads/{ask.prefix}/{self._folder.run}/{one.id}", onto=ask.onto),
                candidates=_below(one, by_id),
                own=one.id,
            )
            for one in found.candidates
        ]

    def _combine(self, made: _Made, view: RunView, there: Sequence[TaskId]) -> None:
        start = self._replay.tree_of(made.branch.start)
        combining = Combining(self._replay, start, view.tasks, unsaved=self._unsaved, there=there)
        combined = combining.together(made.candidates)
        made.left_out += combined.left_out
        if self._gate and combined.steps and not self._ask.dry_run:
            members = [candidate for candidate, _ in combined.steps]
            trying = self._trying(members)
            judged = Judging(combining, lambda tree, who: self._try(trying, made.branch, tree, who)).judged(members)
            self._gate_runs += judged.runs
            combined = judged.combined
            made.left_out += [*judged.left_out, *combined.left_out]
        made.steps = combined.steps

    def _trying(self, candidates: Sequence[Candidate]) -> Trying:
        ask = GateAsk(
            command=self._gate,
            timeout_s=self._ask.gate_timeout_s,
            carry=tuple(dict.fromkeys(glob for task in self._planned.plan.tasks for glob in task.carry)),
            tasks=tuple(one.task.task for one in candidates),
        )
        return Trying(self._folder, self._store, ask, say=self._say)

    def _try(self, trying: Trying, branch: Branch, tree: str, tasks: tuple[TaskId, ...]) -> GateRun:
        return trying.run(self._replay.passing(tree, *((branch.start,) if branch.start else ())), tasks)

    # -- doing

    def _commit(self, made: _Made, writer: Writer) -> None:
        committing = Committing(self._replay, writer, self._planned.plan, self._folder.run)
        made.commit = made.branch.start
        before = self._replay.tree_of(made.commit)
        for candidate, tree in made.steps:
            count = 1
            if tree != before:
                done = committing.committed(candidate, parent=made.commit, before=before, after=tree)
                made.commit, count = done.tip, done.count
                made.notes.append(done.note)
            before = tree
            if made.own in ("", candidate.id) and made.commit:
                made.tasks.append(
                    LandedTask(
                        task=candidate.id, attempt=candidate.task.attempt, commit=made.commit, commits=count,
                        without=candidate.without, parts=candidate.parts,
                    )
                )  # fmt: skip

    def _publish(self, several: Sequence[_Made], left_out: tuple[LeftOut, ...]) -> None:
        tasks = tuple(task for made in several for task in made.tasks)
        moves = tuple(move for made in several if (move := made.move) is not None)
        if moves:
            self._write(LandBegun(refs=moves, tasks=tasks))
            reached("land.begun")
            published(self._store, moves, onto=several[0].branch.start)
        if tasks:
            self._write(Landed(where=several[0].branch.name, refs=moves, tasks=tasks, left_out=left_out))
            reached("land.recorded")

    def _applied(self, branch: Branch, commit: str) -> tuple[str, str]:
        """Return the branch that was moved forward, or why not."""
        if not (self._ask.apply and commit and not self._ask.dry_run):
            return "", ""
        try:
            return apply_forward(self._top, commit, branch=branch.name), ""
        except PlanError as refusal:
            return "", str(refusal)

    # -- the journal

    def _settle_begun(self) -> None:
        """Take note of a landing whose branches were moved, and whose process was gone before it could say so."""
        begun: LandBegun | None = None
        for recorded in self._journal.read():
            event = recorded.event
            begun = event if isinstance(event, LandBegun) else None if isinstance(event, Landed) else begun
        if begun is not None and all(self._moved(move) for move in begun.refs):
            where = begun.refs[0].ref.removeprefix("refs/heads/")
            self._write(Landed(where=where, refs=begun.refs, tasks=begun.tasks))

    def _moved(self, move: RefMove) -> bool:
        now = stands_at(self._top, move.ref)
        return bool(now) and is_behind(self._top, move.new, now)

    def _over(self) -> RunView:
        """Return the run, which is over; one whose tasks have all ended is just being joined, and is waited for."""
        view = self._view()
        if view.ended is None and all(task.state in ENDED for task in view.tasks):
            wait_for_owner(self._folder, most_s=_JOINING_S, until=lambda: self._view().ended is not None)
            view = self._view()
        if view.ended is None:
            raise PlanError("is not over", where=f"run {view.run}", next_step=f"wait for it: forkjoin wait {view.run}")
        return view

    def _view(self) -> RunView:
        fold = Fold()
        for recorded in self._journal.read():
            fold.apply(recorded)
        return fold.view()

    def _held(self, view: RunView) -> set[TaskId]:
        """Return the tasks that were landed and still are: a branch may have been deleted since."""
        there = {task.id: (task.landed_as, *task.landed_parts) for task in view.tasks if task.landed_as}
        kept = held(self._top, (commit for commits in there.values() for commit in commits))
        return {task for task, commits in there.items() if kept.issuperset(commits)}

    def _write(self, event: LandBegun | Landed) -> None:
        self._journal.append([event], at=time.time())
        self._journal.commit()


def _below(one: Candidate, by_id: Mapping[TaskId, Candidate]) -> list[Candidate]:
    """Return a candidate behind those it stands on, in the order they are to be landed in."""
    wanted = [one.id]
    for task in wanted:  # grows while it is read
        wanted += [first for first in by_id[task].stands_on if first in by_id and first not in wanted]
    return [candidate for candidate in by_id.values() if candidate.id in wanted]


def _each_once(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    found: dict[TaskId, LeftOut] = {}
    for one in left_out:
        found.setdefault(one.task, one)
    return tuple(found.values())


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Be the only one who lands the run; raise RunOwned where somebody else does."""
    path = folder.path / "land.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as error:
        raise removed(folder) from error
    except OSError as error:
        raise CannotHere(f"run {folder.run} cannot be landed: {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunOwned(
                f"run {folder.run} is being landed by another process; when that is done: forkjoin show {folder.run}"
            ) from None
        yield
    finally:
        os.close(descriptor)
