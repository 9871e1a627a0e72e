"""Perspectives as Markdown files, and tasks that look from one."""

from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task
from forkjoin.planning import completed, perspective_from_text, viewed

PAGE = b"""---
description: Can everybody use it?
role: accessibility engineer
timeout: 5m
agent: command
---
Look for what people cannot use.

## Focus areas

- contrast
* order of focus

More words.
"""
LOOK = Task(role="security engineer", task="Look for holes.", focus=["secrets"], timeout=60)


def test_front_matter_has_the_defaults_and_a_list_under_focus_areas_is_the_focus() -> None:
    look = perspective_from_text(PAGE, where="p.md", name="accessibility")
    assert look == Task(
        description="Can everybody use it?", role="accessibility engineer", timeout=300, agent="command",
        task="Look for what people cannot use.\n\nMore words.", focus=["contrast", "order of focus"],
    )  # fmt: skip


def test_a_file_without_front_matter_is_the_prompt() -> None:
    assert perspective_from_text(b"Look at names.\n", where="p", name="names") == Task(task="Look at names.")


def test_a_focus_of_the_front_matter_goes_first_and_a_heading_without_a_list_is_text() -> None:
    assert perspective_from_text(b"---\nfocus: [a]\n---\nx\n# Focus areas\n- b\n", where="p", name="n").focus == ("a",)
    assert perspective_from_text(b"x\n# Focus areas\n", where="p", name="n").task == "x\n# Focus areas"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("n", b"---\nshell: rm -rf x\n---\nx", "p:2: shell: a perspective has no key 'shell'; known: agent"),
        ("n", b"---\nwrites: [a]\n---\nx", "no key 'writes'"),
        ("n", b"---\ndescripton: a\n---\nx", "did you mean 'description'?"),
        ("n", b"---\ntimeout: soon\n---\nx", "p:2: timeout"),
        ("n", b"", "the perspective has no text; write below --- what to look for"),
        ("n", b"# Focus areas\n- a\n", "the perspective has no text"),
        ("n", b"---\nrole: a\n---\n  \n", "has no text"),
        ("n", b"---\ntask: [a]\n---\n", "the prompt is text"),
        ("n", b"---\nrole: a\n", "never closed"),
        ("n", b"\xff", "is not valid UTF-8"),
        ("n", b"x" * 1_000_001, "has 1,000,001 bytes"),
        ("My View", b"x", "cannot be called 'My View'; rename the file"),
        ("-x", b"x", "cannot be called"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(name: str, data: bytes, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        perspective_from_text(data, where="p", name=name)
    assert said in str(raised.value)


def test_a_task_that_looks_gets_what_it_does_not_say_writes_nothing_and_answers_findings() -> None:
    task = viewed(Task(perspective="security", agent="x"), LOOK, where="a")
    assert (task.task, task.role, task.focus, task.timeout, task.agent) == (
        "Look for holes.", "security engineer", ("secrets",), 60, "x",
    )  # fmt: skip
    assert (task.writes, task.output) == ((), "findings")


def test_what_the_task_says_itself_stands() -> None:
    own = Task(
        perspective="security", task="Look at the login.", focus=["tokens"], timeout=5, output="none", reads=["a"]
    )
    task = viewed(own, LOOK, where="a")
    assert (task.task, task.focus, task.timeout, task.output, task.reads) == (
        "Look at the login.", ("tokens",), 5, "none", ("a",),
    )  # fmt: skip
    assert task.role == "security engineer"


def test_a_command_gets_the_prompt_as_context_once() -> None:
    task = viewed(Task(perspective="security", shell="look", context="It is old."), LOOK, where="a")
    assert task.context == "Look for holes.\n\nIt is old."
    assert task.task == ""
    assert viewed(task, LOOK, where="a") == task


def test_a_task_that_may_write_cannot_look() -> None:
    with pytest.raises(PlanError, match="a perspective only looks"):
        viewed(Task(perspective="security", writes=["a"]), LOOK, where="a")


def test_tasks_are_called_by_their_perspective() -> None:
    plan = completed(Plan(perspectives=["security", "dead-code"], tasks=[Task(id="security", task="x")]))
    assert [(task.id, task.description) for task in plan.tasks] == [
        ("security", "x"), ("security-2", "Security review"), ("dead-code", "Dead-code review"),
    ]  # fmt: skip
