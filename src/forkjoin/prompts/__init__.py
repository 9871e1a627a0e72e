"""What an agent is told."""

from __future__ import annotations

from forkjoin.prompts.brief import HEADINGS, Answer, BriefSite, Sibling, brief
from forkjoin.prompts.perspectives import PERSPECTIVES, Perspective

__all__ = ["HEADINGS", "PERSPECTIVES", "Answer", "BriefSite", "Perspective", "Sibling", "brief"]
