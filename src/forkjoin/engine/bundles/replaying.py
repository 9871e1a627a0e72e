"""A recorded run as a plan that can be launched: each task is done by the recording instead of an agent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from forkjoin.engine.attempts.playing import SHELF
from forkjoin.engine.bundles.unpacking import unpacked
from forkjoin.engine.bundles.writing import members
from forkjoin.engine.preparing.prepare import Prepared
from forkjoin.engine.records.reader import RunReader
from forkjoin.errors import PlanError
from forkjoin.model import Check, Planned, Replay, Tree
from forkjoin.sources import repository_of

DEMO = Path(__file__).with_name("demo.tar.gz")
RECORDED = "(recorded)"  # behind the name of every replay, wherever it is shown


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a replay plays: a run that can be read, here or out of a bundle."""

    run: RunReader

    def put(self, folder: Path) -> None:
        """Lay the recording into the folder of the run that plays it."""
        unpacked(Path(self.run.kept_in), folder / SHELF, members(self.run, None, patches=True))


def replay_prepared(run: RunReader, *, tree: Path, speed: float = 1.0) -> Prepared:
    """Return the plan of a recorded run, to be launched in *tree* as a replay; PlanError for a speed below 0.

    It is labelled as recorded in its name and its notes. What the recording was made of (agents, git, the files) is
    not needed.
    """
    if speed < 0:
        raise PlanError(f"{speed:g} is below 0", where="--speed", next_step="2 is twice as fast, 0 waits for nothing")
    planned = run.planned
    if not planned.plan.tasks:
        raise PlanError("the recorded run has no task", where=run.kept_in)
    name = planned.plan.name.removesuffix(RECORDED).strip()
    plan = replace(planned.plan, name=f"{name} {RECORDED}".lstrip(), fail_fast=False)
    options = replace(
        planned.options, replay=Replay(run=run.id, speed=speed), fail_fast=False, fail_on="", depth=0, memory_floor=0.0
    )
    return Prepared(
        plan=plan,
        tree=Tree(root=str(tree.resolve()), git=repository_of(tree)),
        check=_check(planned),
        options=options,
        clonable=False,
        notes=(*(note for note in run.view().notes if not note.startswith("recorded: ")), _note(run, speed)),
        scope=planned.scope,
        not_looked_at=planned.not_looked_at,
        recording=Recording(run=run),
    )


def _check(planned: Planned) -> Check:
    return Check(
        tasks=planned.claims, pairs=(), pairs_left_out=0, unknown=(), edges=planned.edges, waves=(), ideal_speedup=1.0
    )


def _note(run: RunReader, speed: float) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(run.view().started))
    how = {0.0: "without waiting", 1.0: "as fast as it was"}.get(speed, f"{speed:g} times as fast as it was")
    return f"recorded: this replays run {run.id} of {day} {how}; no agent runs, and no file of yours is touched"
