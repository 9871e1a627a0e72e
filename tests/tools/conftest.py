"""Tools on a folder of their own: `call("run_tasks", tasks=[...])` returns what a framework gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forkjoin.tools import Ceiling, toolset


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the current one."""
    made = tmp_path / "tree"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def calling(tree: Path) -> Callable[..., Callable[..., dict[str, Any]]]:
    """Return a way to call tools under a ceiling, each call in an event loop of its own."""

    def make(ceiling: Ceiling | None = None, **more: Any) -> Callable[..., dict[str, Any]]:
        tools = {tool.name: tool for tool in toolset(ceiling, **more)}
        return lambda name, /, **arguments: asyncio.run(tools[name](**arguments))

    return make


@pytest.fixture
def call(calling: Callable[..., Callable[..., dict[str, Any]]]) -> Callable[..., dict[str, Any]]:
    """Call a tool where commands are allowed."""
    return calling(Ceiling(permission="full"))
