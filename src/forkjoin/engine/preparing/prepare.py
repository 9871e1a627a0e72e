"""From a request to a plan that can be launched: completed, checked against its tree, nothing started."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec.structs import replace

from forkjoin.agents import cards
from forkjoin.engine.known import only_agent
from forkjoin.engine.preparing.capping import budget, caps
from forkjoin.engine.preparing.perspectives import refuse_unanalysed
from forkjoin.engine.preparing.scoping import Narrow, scope_notes, scope_of
from forkjoin.engine.preparing.spreading import spread, with_own_agents
from forkjoin.engine.preparing.taking_in import taken_in
from forkjoin.engine.settings import Settings
from forkjoin.errors import PlanError
from forkjoin.model import (
    Budget,
    Check,
    Each,
    OnOverlap,
    Options,
    Permission,
    Plan,
    Policy,
    Scope,
    Share,
    Task,
    TaskId,
    Tree,
)
from forkjoin.planning import (
    check,
    compared,
    completed,
    dealt,
    kind_of,
    plan_from_prompts,
    refuse_mixed,
    review_plan,
    selected,
    tidied,
)
from forkjoin.sources import read_tree, seen_from
from forkjoin.workspaces import separable


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller's flags say; None = not said."""

    agent: str | None = None
    max_parallel: int | None = None
    policy: Policy | None = None
    fail_fast: bool = False
    select: str = ""
    base: str = "snapshot"
    on_overlap: OnOverlap = "note"
    timeout: float | None = None
    budget: Budget | None = None
    compare: tuple[str, ...] = ()
    permission: Permission | None = None


class Tape(Protocol):
    """What a replay plays."""

    def put(self, folder: Path) -> None:
        """Lay the recording into the folder of the run that plays it."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A plan ready to launch, the tree it runs on, and what was found out about both."""

    plan: Plan
    tree: Tree
    check: Check
    options: Options
    clonable: bool
    notes: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    recording: Tape | None = None
    scope: Scope = msgspec.field(default_factory=Scope)
    shares: tuple[Share, ...] = ()
    kin: tuple[tuple[TaskId, ...], ...] = ()  # the tasks of each fan-out


def prompts_plan(prompts: Sequence[str], *, agent: str | None = None) -> Plan:
    """Return a plan of one task a prompt."""
    return plan_from_prompts(prompts, agent=agent)


def prepared(plan: Plan, *, settings: Settings, tree: Path, overrides: Overrides | None = None) -> Prepared:
    """Return *plan* completed, selected and checked against *tree*; nothing is started. PlanError for a bad plan.

    Whether it can be launched here (agents, git, policy) is for `launch` to say: a check needs none of it.
    """
    flags = overrides or Overrides()
    owned = with_own_agents(plan, tree)
    alone = only_agent() if _nameless(owned, settings, flags) else ""
    whole = completed(_with_agents(owned, settings, flags, alone=alone))
    known = read_tree(tree, without=Path(settings.home))
    made = spread(whole, known)
    if flags.permission is not None:
        made = replace(made, plan=_permitted(made.plan, flags.permission))
    several = compared(made.plan, flags.compare) if flags.compare else dealt(made.plan)
    asked = _selected(several, flags)
    apart, options = separable(known), _options(asked, settings, flags)
    found = check(asked, known, clonable=apart, slots=options.max_parallel, cores=options.cores)
    refuse_mixed(asked, found.edges)
    return Prepared(
        plan=asked,
        tree=known,
        check=found,
        options=options,
        clonable=apart,
        notes=(*_chosen(alone), *made.notes, *found.advice),
        not_looked_at=made.not_looked_at,
        shares=made.shares,
        kin=() if flags.compare else made.kin,
    )


