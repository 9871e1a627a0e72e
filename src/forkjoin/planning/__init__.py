"""From what a caller writes to a plan, and from a plan to what can run side by side.

Names are loaded when first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOME = {
    "agents_in": "forkjoin.planning.alternatives",
    "compared": "forkjoin.planning.alternatives",
    "dealt": "forkjoin.planning.alternatives",
    "refuse_mixed": "forkjoin.planning.alternatives",
    "smallest_breaking": "forkjoin.planning.breaking",
    "completed": "forkjoin.planning.complete",
    "FannedOut": "forkjoin.planning.fanout",
    "fanned_out": "forkjoin.planning.fanout",
    "kind_of": "forkjoin.planning.fanout",
    "tidied": "forkjoin.planning.filling",
    "foreign_pairs": "forkjoin.planning.foreign",
    "live_claims": "forkjoin.planning.foreign",
    "others_of": "forkjoin.planning.foreign",
    "covering": "forkjoin.planning.globs",
    "overlap": "forkjoin.planning.globs",
    "check": "forkjoin.planning.independence",
    "check_json": "forkjoin.planning.independence",
    "Form": "forkjoin.planning.read",
    "joined": "forkjoin.planning.read",
    "located": "forkjoin.planning.read",
    "plan_from_lines": "forkjoin.planning.read",
    "plan_from_prompts": "forkjoin.planning.read",
    "plan_from_text": "forkjoin.planning.read",
    "plan_to_yaml": "forkjoin.planning.save",
    "selected": "forkjoin.planning.select",
    "review_plan": "forkjoin.planning.split",
    "LOCK_FILES": "forkjoin.planning.together",
    "Edited": "forkjoin.planning.together",
    "suspicions": "forkjoin.planning.together",
    "perspective_from_text": "forkjoin.planning.viewing",
    "viewed": "forkjoin.planning.viewing",
    "ideal_speedup": "forkjoin.planning.waves",
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
