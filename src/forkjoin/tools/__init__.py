"""The tools for other agents, as plain async functions with JSON schemas, for any framework to register.

    from forkjoin.tools import Ceiling, toolset

    for tool in toolset(Ceiling(budget=5.0, roots=["project"])):
        framework.add(tool, name=tool.name, description=tool.description, schema=tool.input_schema)

Each is called with keywords as its schema has them and returns plain dicts. What is launched goes on by itself when
this process ends; who has a run's id finds it again. `forkjoin mcp` serves the same tools.
"""

from __future__ import annotations

from typing import Any

import msgspec

from forkjoin.model import to_json
from forkjoin.tools.asks import read, sound
from forkjoin.tools.ceiling import PERMISSIONS, Ceiling
from forkjoin.tools.host import Host, Tell, untold
from forkjoin.tools.launching import with_outputs
from forkjoin.tools.table import NAMED, Names, Tool
from forkjoin.tools.texts import INSTRUCTIONS
from forkjoin.tools.wording import worded

__all__ = [
    "INSTRUCTIONS",
    "NAMED",
    "PERMISSIONS",
    "BoundTool",
    "Ceiling",
    "Host",
    "Names",
    "Tell",
    "Tool",
    "plain",
    "toolset",
    "untold",
    "with_outputs",
    "worded",
]


class BoundTool:
    """One tool, ready to be called: `await tool(task_id=...)` returns a dict. What it raises is a ForkjoinError."""

    def __init__(self, tool: Tool, host: Host) -> None:
        self.tool, self.host = tool, host
        self.name, self.title, self.description = tool.name, tool.title, tool.description
        self.input_schema, self.output_schema = tool.input_schema, tool.output_schema
        self.__name__ = tool.name
        self.__doc__ = tool.description

    async def __call__(self, **arguments: Any) -> dict[str, Any]:
        """Call it with keywords as its schema has them; return what its output schema says."""
        return plain(await self.answer(arguments))

    async def answer(self, arguments: dict[str, Any], *, tell: Tell = untold) -> Any:
        """Return the answer as a value, telling of progress; raise PlanError for arguments that do not fit."""
        given = sound(arguments, tool=self.name)
        ask = read(self.tool.takes, given, tool=self.name)
        return await self.tool.does(self.host, ask, given, tell)


def plain(answer: Any) -> dict[str, Any]:
    """Return an answer as a program reads it from JSON: dicts, lists, texts and numbers."""
    read: dict[str, Any] = msgspec.json.decode(to_json(answer))
    return read


def toolset(
    ceiling: Ceiling | None = None, *, names: Names = "forkjoin", host: Host | None = None
) -> tuple[BoundTool, ...]:
    """Return the tools, bound to one host: what *ceiling* allows is counted over all their calls.

    *names* `claude`: Task, TaskOutput, TaskStop, TodoWrite.
    """
    shared = host or Host(ceiling)
    return tuple(BoundTool(tool, shared) for tool in NAMED[names])
