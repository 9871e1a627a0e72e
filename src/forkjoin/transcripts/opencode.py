"""OpenCode: the stream of `opencode run --format json`, and the document of `opencode export`.

A call stands in it when it has ended, with the times it took and the message that made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from forkjoin.transcripts.acts import Act, Begun, Stood, Told
from forkjoin.transcripts.calling import Calls
from forkjoin.transcripts.records import Record, at, objects, text, thousandth
from forkjoin.transcripts.tools import Call

_LINES = frozenset({"tool_use", "text", "step_start", "step_finish", "reasoning", "error"})
_PARTS = frozenset({"tool", "text"})


class OpenCodeReader:
    """Reads the lines of one stream, or the one document."""

    agent = "opencode"

    def __init__(self) -> None:
        self._calls = Calls()
        self._named = False

    @staticmethod
    def knows(found: Record) -> bool:
        """Return whether a line is one of its kind."""
        exported = isinstance(at(found, "messages"), list) and isinstance(at(found, "info"), dict)
        return exported or (bool(text(found, "sessionID")) and "type" in found)

    def read(self, found: Record) -> Iterable[Act] | None:
        """Return what a line says; None where it is of a kind that is not known."""
        if "messages" in found:
            return self._document(found)
        kind, part = text(found, "type"), at(found, "part")
        known = kind in _LINES and (kind != "tool_use" or text(part, "type") in _PARTS)
        return tuple(self._line(kind, found, part)) if known else None

    def _line(self, kind: str, found: Record, part: Any) -> Iterator[Act]:
        yield from self._begun(found)
        if kind in ("tool_use", "text"):
            yield from self._part(part)
        elif kind in ("step_finish", "error"):
            yield Stood(whole=kind == "error" or text(part, "reason") == "stop")

    def _begun(self, found: Record) -> Iterator[Act]:
        if not self._named:
            self._named = True
            yield Begun(session=text(found, "sessionID"))
            yield Stood(whole=False)

    def _part(self, part: Any, *, role: str = "assistant") -> Iterator[Act]:
        match text(part, "type"):
            case "text":
                yield Told(text=text(part, "text"), user=role == "user")
            case "tool":
                yield from self._tool(part)

    def _tool(self, part: Any) -> Iterator[Act]:
        state, given = at(part, "state"), at(part, "state", "input")
        begun, ended = thousandth(state, "time", "start"), thousandth(state, "time", "end")
        call = Call(id=text(part, "callID"), message=text(part, "messageID"), name=text(part, "tool"), agent=self.agent,
                    given=given if isinstance(given, dict) else {}, at=begun)  # fmt: skip
        yield from self._calls.made(call)
        if text(state, "status") in ("completed", "error"):
            child = text(state, "metadata", "sessionId")
            background = child if at(given, "background") is True else ""
            yield from self._calls.answered(
                call.id, text(state, "output"), at=ended, handles=(background,) if background else ()
            )

    def _document(self, found: Record) -> Iterator[Act]:
        yield Begun(session=text(found, "info", "id"))
        yield Stood(whole=True)
        for message in objects(found, "messages"):
            role = text(message, "info", "role")
            for part in objects(message, "parts"):
                own = part if text(part, "messageID") else {**part, "messageID": text(message, "info", "id")}
                yield from self._part(own, role=role)
