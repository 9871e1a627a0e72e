"""Runs made up for what shows them, and golden files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forkjoin.model import ENDED, Edge, RunView, Task, TaskView

START = 1_700_000_000.0
GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


@pytest.fixture
def a_task() -> Callable[..., TaskView]:
    """Make a task as it stands: `a_task("auth", "running", began=2, ended=5, action="...")`, times after the start."""

    def make(id_: str, state: str = "queued", *, began: float | None = None, ended: float | None = None, **more: Any):
        task = Task(id=id_, shell="true", description=more.pop("description", id_), agent=more.pop("agent", None))
        started = None if began is None else START + began
        over = START + ended if ended is not None else (None if state not in ENDED or began is None else START + 60)
        return TaskView(task=task, number=more.pop("number", 1), state=state, started=started, ended=over, **more)

    return make


@pytest.fixture
def a_run() -> Callable[..., RunView]:
    """Make a run as it stands: `a_run([task, ...], edges=[("auth", "docs")])`; tasks are numbered here."""

    def make(tasks: list[TaskView], *, edges: list[tuple[str, str]] = (), **more: Any) -> RunView:
        import msgspec

        numbered = tuple(msgspec.structs.replace(task, number=at) for at, task in enumerate(tasks, 1))
        known = {"run": "k3f9x2", "name": "harden", "goal": "", "state": "running", "started": START, "ended": None}
        known |= {"tree": "/tree", "repository": "/tree", "seq": 1}
        ordered = tuple(Edge(first=a, then=b, kind="after") for a, b in edges)
        return RunView(**(known | {"tasks": numbered, "edges": ordered} | more))

    return make


@pytest.fixture
def five(a_task: Callable[..., TaskView], a_run: Callable[..., RunView]) -> RunView:
    """Five tasks in five states, one waiting for another."""
    return a_run(
        [
            a_task("auth", "running", began=0.1, action="pytest -q tests/auth"),
            a_task("billing", "completed", began=0.1, ended=42.0, findings=2),
            a_task("search", "failed", began=0.1, ended=3.5, why="exit code 1: no such index"),
            a_task("docs", "queued", why="waits for auth: both write docs/auth.md"),
            a_task(
                "a-task-with-a-very-long-identifier-indeed", "needs_input", began=1, ended=20, why="changed nothing"
            ),
        ],
        edges=[("auth", "docs")],
    )


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with its golden file; with FORKJOIN_GOLDEN=update it is written anew."""

    def same(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("FORKJOIN_GOLDEN") == "update":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return same
