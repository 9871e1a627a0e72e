"""What a client asks first, answered before the package `mcp` is there: it takes longer to load than all else.

What needs nothing of it is answered here, in the words the real server has for it (tests hold the two together):
`initialize` of a protocol that shakes hands, then `ping`; `server/discover` of the one that does not; of both
`tools/list`, and the call that launches and does not wait: its ids are wanted at once. All else is the server's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from forkjoin.interfaces.mcp.calling import called, launches, waits
from forkjoin.model.version import VERSION
from forkjoin.tools import INSTRUCTIONS, BoundTool, Host

HANDSHAKES: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN: Final = "2026-07-28"
EXTENSION: Final = "io.modelcontextprotocol/tasks"
_META: Final = "io.modelcontextprotocol"
SERVER: Final = "forkjoin"
CAPABILITIES: Final[dict[str, Any]] = {
    "completions": {},
    "logging": {},
    "prompts": {"listChanged": False},
    "resources": {"listChanged": False, "subscribe": True},
    "tools": {"listChanged": False},
}

# By the newest protocol who may listen to one kind of change may ask for all of them.
_LISTENING: Final = {
    "prompts": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": True},
    "tools": {"listChanged": True},
}


class Greeting:
    """Answers the first lines of one client over stdio."""

    def __init__(self, host: Host, tools: Sequence[BoundTool]) -> None:
        self._host = host
        self._tools = [described(tool) for tool in tools]
        self._launching = {tool.name: tool for tool in tools if launches(tool.name)}
        self.greeted: str | int | None = None  # the id of the `initialize` that was answered

    def answer(self, line: bytes) -> bytes | None:
        """Return the line that answers this one; None where it is for the server to read.

        The server is to read the `initialize` too, and what it answers to `greeted` is to be dropped.
        """
        try:
            asked = json.loads(line)
        except (ValueError, RecursionError):  # nested without end: for the server to pass over, as all that is no JSON
            return None
        if not _is_request(asked):
            return None
        method, params = asked["method"], asked.get("params")
        result: dict[str, Any] | None = None
        if _is_modern(params):
            result = self._modern(method, params)
        elif method == "initialize" and self.greeted is None and _says_who(params):
            self.greeted = asked["id"]
            result = self._initialized(params["protocolVersion"])
        elif self.greeted is not None and method == "tools/call":
            result = self._launched(params)
        elif self.greeted is not None and (not params or set(params) == {"_meta"}):
            result = {"ping": {}, "tools/list": {"tools": self._tools}}.get(method)
        if result is None:
            return None
        return json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode() + b"\n"

    def _initialized(self, wanted: str) -> dict[str, Any]:
        return {
            "protocolVersion": wanted if wanted in HANDSHAKES else HANDSHAKES[-1],
            "capabilities": CAPABILITIES,
            "serverInfo": _who(),
            "instructions": instructions(self._host),
        }

    def _modern(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        who = {"resultType": "complete", "_meta": {f"{_META}/serverInfo": _who()}}
        if method == "tools/call":
            result = self._launched(params)
            return None if result is None else {**result, **who}
        whole = {"cacheScope": "private", "ttlMs": 0, **who}
        if set(params) != {"_meta"}:
            return None
        if method == "tools/list":
            return {"tools": self._tools, **whole}
        if method != "server/discover":
            return None
        return {
            "supportedVersions": [MODERN],
            "capabilities": {**CAPABILITIES, **_LISTENING, "extensions": {EXTENSION: {}}},
            "instructions": instructions(self._host),
            **whole,
        }

    def _launched(self, params: Any) -> dict[str, Any] | None:
        """Return what a launch that does not wait brought; None for any other call."""
        given = dict(params or {})
        name, arguments = given.pop("name", None), given.pop("arguments", None)
        tool = self._launching.get(name) if isinstance(name, str) else None
        if tool is None or not isinstance(arguments, dict) or waits(arguments) or set(given) - {"_meta"}:
            return None
        return asyncio.run(called(tool, arguments))


def instructions(host: Host) -> str:
    """Return what a model is told of the server as a whole."""
    return f"{INSTRUCTIONS} At most here: {host.ceiling.said()}."


def described(tool: BoundTool) -> dict[str, Any]:
    """Return a tool as `tools/list` has it."""
    acts = tool.tool.acts
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "outputSchema": tool.output_schema,
        "annotations": {
            "title": tool.title,
            "readOnlyHint": acts == "reads",
            "destructiveHint": acts == "ends",
            "idempotentHint": acts != "adds",
            "openWorldHint": acts == "adds",
        },
    }


def _who() -> dict[str, str]:
    return {"name": SERVER, "title": SERVER, "version": VERSION}


def _is_modern(params: Any) -> bool:
    """Whether a request says who asks by the protocol without a handshake."""
    if not params or not isinstance(meta := params.get("_meta"), dict):
        return False
    return meta.get(f"{_META}/protocolVersion") == MODERN and isinstance(meta.get(f"{_META}/clientCapabilities"), dict)


def _is_request(asked: Any) -> bool:
    return (
        isinstance(asked, dict)
        and asked.get("jsonrpc") == "2.0"
        and isinstance(asked.get("method"), str)
        and isinstance(asked.get("id"), str | int)
        and not isinstance(asked["id"], bool)
        and isinstance(asked.get("params", {}), dict)
    )


def _says_who(params: Any) -> bool:
    """Whether an `initialize` is whole; what is wrong with another one is for the server to say."""
    who = (params or {}).get("clientInfo")
    return (
        isinstance(who, dict)
        and isinstance(who.get("name"), str)
        and isinstance(who.get("version"), str)
        and isinstance(params.get("protocolVersion"), str)
        and isinstance(params.get("capabilities"), dict)
    )
