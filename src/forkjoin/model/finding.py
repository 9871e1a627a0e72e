"""One claim about the code."""

from __future__ import annotations

from typing import Literal

from forkjoin.model.base import TaskId, Value

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")  # worst first
Confidence = Literal["high", "medium", "low"]


class Source(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A witness: who said it, in which words, and how sure it was."""

    task: TaskId
    agent: str
    rule: str = ""
    severity: Severity = "medium"
    confidence: Confidence = "medium"
    message: str = ""
    perspective: str = ""


class Claimed(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A finding as one agent states it: the schema agents are asked for (DESIGN section 10, less id and sources)."""

    title: str
    severity: Severity = "medium"
    path: str = ""
    line: int = 0
    end_line: int = 0
    rule: str = ""
    message: str = ""
    evidence: str = ""
    remedy: str = ""
    confidence: Confidence = "medium"
    perspective: str = ""


class Finding(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A finding of the report with all its witnesses.

    `id` is stable for the same place, rule and text. Lines count from 1, 0 = none. `note` says how differing severities
    or advice were settled, with both sides.
    """

    id: str
    title: str
    severity: Severity
    path: str = ""
    line: int = 0
    end_line: int = 0
    rule: str = ""
    message: str = ""
    evidence: str = ""
    remedy: str = ""
    perspectives: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    note: str = ""
