"""Laws of many runs on one repository, tried on whatever Hypothesis thinks of: boards and claims, no processes.

What an owner does is done here by hand, one step at a time and in any order: begin a run, end an attempt, ask for a
retry, look whether others are gone, kill an owner, take its run up again.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.engine.claims import claimed
from forkjoin.engine.driving.claiming import Claiming
from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.model import Completed, Edge, Ended, Failed, Options, Planned, RetryAsked, RunId, Starting, Tree
from forkjoin.planning import check
from forkjoin.scheduling import Finish, Reclaim, Settle, Start, rebuild, step
from forkjoin.testing import a_plan, a_task

NAMES = ("a", "b", "c", "d")
PATHS = ("x", "y", "*")


@st.composite
def plans(draw):
    """Return a plan whose tasks write one of few paths or none, and its order."""
    tasks = [a_task(name, writes=draw(st.sampled_from([["x"], ["y"], ["*"], []])), retries=1) for name in NAMES]
    pairs = [(a, b) for n, b in enumerate(NAMES) for a in NAMES[:n]]
    after = draw(st.sets(st.sampled_from(pairs), max_size=3))
    edges = tuple(Edge(first=a, then=b, kind=draw(st.sampled_from(["after", "write-write"]))) for a, b in after)
    return a_plan(*tasks), edges, draw(st.sampled_from([None, 1, 2]))


ACTS = st.lists(st.tuples(st.sampled_from(["end", "fail", "retry", "look", "kill", "begin"]), st.integers(0, 99)))


@dataclass
class Owned:
    """One run with its owner, or without."""

    home: Path
    number: int
    plan: tuple
    events: list = field(default_factory=list)
    live: dict = field(default_factory=dict)

    def begin(self):
        plan, edges, cap = self.plan
        self.folder = RunFolder(home=self.home, run=RunId(f"r{self.number}"))
        self.folder.path.mkdir(parents=True)
        self.lock = OwnerLock.take(self.folder)
        tree = Tree(root=str(self.home / "tree"))
        found = check(plan, tree)
        edges = tuple({(e.first, e.then): e for e in (*found.edges, *edges)}.values())
        planned = Planned(
            run=self.folder.run, plan=plan, edges=edges, claims=found.tasks, tree=tree.root, repository=tree.root,
            options=Options(max_parallel=cap), version="0",
        )  # fmt: skip
        self.planned, awaited = claimed(planned, self.home, tree, clonable=True)
        self.events += awaited
        self._drive()

    def take_up(self):
        self.lock = OwnerLock.take(self.folder)
        self._drive()

    def _drive(self):
        planned = self.planned
        self.claiming = Claiming(self.folder, planned, self._states)
        self.board = rebuild(planned.plan, planned.edges, planned.options, self.events, self.claiming.tasks)
        self.finished = False
        self.turn(*self.claiming.take_over(self.events, self.board.elsewhere()))

    def _states(self):
        return self.board.states()

    def turn(self, *events):
        self.events += events
        self.claiming.note(events)
        self.board, commands = step(self.board, events)
        told = []
        for command in commands:
            if isinstance(command, Start):
                self.events.append(Starting(task=command.task, attempt=command.attempt))
                self.live[command.task] = command.attempt
            elif isinstance(command, Settle):
                ended = Ended(task=command.task, attempt=0, outcome=command.outcome)
                self.events.append(ended)
                self.claiming.note([ended])
            elif isinstance(command, Reclaim):
                told += self.claiming.reclaim(command.tasks)
            elif isinstance(command, Finish):
                self.finished = True
        self.claiming.give_back()
        if told:
            self.turn(*told)

    def end(self, task, *, well):
        attempt = self.live.pop(task)
        outcome = Completed() if well else Failed(kind="agent", reason="no")
        self.turn(Ended(task=task, attempt=attempt, outcome=outcome, again=not well and attempt == 1))

    def look(self):
        self.claiming._next_look = 0.0
        self.turn(*self.claiming.look())

    def kill(self):
        """Its attempts die with it; another owner finds them lost."""
        self.claiming.close(over=False)
        self.lock.release()

    def lose(self):
        for task in list(self.live):
            self.end(task, well=False)

    def writes(self):
        by_id = {task.id: task for task in self.planned.plan.tasks}
        return [path for task in self.live for path in by_id[task].writes or ()]


@settings(max_examples=80, deadline=None)
@given(st.lists(plans(), min_size=2, max_size=3), ACTS)
def test_no_two_runs_hold_one_path_and_no_ring_of_waiting_closes(made, acts):
    home = Path(tempfile.mkdtemp(prefix="forkjoin-claims-"))
    try:
        (home / "tree").mkdir()
        _play([Owned(home=home, number=n, plan=plan) for n, plan in enumerate(made)], acts)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _play(waiting, acts):
    runs, dead = [], []
    waiting[0].begin()
    runs.append(waiting.pop(0))
    for act, chance in acts:
        if act == "begin" and waiting:
            waiting[0].begin()
            runs.append(waiting.pop(0))
        elif runs:
            _act(act, chance, runs, dead)
        _apart(runs)
    for run in waiting:
        run.begin()
        runs.append(run)
    while dead:
        _taken_up(dead.pop(), runs)
        _apart(runs)
    for _ in range(200):  # now everything ends well, one after another: nothing may be left that waits
        for run in runs:
            run.look()
        _apart(runs)
        living = [(run, task) for run in runs for task in run.live]
        if not living and all(run.finished for run in runs):
            break
        assert living, {run.number: run.board.states() for run in runs}
        living[0][0].end(living[0][1], well=True)
    for run in runs:
        run.kill()
    assert all(run.finished for run in runs)


def _act(act, chance, runs, dead):
    run = runs[chance % len(runs)]
    live = list(run.live)
    if act in ("end", "fail") and live:
        run.end(live[chance % len(live)], well=act == "end")
    elif act == "retry":
        run.finished = False
        run.turn(RetryAsked(task=NAMES[chance % len(NAMES)], force=True))
    elif act == "look":
        run.look()
    elif act == "kill" and len(runs) > 1:
        runs.remove(run)
        run.kill()
        dead.append(run)
        for other in runs:  # one of the others looks before it is taken up again, or none does
            if chance % 2:
                other.look()
        if chance % 3:
            _taken_up(dead.pop(), runs)


def _taken_up(run, runs):
    run.take_up()
    run.lose()
    runs.append(run)


def _apart(runs):
    """No two runs that live hold what meets: `*` meets everything."""
    held = [set(run.writes()) for run in runs]
    for n, one in enumerate(held):
        for other in held[:n]:
            assert not (one & other), held
            assert not ("*" in one and other), held
            assert not ("*" in other and one), held


def test_who_is_taken_up_waits_for_no_run_that_gave_its_claims_back_and_goes_on(tmp_path):
    """Run 1 waits for run 0, is killed, and taken up when run 0 has ended that and does something else."""
    (tmp_path / "tree").mkdir()
    first = a_plan(*(a_task(name, writes=[] if name == "b" else ["x"], retries=1) for name in NAMES))
    second = a_plan(*(a_task(name, writes=["x"], retries=1) for name in NAMES))
    runs = [Owned(home=tmp_path, number=n, plan=(plan, (), None)) for n, plan in enumerate((first, second))]
    acts = [("end", 0)] * 3 + [("begin", 0), ("end", 0), ("kill", 27), ("retry", 1)]
    _play(runs, acts)
