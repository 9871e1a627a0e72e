"""One claim about the code."""

from __future__ import annotations

from typing import Literal

from forkjoin.model.base import TaskId, Value

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")  # worst first
Confidence = Literal["high", "medium", "low"]
Form = Literal["schema", "sarif", "prose"]


class Source(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A witness: who said it, in which words, and how sure it was. With the finding's path it is the whole claim.

    `message` is the claim's, or its title where it has none; `title` stands only beside a message. `form` is what it
    was read from: the schema agents are asked for, SARIF, or prose (a guess, never surer than `low`).
    """

    task: TaskId
    agent: str
    rule: str = ""
    severity: Severity = "medium"
    confidence: Confidence = "medium"
    message: str = ""
    perspective: str = ""
    title: str = ""
    line: int = 0
    end_line: int = 0
    evidence: str = ""
    remedy: str = ""
    form: Form = "schema"


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


class Side(Value, frozen=True, kw_only=True):
    """One side of a dispute: what is said, by whom, and in which words where these matter."""

    says: str
    agents: tuple[str, ...]
    words: tuple[str, ...] = ()


class Dispute(Value, frozen=True, kw_only=True):
    """What the witnesses of one finding differ in: every side, the one that holds, and the rule that decided."""

    about: Literal["severity", "advice"]
    sides: tuple[Side, ...]
    holds: str
    rule: str


class Finding(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A finding of the report with all its witnesses.

    `id` is stable for the same place, rule and text. Lines count from 1, 0 = none. `note` says how differing severities
    or advice were settled, with both sides, in words; `disputes` the same as values. `fingerprint` stays the same when
    lines move; "" where the tree was not there to make it.
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
    disputes: tuple[Dispute, ...] = ()
    fingerprint: str = ""
