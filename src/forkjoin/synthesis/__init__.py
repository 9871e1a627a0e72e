"""From results to one report that a person can act on: extract, merge, settle, rank, render.

Names are loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forkjoin.synthesis.comparing import comparisons as comparisons
    from forkjoin.synthesis.extract import claimed as claimed
    from forkjoin.synthesis.join import at_or_above as at_or_above
    from forkjoin.synthesis.join import limited as limited
    from forkjoin.synthesis.join import report as report
    from forkjoin.synthesis.join import worst as worst
    from forkjoin.synthesis.markdown import render_markdown as render_markdown
    from forkjoin.synthesis.merge import merged as merged
    from forkjoin.synthesis.narrow import baseline_entries as baseline_entries
    from forkjoin.synthesis.narrow import identified as identified
    from forkjoin.synthesis.narrow import narrowed as narrowed
    from forkjoin.synthesis.narrow import pruned as pruned
    from forkjoin.synthesis.plain import render_json as render_json
    from forkjoin.synthesis.plain import summary_lines as summary_lines
    from forkjoin.synthesis.rank import ranked as ranked
    from forkjoin.synthesis.resting import questions as questions
    from forkjoin.synthesis.sarif_in import from_sarif as from_sarif
    from forkjoin.synthesis.sarif_in import suppressed as suppressed
    from forkjoin.synthesis.settle import severity_of as severity_of
    from forkjoin.synthesis.witness import TaskResult as TaskResult
    from forkjoin.synthesis.witness import Witness as Witness
else:
    from forkjoin.lazily import lazily

    __getattr__, __all__ = lazily(__spec__)
