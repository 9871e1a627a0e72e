"""From results to one report that a person can act on: extract, merge, settle, rank, render."""

from __future__ import annotations

from forkjoin.synthesis.comparing import comparisons
from forkjoin.synthesis.extract import claimed
from forkjoin.synthesis.join import at_or_above, limited, report, worst
from forkjoin.synthesis.markdown import render_markdown
from forkjoin.synthesis.merge import merged
from forkjoin.synthesis.narrow import entries as baseline_entries
from forkjoin.synthesis.narrow import identified, narrowed, pruned
from forkjoin.synthesis.plain import render_json, summary_lines
from forkjoin.synthesis.rank import ranked
from forkjoin.synthesis.resting import questions
from forkjoin.synthesis.sarif_in import from_sarif, suppressed
from forkjoin.synthesis.settle import severity_of
from forkjoin.synthesis.witness import TaskResult, Witness

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
