"""Conflicts put right by running their follow-up tasks on what was landed, and landing those by the same gate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from forkjoin.agents import dialect
from forkjoin.engine.landing.asked import LandAsk
from forkjoin.engine.landing.follow import resolving
from forkjoin.engine.landing.land import landing_store
from forkjoin.engine.landing.next import next_command
from forkjoin.engine.launching.launching import launch
from forkjoin.engine.preparing.prepare import Overrides, prepared
from forkjoin.engine.preparing.reading import read_plan
from forkjoin.engine.records.noting import note
from forkjoin.engine.run import Run
from forkjoin.engine.settings import Settings
from forkjoin.errors import CannotHere, ForkjoinError, PlanError
from forkjoin.model import Landed, LandedTask, Landing, LeftOut, Plan
from forkjoin.workspaces.landing import apply_forward

SAME = "same"  # who made the change makes it again
_SHELL = "shell"
_HEADS = "refs/heads/"


def land_and_resolve(run: Run, ask: LandAsk, *, agent: str, settings: Settings, say: Callable[[str], None]) -> Landing:
    """Land *run*, then have *agent* bring in, one after the other, what did not merge; `same` = who made it.

    Each try is a run of its own on what is landed so far; it is landed on the same branch where it completes and passes
    the gate, else it stays left out, with its reason. Raises UnknownId or PlanError for an *agent* that is not known or
    reads no words, CannotHere for one whose program is not here: then nothing was landed.
    """
    _refuse_who_cannot(agent)
    with run.landing(say=say) as land:  # held to the end: nobody else lands the run between two of its steps
        made = land(dataclasses.replace(ask, apply=False))
        if ask.dry_run:
            return made
        by = _By(agent=agent, settings=settings, say=say)
        for left in made.left_out:
            if left.kind == "conflict" and left.follow_up:
                say(f"resolving {left.task} with {agent} ...")
                made = _resolved(run, made, left, ask, by)
        if ask.apply:
            made = _applied(run, made)
        return replace(made, next=next_command(made))


def _refuse_who_cannot(agent: str) -> None:
    """A follow-up is words, with both sides of files in them: a shell would run what stands in these."""
    if agent != SAME and (agent == _SHELL or not dialect(agent).answers):
        raise PlanError(
            f"{agent} reads no words, and a conflict is put to an agent in words",
            where="--resolve",
            next_step=f"name a coding agent (forkjoin agents), or {SAME}: who made the change makes it again",
        )
    if agent != SAME and not (found := dialect(agent).probe()).found:
        raise CannotHere(f"the program of agent {agent} is not here; {found.hint}")


def _applied(run: Run, made: Landing) -> Landing:
    """Move the current branch to what was landed; to land again would bring in what the gate had left out."""
    if not (made.commit and (made.landed or made.before)):
        return made
    try:
        name = apply_forward(landing_store(run.folder, run.planned).top, made.commit, branch=made.branch)
    except PlanError as refusal:
        return replace(made, refused=str(refusal))
    return replace(made, applied=name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _By:
    """Who resolves, with which settings, and who is told."""

    agent: str
    settings: Settings
    say: Callable[[str], None]


def _resolved(run: Run, made: Landing, left: LeftOut, ask: LandAsk, by: _By) -> Landing:
    """Return what was made so far, with what came of one conflict; what was landed stays landed, whatever comes."""
    try:
        tried, result = _tried(run, made, left, ask, by)
    except ForkjoinError as error:
        return _still_out(made, left, f"resolving it could not be tried: {error}")
    return _joined(run, made, left, tried, result)


def _still_out(made: Landing, left: LeftOut, why: str) -> Landing:
    others = tuple(one for one in made.left_out if one.task != left.task)
    return replace(made, left_out=(*others, replace(left, reason=f"{left.reason}; {why}")))


def _tried(run: Run, made: Landing, left: LeftOut, ask: LandAsk, by: _By) -> tuple[str, Landing]:
    """Run the follow-up on what is landed so far, and land it on the same branch; return its run and what it led to."""
    start = made.branch if made.landed or made.before else made.onto
    ready = prepared(
        _plan(run, left, by.agent), settings=by.settings, tree=Path(run.planned.tree), overrides=Overrides(base=start)
    )
    again = LandAsk(
        ref=_HEADS + made.branch,
        onto=ask.onto,
        gate=run.planned.plan.gate if ask.gate is None else ask.gate,
        gate_timeout_s=ask.gate_timeout_s,
        violations=ask.violations,
    )
    ready = replace(ready, options=replace(ready.options, resolves=run.id))
    with launch(ready, settings=by.settings) as attempt:
        attempt.drive()
        return attempt.id, attempt.land(again, say=by.say)


def _joined(run: Run, made: Landing, left: LeftOut, tried: str, result: Landing) -> Landing:
    """Return what was made so far with the result of one follow-up; where it was landed, the run's journal has it."""
    runs = (*made.gate_runs, *result.gate_runs)
    if not result.landed:
        why = next((one.reason for one in result.left_out), "it changed nothing")
        return replace(_still_out(made, left, f"resolving it (run {tried}) did not help: {why}"), gate_runs=runs)
    task = run.task(left.task)
    landed = LandedTask(task=task.id, attempt=task.attempt, commit=result.commit)
    note(run.folder / "journal.db", [Landed(where=made.branch, refs=result.refs, tasks=(landed,))])
    refs = {move.ref: move for move in (*made.refs, *result.refs)}
    return replace(
        made,
        commit=result.commit,
        refs=tuple(refs.values()),
        landed=(*made.landed, landed),
        left_out=tuple(one for one in made.left_out if one.task != left.task),
        gate_runs=runs,
    )


def _plan(run: Run, left: LeftOut, agent: str) -> Plan:
    plan = read_plan([left.follow_up])
    if agent == SAME:
        return plan
    task = next(one for one in run.planned.plan.tasks if one.id == left.task)
    patch = run.diff(left.task, size=100_000).decode("utf-8", "replace")
    return replace(plan, tasks=(resolving(task, left, patch=patch, agent=agent),))