def review_prepared(
    path: Path,
    *,
    perspectives: Sequence[str] = (),
    settings: Settings,
    overrides: Overrides | None = None,
    here: Path | None = None,
    narrow: Narrow | None = None,
) -> Prepared:
    """Return the review of *path* (a folder or a file) by every analyser that is here and applies.

    A path below *here* (default: the current folder) is a part of the tree there: findings name their files from it.
    *narrow* says what of the findings counts, and which SARIF files are taken in.
    """
    if not path.exists():
        raise PlanError("there is no such file or folder", where=str(path))
    flags = overrides or Overrides()
    known, scope = to_review(path, (here or Path.cwd()).resolve(), Path(settings.home))
    name = f"review of {scope[0] if scope else Path(known.root).name}"
    refuse_unanalysed(perspectives, Path(known.root))
    every = cards(known.root, known.files)
    plan, not_looked_at = review_plan(known, every, perspectives=perspectives, paths=scope, name=name)
    asked = narrow or Narrow()
    counts = scope_of(asked, known)
    taken, left_out = taken_in(asked.sarif, [task.id for task in plan.tasks])
    plan, said = replace(plan, tasks=(*plan.tasks, *taken)), (*scope_notes(counts), *left_out)
    options = _options(plan, settings, flags)
    if not plan.tasks:  # an empty folder, or nothing that applies: an honest report, not an error
        nothing = Check(
            tasks=(), pairs=(), pairs_left_out=0, unknown=(), edges=(), waves=(), ideal_speedup=1.0, advice=()
        )
        return Prepared(
            plan=plan, tree=known, check=nothing, options=options, clonable=False, not_looked_at=not_looked_at,
            notes=said, scope=counts,
        )  # fmt: skip
    plan = _selected(completed(plan), flags)
    if flags.timeout is not None:
        plan = replace(plan, tasks=tuple(replace(task, timeout=flags.timeout) for task in plan.tasks))
    return Prepared(
        plan=plan,
        tree=known,
        check=check(plan, known, clonable=False, slots=options.max_parallel, cores=options.cores),
        options=options,
        clonable=False,
        not_looked_at=not_looked_at,
        notes=said,
        scope=counts,
    )


def to_review(path: Path, here: Path, home: Path) -> tuple[Tree, tuple[str, ...]]:
    """Return the tree a review belongs to, and the part of it that is looked at (nothing: all of it).

    What lies in the state folder *home* is no part of it.
    """
    target, known = path.resolve(), read_tree(path, without=home)
    if target != here and target.is_relative_to(here):
        return seen_from(known, here), (target.relative_to(here).as_posix(),)
    return known, (path.name,) if path.is_file() else ()


def _permitted(plan: Plan, permission: Permission) -> Plan:
    """Give *permission* to the tasks that say nothing of it, nor that they write nothing."""
    silent = (task.permission is None and task.writes != () for task in plan.tasks)
    return replace(
        plan,
        tasks=tuple(
            replace(task, permission=permission) if one else task for task, one in zip(plan.tasks, silent, strict=True)
        ),
    )


def _selected(plan: Plan, flags: Overrides) -> Plan:
    return selected(plan, flags.select) if flags.select else plan


def _nameless(plan: Plan, settings: Settings, flags: Overrides) -> bool:
    """Whether nobody has said who does some task."""
    if flags.agent or flags.compare or settings.agent or plan.agent:
        return False
    return not all(task.agent_name for task in (*plan.tasks, *(each.task for each in plan.each)))


def _chosen(agent: str) -> tuple[str, ...]:
    return (f"agent {agent}: the only one here that is logged in",) if agent else ()


def _with_agents(plan: Plan, settings: Settings, flags: Overrides, *, alone: str = "") -> Plan:
    default = flags.agent or next(iter(flags.compare), None) or settings.agent or alone or None
    said = None if plan.policy == "isolate" else plan.policy  # the default is not a word of the plan's author
    return replace(
        plan,
        policy=settings.chosen("policy", flag=flags.policy, plan=said) or "isolate",
        tasks=tuple(_with_agent(task, plan.agent or default, flags.timeout) for task in plan.tasks),
        each=tuple(_each_with_agent(each, plan.agent or default, flags.timeout) for each in plan.each),
    )


def _each_with_agent(each: Each, agent: str | None, timeout: float | None) -> Each:
    # Marks lose their blanks first: a command line is split at them.
    template = tidied(each.task, kind_of(each, where="each"), where="each")
    return replace(each, task=_with_agent(template, agent, timeout))


def _with_agent(task: Task, agent: str | None, timeout: float | None) -> Task:
    chosen = task if task.agent_name or agent is None else replace(task, agent=agent)
    if timeout is not None:
        chosen = replace(chosen, timeout=timeout)
    if not chosen.task or chosen.agent_name not in ("shell", "command"):
        return chosen
    if chosen.agent_name == "shell":
        return replace(chosen, agent="command", shell=chosen.task, task="")
    try:
        return replace(chosen, command=tuple(shlex.split(chosen.task)), task="")
    except ValueError as error:
        raise PlanError(f"{chosen.task!r} is no command line: {error}", where=chosen.id) from error


def _options(plan: Plan, settings: Settings, flags: Overrides) -> Options:
    cap = settings.chosen("max_parallel", flag=flags.max_parallel, plan=plan.max_parallel)
    if cap is not None and cap < 1:
        raise PlanError(f"max_parallel is {cap}", next_step="give 1 or more")
    return Options(
        max_parallel=cap,
        limits=caps(plan, settings),
        budget=budget(plan, flags.budget),
        fail_fast=plan.fail_fast or flags.fail_fast,
        cores=float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1),
        base=flags.base,
        on_overlap=flags.on_overlap,
        fail_on=settings.fail_on or "",
    )
