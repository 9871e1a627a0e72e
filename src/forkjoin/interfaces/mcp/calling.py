"""A call of a tool, and its result as the protocol has it, by whomever it is answered. Needs nothing of the package."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from forkjoin.errors import ForkjoinError
from forkjoin.tools import BoundTool, Tell, plain, untold, worded

_LOG = logging.getLogger("forkjoin.mcp")
_LAUNCHING: Final = ("run_tasks", "Task")
_NEEDED: Final = (
    "forkjoin.engine.launching.launching", "forkjoin.engine.preparing.reading", "forkjoin.engine.finding",
    "forkjoin.engine.launching.money", "forkjoin.engine.records.jotting", "forkjoin.engine.records.parts",
    "forkjoin.agents.command", "platformdirs.unix",
)  # fmt: skip


def warm_up() -> None:
    """Load what a launch needs; without it the first call does."""
    for name in _NEEDED:
        import_module(name)


def launches(name: str) -> bool:
    """Whether a tool of that name launches a run."""
    return name in _LAUNCHING


def waits(arguments: Mapping[str, Any]) -> bool:
    """Whether a launch with these arguments is to be waited for."""
    return arguments.get("run_in_background") is False


async def called(tool: BoundTool, arguments: dict[str, Any], *, tell: Tell = untold) -> dict[str, Any]:
    """Return the result of a call; what went wrong in it is a result too, so that a model reads it."""
    try:
        return result_of(await tool.answer(arguments, tell=tell))
    except (ForkjoinError, OSError) as error:
        return failed(str(error))
    except Exception as error:
        _LOG.exception("a bug in the tool %s", tool.name)
        return failed(f"this is a bug in forkjoin ({type(error).__name__}: {error}); please report it")


def result_of(answer: Any) -> dict[str, Any]:
    """Return a tool's answer typed and in words."""
    return {"content": _said(worded(answer)), "structuredContent": plain(answer), "isError": False}


def failed(why: str) -> dict[str, Any]:
    """Return the result of a call that did nothing."""
    return {"content": _said(f"error: {why}"), "isError": True}


def _said(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}]
