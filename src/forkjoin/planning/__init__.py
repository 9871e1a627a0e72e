"""From what a caller writes to a plan, and from a plan to what can run side by side."""

from __future__ import annotations

from forkjoin.planning.alternatives import agents_in, compared, dealt, refuse_mixed
from forkjoin.planning.breaking import smallest_breaking
from forkjoin.planning.complete import completed
from forkjoin.planning.fanout import FannedOut, fanned_out, kind_of
from forkjoin.planning.filling import tidied
from forkjoin.planning.foreign import foreign_pairs, live_claims, others_of
from forkjoin.planning.globs import covering, overlap
from forkjoin.planning.independence import check, check_json
from forkjoin.planning.read import Form, joined, located, plan_from_lines, plan_from_prompts, plan_from_text
from forkjoin.planning.save import plan_to_yaml
from forkjoin.planning.select import selected
from forkjoin.planning.split import review_plan
from forkjoin.planning.together import LOCK_FILES, Edited, suspicions
from forkjoin.planning.viewing import perspective_from_text, viewed
from forkjoin.planning.waves import ideal_speedup

__all__ = [
    "LOCK_FILES",
    "Edited",
    "FannedOut",
    "Form",
    "agents_in",
    "check",
    "check_json",
    "compared",
    "completed",
    "covering",
    "dealt",
    "fanned_out",
    "foreign_pairs",
    "ideal_speedup",
    "joined",
    "kind_of",
    "live_claims",
    "located",
    "others_of",
    "overlap",
    "perspective_from_text",
    "plan_from_lines",
    "plan_from_prompts",
    "plan_from_text",
    "plan_to_yaml",
    "refuse_mixed",
    "review_plan",
    "selected",
    "smallest_breaking",
    "suspicions",
    "tidied",
    "viewed",
]
