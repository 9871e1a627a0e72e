"""From what a caller writes to a plan, and from a plan to what can run side by side."""

from __future__ import annotations

from forkjoin.planning.complete import completed
from forkjoin.planning.foreign import foreign_pairs, live_claims, others_of
from forkjoin.planning.globs import covering, overlap
from forkjoin.planning.independence import check, check_json
from forkjoin.planning.read import Form, joined, located, plan_from_lines, plan_from_prompts, plan_from_text
from forkjoin.planning.save import plan_to_yaml
from forkjoin.planning.select import selected
from forkjoin.planning.split import review_plan
from forkjoin.planning.waves import ideal_speedup

__all__ = [
    "Form",
    "check",
    "check_json",
    "completed",
    "covering",
    "foreign_pairs",
    "ideal_speedup",
    "joined",
    "live_claims",
    "located",
    "others_of",
    "overlap",
    "plan_from_lines",
    "plan_from_prompts",
    "plan_from_text",
    "plan_to_yaml",
    "review_plan",
    "selected",
]
