"""Pi: session files (`~/.pi/agent/sessions/**/*.jsonl`) and the stream of `pi --mode json`.

It has no agents of its own; those of its `subagent` extension are calls of a tool, and others are started by its shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from forkjoin.transcripts.acts import Act, Began, Begun, Done, Stood, Told
from forkjoin.transcripts.calling import Calls
from forkjoin.transcripts.records import Record, at, moment, objects, spoken, text
from forkjoin.transcripts.tools import Call

_TOLD = frozenset({
    "session", "agent_start", "message", "message_end", "tool_execution_start", "tool_execution_end", "agent_settled",
})  # fmt: skip
_QUIET = frozenset({
    "agent_end", "turn_start", "turn_end", "message_start", "message_update", "tool_execution_update", "label",
    "auto_retry_start", "auto_retry_end", "model_change", "thinking_level_change", "compaction", "branch_summary",
    "custom", "custom_message", "entry_appended", "session_info", "auto_compaction_start", "auto_compaction_end",
    "queue_update", "compaction_start", "compaction_end",
})  # fmt: skip


class PiReader:
    """Reads the lines of one file in their order."""

    agent = "pi"

    def __init__(self) -> None:
        self._calls = Calls()
        self._line = 0

    @staticmethod
    def knows(found: Record) -> bool:
        """Return whether a line is one of its kind."""
        return text(found, "type") == "session" and "version" in found

    def read(self, found: Record) -> Iterable[Act] | None:
        """Return what a line says; None where it is of a kind that is not known."""
        self._line += 1
        kind = text(found, "type")
        return tuple(self._acts(kind, found)) if kind in _TOLD | _QUIET else None

    def _acts(self, kind: str, found: Record) -> Iterator[Act]:
        match kind:
            case "session":
                yield Begun(session=text(found, "id"))
                yield Stood(whole=True)
            case "agent_start":  # a stream: it has its end
                yield Stood(whole=False)
            case "message" | "message_end":
                yield from self._message(at(found, "message"), moment(found, "timestamp"))
            case "tool_execution_start":
                yield Began(call=text(found, "toolCallId"))
            case "tool_execution_end":
                yield Done(call=text(found, "toolCallId"))
            case "agent_settled":
                yield Stood(whole=True)

    def _message(self, message: Any, written: float | None) -> Iterator[Act]:
        role = text(message, "role")
        when = written or moment(message, "timestamp")
        if role == "user":
            yield Told(text=spoken(at(message, "content")), user=True)
        elif role == "toolResult":
            yield from self._calls.answered(text(message, "toolCallId"), spoken(at(message, "content")), at=when)
        elif role == "assistant":
            for part in objects(message, "content"):
                yield from self._part(part, when)

    def _part(self, part: Any, when: float | None) -> Iterator[Act]:
        if text(part, "type") == "text":
            yield Told(text=text(part, "text"))
        elif text(part, "type") == "toolCall":
            given = at(part, "arguments")
            yield from self._calls.made(
                Call(id=text(part, "id"), message=f"line {self._line}", name=text(part, "name"), agent=self.agent,
                     given=given if isinstance(given, dict) else {}, at=when)
            )  # fmt: skip
