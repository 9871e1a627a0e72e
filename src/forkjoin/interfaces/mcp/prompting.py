"""The prompt that people pick in a client to fan work out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import mcp_types as types
from mcp.shared.exceptions import MCPError

_BY: Final = {
    "task": "by task: one part of the work each",
    "directory": "by directory: the same for each folder",
    "perspective": "by perspective: the same files from security, performance, testing and architecture",
}
PROMPTS: Final = (
    types.Prompt(
        name="fan-out",
        title="Do this side by side",
        description="Cut work into independent tasks, run them side by side, join what they bring.",
        arguments=[
            types.PromptArgument(name="goal", description="What is to be done.", required=True),
            types.PromptArgument(name="by", description="task, directory or perspective.", required=False),
        ],
    ),
)


def prompt(name: str, arguments: Mapping[str, str]) -> types.GetPromptResult:
    """Return the prompt of that name filled in; raise MCPError for an unknown one, or where the goal is missing."""
    if name != PROMPTS[0].name:
        raise MCPError(code=types.INVALID_PARAMS, message=f"no prompt {name[:60]!r}; there is {PROMPTS[0].name}")
    goal, by = arguments.get("goal", "").strip(), arguments.get("by", "").strip()
    if not goal or (by and by not in _BY):
        why = "goal is missing" if not goal else f"by is {by[:40]!r}; known: {', '.join(_BY)}"
        raise MCPError(code=types.INVALID_PARAMS, message=why)
    how = _BY.get(by, "; ".join(_BY.values()))
    text = (
        f"{goal}\n\nFan this out with forkjoin ({how}). Find parts that need nothing of one another and change no file "
        "in common; write each a brief of its own; launch all in ONE call; retrieve by id; join, worst first. If the "
        "parts are not independent, say so and do it yourself."
    )
    return types.GetPromptResult(
        description=PROMPTS[0].description,
        messages=[types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))],
    )
