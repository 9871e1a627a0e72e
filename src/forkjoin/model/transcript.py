"""What the transcripts of other agents show: how they fanned out, and what that cost."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from forkjoin.model.base import Value

TranscriptRule = Literal["serial-fan-out", "never-retrieved", "two-writers"]


class TranscriptFile(Value, frozen=True, kw_only=True):
    """One file as it was read: `agent` is "" where it is no transcript that we know, and `why` says so.

    `unknown` counts events that we do not know, by their kind; `damaged` counts lines that are no whole record.
    """

    path: str
    agent: str
    lines: int = 0
    tasks: int = 0
    damaged: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    why: str = ""


class TranscriptTask(Value, frozen=True, kw_only=True):
    """One launch of an agent by another; `seconds` is None where the transcript tells no times."""

    line: int
    description: str
    call: str
    seconds: float | None = None


class TranscriptFinding(Value, frozen=True, kw_only=True):
    """One defect: the tasks it is about, in the order they were launched, and what it cost.

    `lost_s` is None where the transcript tells no times, and 0 where a defect costs none. `plan` is the same work as a
    plan of ours; {} where there is nothing to run again.
    """

    rule: TranscriptRule
    path: str
    line: int
    message: str
    tasks: tuple[TranscriptTask, ...]
    files: tuple[str, ...] = ()
    lost_s: float | None = 0.0
    plan: dict[str, Any] = field(default_factory=dict)


class TranscriptReport(Value, frozen=True, kw_only=True):
    """All files, and all findings: those that cost most first."""

    files: tuple[TranscriptFile, ...]
    findings: tuple[TranscriptFinding, ...]
