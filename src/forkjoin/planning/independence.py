"""What is known about the independence of a plan's tasks, and what the policy makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from forkjoin.model import Check, Plan, Tree, to_json
from forkjoin.planning.advice import advice_of
from forkjoin.planning.alternatives import lineages
from forkjoin.planning.claims import Ground, claims_of
from forkjoin.planning.complete import completed
from forkjoin.planning.meetings import facts_of
from forkjoin.planning.ordering import ordering_of
from forkjoin.planning.pairs import listing_of
from forkjoin.planning.waves import ideal_speedup, waves_of


def check(
    plan: Plan, tree: Tree, *, clonable: bool = True, slots: int | None = None, cores: float | None = None
) -> Check:
    """Return the verdicts of a plan on a tree, and the order its policy gives.

    `clonable` false: no workspace of its own can be made for a task, so every conflict and unknown is ordered.
    `slots` is how many tasks run at once and `cores` how many cores there are (None: enough).
    Under `strict` the caller decides by pairs and unknown.
    Raises PlanError for a plan that `completed` refuses.
    """
    plan = completed(plan)
    parts = lineages(plan)
    found = [_checked(part, tree, clonable=clonable, slots=slots) for part in parts]
    return _together(plan, found, slots=slots, cores=cores)


def _checked(plan: Plan, tree: Tree, *, clonable: bool, slots: int | None) -> Check:
    """Return what is known of tasks that all have to do with one another."""
    ground = Ground(tree)
    claims = tuple(claims_of(task, ground) for task in plan.tasks)
    facts = facts_of(plan, claims, tree, ground.names)
    unknown = frozenset(n for n, one in enumerate(claims) if not one.bounded or (not facts.complete and one.writes))
    ordering = ordering_of(plan, facts, unknown, clonable=clonable)
    listing = listing_of(plan, facts, unknown, ordering)
    advice = advice_of(plan, facts, ordering.edges, slots=slots)
    if not listing.exact:
        advice = (*advice, f"At least {listing.left_out:,} more pairs are not independent; they are not listed.")
    if ordering.coarse:
        advice = (
            *advice,
            "So many claims meet that all tasks of a group wait for one another in turn: narrow the claims.",
        )
    return Check(
        tasks=claims,
        pairs=listing.pairs,
        pairs_left_out=listing.left_out,
        unknown=tuple(plan.tasks[n].id for n in sorted(unknown)),
        edges=ordering.edges,
        waves=(),
        ideal_speedup=1.0,
        advice=advice,
    )


def _together(plan: Plan, found: Sequence[Check], *, slots: int | None, cores: float | None) -> Check:
    """Return one check of what was looked at apart, in the plan's order, with its waves and what may be gained."""
    claims = {one.id: one for check in found for one in check.tasks}
    edges = tuple({(edge.first, edge.then): edge for check in found for edge in check.edges}.values())
    unknown = {task for check in found for task in check.unknown}
    return Check(
        tasks=tuple(claims[task.id] for task in plan.tasks),
        pairs=tuple({(pair.a, pair.b): pair for check in found for pair in check.pairs}.values()),
        pairs_left_out=sum(check.pairs_left_out for check in found),
        unknown=tuple(task.id for task in plan.tasks if task.id in unknown),
        edges=edges,
        waves=waves_of(plan.tasks, edges),
        ideal_speedup=ideal_speedup(plan.tasks, edges, slots=slots, cores=cores),
        advice=found[0].advice if len(found) == 1 else (),  # it is about what runs side by side: here that is more
    )


def check_json(check: Check) -> dict[str, Any]:
    """Return the check as `check --json` prints it: plain dicts and lists, `forkjoin` 1 at the head."""
    return {"forkjoin": 1, **msgspec.json.decode(to_json(check))}
