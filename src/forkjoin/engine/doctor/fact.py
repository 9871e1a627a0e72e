"""One line of what `doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "bad"]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line: *name*, what was seen, and the remedy where it is not well. `bad` = forkjoin cannot run so."""

    name: str
    verdict: Verdict
    seen: str
    remedy: str = ""
