"""From what a caller writes to a plan, and from a plan to what can run side by side.

Names are loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forkjoin.planning.alternatives import agents_in as agents_in
    from forkjoin.planning.alternatives import compared as compared
    from forkjoin.planning.alternatives import dealt as dealt
    from forkjoin.planning.alternatives import refuse_mixed as refuse_mixed
    from forkjoin.planning.breaking import smallest_breaking as smallest_breaking
    from forkjoin.planning.complete import completed as completed
    from forkjoin.planning.fanout import FannedOut as FannedOut
    from forkjoin.planning.fanout import fanned_out as fanned_out
    from forkjoin.planning.fanout import kind_of as kind_of
    from forkjoin.planning.filling import tidied as tidied
    from forkjoin.planning.foreign import foreign_pairs as foreign_pairs
    from forkjoin.planning.foreign import live_claims as live_claims
    from forkjoin.planning.foreign import others_of as others_of
    from forkjoin.planning.globs import covering as covering
    from forkjoin.planning.globs import overlap as overlap
    from forkjoin.planning.independence import check as check
    from forkjoin.planning.independence import check_json as check_json
    from forkjoin.planning.read import Form as Form
    from forkjoin.planning.read import joined as joined
    from forkjoin.planning.read import located as located
    from forkjoin.planning.read import plan_from_lines as plan_from_lines
    from forkjoin.planning.read import plan_from_prompts as plan_from_prompts
    from forkjoin.planning.read import plan_from_text as plan_from_text
    from forkjoin.planning.save import plan_to_yaml as plan_to_yaml
    from forkjoin.planning.select import selected as selected
    from forkjoin.planning.split import review_plan as review_plan
    from forkjoin.planning.together import LOCK_FILES as LOCK_FILES
    from forkjoin.planning.together import Edited as Edited
    from forkjoin.planning.together import suspicions as suspicions
    from forkjoin.planning.viewing import perspective_from_text as perspective_from_text
    from forkjoin.planning.viewing import viewed as viewed
    from forkjoin.planning.waves import ideal_speedup as ideal_speedup
else:
    from forkjoin.lazily import lazily

    __getattr__, __all__ = lazily(__spec__)
