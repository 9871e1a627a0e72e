"""What an agent is told."""

from __future__ import annotations

from forkjoin.prompts.brief import HEADINGS, Answer, BriefSite, Sibling, brief
from forkjoin.prompts.going_on import after_limit, broken_answer, follow_up, go_on, repair
from forkjoin.prompts.perspectives import PERSPECTIVES, Perspective

__all__ = [
    "HEADINGS",
    "PERSPECTIVES",
    "Answer",
    "BriefSite",
    "Perspective",
    "Sibling",
    "after_limit",
    "brief",
    "broken_answer",
    "follow_up",
    "go_on",
    "repair",
]
