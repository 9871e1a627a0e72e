"""Whether an answer hands the decision back: one small, careful rule."""

from __future__ import annotations

import re

_TAIL = 600
# The last sentence must be a question, and one put to the reader: a rhetorical question does not rest a task.
_TO_THE_READER = re.compile(
    r"\b(?:(?:would|do|could|can|will|are|did|have) you|should I|shall I|may I|can I|(?:should|shall) we"
    r"|which (?:one|option|of|approach|version|way|file|would|do|should)|how (?:would|should|do) (?:you|I|we)"
    r"|what (?:would|should|do) (?:you|I|we)|is (?:that|this|it) (?:ok|okay|fine|right|correct)"
    r"|(?:ok|okay|right|agreed|proceed|go ahead)\s*\?)",
    re.IGNORECASE,
)
_OPEN_QUESTIONS = re.compile(r"^[\s#*_>\-]*open questions?\b", re.IGNORECASE | re.MULTILINE)


def asks(answer: str) -> bool:
    """Whether the answer ends by asking its reader to decide; questions under "Open questions" do not count."""
    tail = answer.rstrip().rstrip("*_`\"'”’) ").rstrip()
    if not tail.endswith("?") or _OPEN_QUESTIONS.search(answer):
        return False
    last = re.split(r"(?<=[.!?:])\s+|\n", tail[-_TAIL:])[-1]
    return _TO_THE_READER.search(last) is not None
