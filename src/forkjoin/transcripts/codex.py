"""Codex: session files (`~/.codex/sessions/**/rollout-*.jsonl`, a thread each) and `codex exec --json`.

Its agents are spawned in the background and waited for. Neither kind of file says which calls one message made: those
made before the first of them was answered count as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from forkjoin.transcripts.acts import Accepted, Act, Begun, Fetched, Launched, Stood, Told, Touched, Worked
from forkjoin.transcripts.calling import Calls
from forkjoin.transcripts.records import Record, at, moment, objects, record, spoken, text, texts
from forkjoin.transcripts.tools import Call

_QUIET = frozenset({"turn.started", "error", "turn_context", "compacted", "item.updated", "world_state"})
_SESSION = frozenset({"thread.started", "turn.completed", "turn.failed", "session_meta", "event_msg"})
_ITEMS = frozenset({
    "command_execution", "file_change", "agent_message", "collab_tool_call", "collabToolCall", "collabAgentToolCall",
    "reasoning", "error", "todo_list", "web_search", "mcp_tool_call", "image_view",
})  # fmt: skip
_ANSWERS = frozenset({
    "function_call", "custom_tool_call", "local_shell_call", "function_call_output", "custom_tool_call_output",
    "message", "reasoning", "web_search_call", "ghost_snapshot", "compaction", "agent_message",
})  # fmt: skip
_NOTE = "<subagent_notification>"


class CodexReader:
    """Reads the lines of one file in their order."""

    agent = "codex"

    def __init__(self) -> None:
        self._calls = Calls()
        self._begun: set[str] = set()

    @staticmethod
    def knows(found: Record) -> bool:
        """Return whether a line is one of its kind."""
        kind = text(found, "type")
        if kind in ("session_meta", "response_item", "event_msg", "turn_context"):
            return isinstance(at(found, "payload"), dict)
        return kind in ("thread.started", "turn.started") or (kind.startswith("item.") and "item" in found)

    def read(self, found: Record) -> Iterable[Act] | None:
        """Return what a line says; None where it is of a kind that is not known."""
        kind, payload, item = text(found, "type"), at(found, "payload"), at(found, "item")
        if kind in _QUIET:
            return ()
        if kind in ("item.started", "item.completed"):
            done, known = kind == "item.completed", text(item, "type") in _ITEMS
            return tuple(self._item(item, text(item, "id"), done=done)) if known else None
        if kind == "response_item":
            known = text(payload, "type") in _ANSWERS
            return tuple(self._answer(payload, moment(found, "timestamp"))) if known else None
        return tuple(_session(kind, found, payload)) if kind in _SESSION else None

    # --- the stream -----------------------------------------------------------------------------------------------

    def _item(self, item: Any, name: str, *, done: bool) -> Iterator[Act]:
        match text(item, "type"):
            case "command_execution":
                call = Call(id=name, message=name, name="bash", given={"command": text(item, "command")}, agent="codex")
                yield from self._once(call, text(item, "aggregated_output"), done=done)
            case "file_change" if done:
                for change in objects(item, "changes"):
                    yield Touched(path=text(change, "path"), wrote=True)
                yield Worked()
            case "agent_message":
                yield Told(text=text(item, "text"))
            case "mcp_tool_call" | "web_search":
                yield Worked()
            case "collab_tool_call" | "collabToolCall" | "collabAgentToolCall":
                yield from _together(item, name, done=done)

    def _once(self, call: Call, said: str, *, done: bool) -> Iterator[Act]:
        if call.id not in self._begun:
            self._begun.add(call.id)
            yield from self._calls.made(call)
        if done:
            yield from self._calls.answered(call.id, said)

    # --- the session file -----------------------------------------------------------------------------------------

    def _answer(self, payload: Any, when: float | None) -> Iterator[Act]:
        name = text(payload, "call_id")
        match text(payload, "type"):
            case "function_call" | "custom_tool_call" | "local_shell_call":
                yield from self._calls.made(_call(payload, name, when))
            case "function_call_output" | "custom_tool_call_output":
                yield from self._calls.answered(name, spoken(at(payload, "output")), at=when)
            case "message":
                said = spoken(at(payload, "content"))
                noted = Fetched(names=(said,), text=said, over=True, at=when)
                yield noted if _NOTE in said else Told(text=said)


def _session(kind: str, found: Record, payload: Any) -> Iterator[Act]:
    match kind:
        case "thread.started":
            yield Begun(session=text(found, "thread_id"))
            yield Stood(whole=False)
        case "turn.completed" | "turn.failed":
            yield Stood(whole=True)
        case "session_meta":
            yield Begun(session=text(payload, "id"))
            yield Stood(whole=True)
        case "event_msg" if text(payload, "type") == "user_message":
            said = text(payload, "message")
            yield Told(text=said, user=_NOTE not in said)


def _call(payload: Any, name: str, when: float | None) -> Call:
    given = record(text(payload, "arguments")) or {"input": text(payload, "input")}
    action = at(payload, "action")
    return Call(id=name, message=name, name=text(payload, "name") or "shell", agent="codex", at=when,
                given=action if isinstance(action, dict) else given)  # fmt: skip


def _together(item: Any, name: str, *, done: bool) -> Iterator[Act]:
    """Yield what a call to other threads means: to spawn one, to wait for some, to close one."""
    tool = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", text(item, "tool")).lower()
    receivers = tuple(texts(item, "receiver_thread_ids")) or tuple(texts(item, "receiverThreadIds"))
    if tool == "spawn_agent" and done:
        yield Launched(call=name, message=name, prompt=text(item, "prompt"), agent="codex", tool=tool, background=True)
        yield Accepted(call=name, handles=receivers)
    elif tool in ("wait", "wait_agent") and done:
        told = at(item, "agents_states") or at(item, "agentsStates")
        states = told if isinstance(told, dict) else {}
        over = tuple(one for one in states if text(states, one, "status") in ("completed", "errored", "shutdown"))
        said = "\n".join(text(states, one, "message") for one in over)
        yield Fetched(names=over, text=said, over=True)
    elif tool == "close_agent" and done:
        yield Fetched(names=receivers, stopped=True)
