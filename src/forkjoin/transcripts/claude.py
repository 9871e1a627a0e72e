"""Claude Code: session files (`~/.claude/projects/*/*.jsonl`, those of its subagents too), and its stream-json.

A message is written as several lines, one a block, all with the id of the message. What a subagent does stands in lines
with `parent_tool_use_id` (streams), in lines marked `isSidechain` (older sessions), or in a file of its own whose lines
carry its `agentId` (newer ones).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from forkjoin.transcripts.acts import Act, Begun, Fetched, Stood, Told
from forkjoin.transcripts.calling import Calls
from forkjoin.transcripts.records import Record, at, moment, objects, spoken, text, thousandth
from forkjoin.transcripts.tools import LAUNCHES, Call

_NOTE = "<task-notification>"
_NAMED = re.compile(r"<(?:task-id|tool-use-id|output-file)>\s*([^<\s]+)")
_QUIET = frozenset({
    "summary", "file-history-snapshot", "progress", "attachment", "ai-title", "custom-title", "last-prompt",
    "permission-mode", "stream_event", "rate_limit_event", "tool_progress", "tool_use_summary", "pr-link", "agent-name",
    "mode", "hook_progress", "auth_status", "prompt_suggestion",
})  # fmt: skip


class ClaudeReader:
    """Reads the lines of one file in their order."""

    agent = "claude"

    def __init__(self) -> None:
        self._calls = Calls()
        self._own: str | None = None  # the subagent whose file it is; "" of a session
        self._prompts: dict[str, str] = {}  # of older sessions: the call that a side chain's first words belong to
        self._side: dict[str, str] = {}  # line of a side chain -> the call

    @staticmethod
    def knows(found: Record) -> bool:
        """Return whether a line is one of its kind."""
        if text(found, "sessionId"):
            return True
        named = bool(text(found, "session_id")) and "type" in found
        return named or text(found, "type") in ("file-history-snapshot", "summary") or "leafUuid" in found

    def read(self, found: Record) -> Iterable[Act] | None:
        """Return what a line says; None where it is of a kind that is not known."""
        kind = text(found, "type")
        if kind in _QUIET:
            return ()
        reader = {"assistant": self._assistant, "user": self._user, "system": self._system,
                  "result": self._result, "queue-operation": self._queued}.get(kind)  # fmt: skip
        return None if reader is None else [*self._begun(found), *reader(found)]

    def _begun(self, found: Record) -> Iterator[Act]:
        if self._own is None:
            self._own = text(found, "agentId") if at(found, "isSidechain") is True else ""
            yield Begun(session=self._own or text(found, "sessionId") or text(found, "session_id"))
            yield Stood(whole=bool(text(found, "sessionId")))  # a stream has its end, a session only goes on

    def _owner(self, found: Record) -> str:
        if above := text(found, "parent_tool_use_id"):
            return above
        if at(found, "isSidechain") is not True or (self._own and text(found, "agentId") == self._own):
            return ""
        owner = self._side.get(text(found, "parentUuid")) or self._prompts.get(
            spoken(at(found, "message", "content"))[:500], "?"
        )
        self._side[text(found, "uuid")] = owner
        return owner

    def _assistant(self, found: Record) -> Iterator[Act]:
        owner, when = self._owner(found), moment(found, "timestamp")
        message = text(found, "message", "id") or text(found, "uuid")
        for block in objects(found, "message", "content"):
            kind = text(block, "type")
            if kind == "text" and not owner:
                yield Told(text=text(block, "text"))
            if kind != "tool_use":
                continue
            given = at(block, "input")
            call = Call(id=text(block, "id"), message=message, name=text(block, "name"), agent=self.agent, owner=owner,
                        given=given if isinstance(given, dict) else {}, at=when)  # fmt: skip
            if call.name.lower() in LAUNCHES:
                self._prompts[text(call.given, "prompt")[:500]] = call.id
            yield from self._calls.made(call)

    def _user(self, found: Record) -> Iterator[Act]:
        owner, when = self._owner(found), moment(found, "timestamp")
        result = at(found, "tool_use_result") or at(found, "toolUseResult")
        blocks = [one for one in objects(found, "message", "content") if text(one, "type") == "tool_result"]
        for block in blocks:
            yield from self._calls.answered(
                text(block, "tool_use_id"), spoken(at(block, "content")), at=when, owner=owner,
                seconds=thousandth(result, "totalDurationMs"), handles=_handles(result),
            )  # fmt: skip
        if not blocks and not owner:
            said = spoken(at(found, "message", "content"))
            yield from _notified(said, when) if _NOTE in said else _told(found, said)

    def _queued(self, found: Record) -> Iterator[Act]:
        said = spoken(at(found, "content"))
        yield from _notified(said, moment(found, "timestamp")) if _NOTE in said else ()

    def _system(self, found: Record) -> Iterator[Act]:
        if text(found, "subtype") == "task_notification":
            names = (text(found, "tool_use_id"), text(found, "task_id"))
            yield Fetched(names=names, text=text(found, "summary"), over=True, at=moment(found, "timestamp"))

    def _result(self, found: Record) -> Iterator[Act]:
        yield Stood(whole=True)


def _told(found: Record, said: str) -> Iterator[Act]:
    meta = at(found, "isMeta") is True or at(found, "isCompactSummary") is True
    yield Told(text=said, user=bool(said.strip()) and not meta)


def _notified(said: str, when: float | None) -> Iterator[Act]:
    over = "<status>running" not in said
    yield Fetched(names=tuple(_NAMED.findall(said)), text=said, over=over, at=when)


def _handles(result: object) -> tuple[str, ...]:
    """Return the names by which what goes on in the background is fetched."""
    if shell := text(result, "backgroundTaskId"):
        return (shell,)
    if text(result, "status") not in ("async_launched", "remote_launched"):
        return ()
    named = (text(result, key) for key in ("agentId", "taskId", "outputFile"))
    return tuple(one for one in named if one)
