"""From results to one report that a person can act on: extract, merge, settle, rank, render.

Names are loaded when first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forkjoin.synthesis.comparing import comparisons
    from forkjoin.synthesis.extract import claimed
    from forkjoin.synthesis.join import at_or_above, limited, report, worst
    from forkjoin.synthesis.markdown import render_markdown
    from forkjoin.synthesis.merge import merged
    from forkjoin.synthesis.narrow import baseline_entries, identified, narrowed, pruned
    from forkjoin.synthesis.plain import render_json, summary_lines
    from forkjoin.synthesis.rank import ranked
    from forkjoin.synthesis.resting import questions
    from forkjoin.synthesis.sarif_in import from_sarif, suppressed
    from forkjoin.synthesis.settle import severity_of
    from forkjoin.synthesis.witness import TaskResult, Witness

_HOME = {
    "comparisons": "forkjoin.synthesis.comparing",
    "claimed": "forkjoin.synthesis.extract",
    "at_or_above": "forkjoin.synthesis.join",
    "limited": "forkjoin.synthesis.join",
    "report": "forkjoin.synthesis.join",
    "worst": "forkjoin.synthesis.join",
    "render_markdown": "forkjoin.synthesis.markdown",
    "merged": "forkjoin.synthesis.merge",
    "baseline_entries": "forkjoin.synthesis.narrow",
    "identified": "forkjoin.synthesis.narrow",
    "narrowed": "forkjoin.synthesis.narrow",
    "pruned": "forkjoin.synthesis.narrow",
    "render_json": "forkjoin.synthesis.plain",
    "summary_lines": "forkjoin.synthesis.plain",
    "ranked": "forkjoin.synthesis.rank",
    "questions": "forkjoin.synthesis.resting",
    "from_sarif": "forkjoin.synthesis.sarif_in",
    "suppressed": "forkjoin.synthesis.sarif_in",
    "severity_of": "forkjoin.synthesis.settle",
    "TaskResult": "forkjoin.synthesis.witness",
    "Witness": "forkjoin.synthesis.witness",
}

__all__ = [
    "TaskResult",
    "Witness",
    "at_or_above",
    "baseline_entries",
    "claimed",
    "comparisons",
    "from_sarif",
    "identified",
    "limited",
    "merged",
    "narrowed",
    "pruned",
    "questions",
    "ranked",
    "render_json",
    "render_markdown",
    "report",
    "severity_of",
    "summary_lines",
    "suppressed",
    "worst",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
