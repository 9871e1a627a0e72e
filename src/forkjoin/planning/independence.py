"""What is known about the independence of a plan's tasks, and what the policy makes of it."""

from __future__ import annotations

from typing import Any

import msgspec

from forkjoin.model import Check, Plan, Tree, to_json
from forkjoin.planning.advice import advice_of
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
        waves=waves_of(plan.tasks, ordering.edges),
        ideal_speedup=ideal_speedup(plan.tasks, ordering.edges, slots=slots, cores=cores),
        advice=advice,
    )


def check_json(check: Check) -> dict[str, Any]:
    """Return the check as `check --json` prints it: plain dicts and lists, `forkjoin` 1 at the head."""
    return {"forkjoin": 1, **msgspec.json.decode(to_json(check))}
