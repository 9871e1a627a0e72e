"""Lists that callers write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from forkjoin.engine.records.jotting import with_jotted
from forkjoin.errors import ForkjoinError
from forkjoin.model import Todo
from forkjoin.tools.todos import checked, completed_list

Mode = Literal["parallel", "sequential"]


def items(*said: tuple[str, str]) -> list[Todo]:
    return [Todo(content=content, status=status, active_form=f"Doing {content}") for content, status in said]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "said", "wrong"),
    [
        ("parallel", [("a", "in_progress"), ("b", "in_progress"), ("Synthesize results", "pending")], ""),
        ("sequential", [("a", "in_progress"), ("b", "pending")], ""),
        ("sequential", [("a", "in_progress"), ("b", "in_progress")], "leave one in progress"),
        ("parallel", [("a", "in_progress"), ("Synthesize results", "in_progress")], "joining waits"),
        ("parallel", [("a", "pending"), ("Synthesise", "completed")], "joining waits"),
        ("parallel", [("a", "completed"), ("Synthesize results", "in_progress")], ""),
        ("parallel", [("a", "pending"), ("Join the  findings", "in_progress")], "joining waits"),
        ("parallel", [("a", "pending"), ("Merge all task results", "completed")], "joining waits"),
        ("parallel", [("a", "pending"), ("Join the two tables", "in_progress")], ""),
        ("parallel", [("a", "pending"), ("Synthesizer: mend the filter", "in_progress")], ""),
        ("parallel", [(" ", "pending")], r"todos\[0\]"),
        ("parallel", [("a", "pending")] * 501, "keep to 500"),
    ],
)
def test_a_list_that_cannot_be_true_is_refused(mode: Mode, said: list[tuple[str, str]], wrong: str) -> None:
    if not wrong:
        checked(items(*said), mode)
        return
    with pytest.raises(ForkjoinError, match=wrong):
        checked(items(*said), mode)


def test_a_parallel_list_gets_its_join() -> None:
    two = items(("a", "in_progress"), ("b", "in_progress"))
    assert [one.content for one in completed_list(two, "parallel")] == ["a", "b", "Synthesize results"]
    assert completed_list(two, "sequential") == tuple(two)
    assert completed_list(two[:1], "parallel") == tuple(two[:1])


def test_the_tasks_lines_are_the_journals() -> None:
    derived = items(("task", "completed"), ("other (failed)", "completed"), ("Synthesize results", "in_progress"))
    own = items(("Task", "pending"), ("other", "pending"), ("mine", "pending"))
    merged = with_jotted(derived, own)
    assert [(one.content, one.status) for one in merged] == [
        ("task", "completed"), ("other (failed)", "completed"), ("mine", "pending"), ("Synthesize results", "pending"),
    ]  # fmt: skip


def test_own_lists_and_those_of_runs(call: Callable[..., dict[str, Any]]) -> None:
    mine = {"content": "mine", "status": "in_progress", "activeForm": "Doing mine"}
    written = call("todo_write", todos=[mine, {**mine, "content": "more"}])
    assert (written["run"], written["oldTodos"]) == ("", [])
    assert [one["status"] for one in written["newTodos"]] == ["in_progress", "in_progress", "pending"]
    assert call("todo_read")["todos"] == written["newTodos"]

    # What other programs leave out of an item, or add to it, is no reason to refuse the list.
    short = [{"content": "a", "status": "in_progress"}, {"content": "b", "status": "pending", "priority": "high"}]
    written = call("todo_write", todos=short, mode="sequential")
    assert [one["activeForm"] for one in written["newTodos"]] == ["a", "b"]
    with pytest.raises(ForkjoinError, match="content"):
        call("todo_write", todos=[{"status": "pending"}])
    with pytest.raises(ForkjoinError, match="status"):
        call("todo_write", todos=[{"content": "a", "status": "doing"}])

    run = call("run_tasks", tasks=[{"description": "Print", "shell": "echo x", "writes": []}])["run"]
    call("task_output", task_id=run)
    wrong = {"content": "Print", "status": "pending", "activeForm": "Printing"}
    written = call("todo_write", todos=[wrong, mine], run=run)
    assert [(one["content"], one["status"]) for one in written["newTodos"][:2]] == [
        ("Print", "completed"), ("mine", "in_progress"),
    ]  # fmt: skip
    assert "'Print' is a task of run" in written["notes"][0]
    assert call("todo_read", run=run)["todos"] == written["newTodos"]
