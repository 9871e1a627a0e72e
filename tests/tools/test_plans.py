"""What callers write, in the words of plan files."""

from __future__ import annotations

from typing import Any

import pytest

from forkjoin.errors import PlanError
from forkjoin.tools.plans import plan_value

AGENTS = ("claude", "codex", "shell")


def one(**task: Any) -> dict[str, Any]:
    (made,) = plan_value({"tasks": [task]}, is_agent=AGENTS.__contains__)["tasks"]
    return made


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"prompt": "p"}, {"task": "p"}),
        ({"prompt": "p", "subagent_type": "codex"}, {"task": "p", "agent": "codex"}),
        ({"prompt": "p", "subagent_type": "general-purpose"}, {"task": "p"}),
        ({"prompt": "p", "subagent_type": "Explore"}, {"task": "p", "writes": []}),
        ({"prompt": "p", "subagent_type": "code-reviewer"}, {"task": "p", "role": "code-reviewer"}),
        ({"prompt": "p", "isolation": "worktree"}, {"task": "p", "isolation": "clone"}),
        ({"prompt": "p", "isolation": "none"}, {"task": "p", "isolation": "auto"}),
        ({"prompt": "p", "run_in_background": False}, {"task": "p"}),
        ({"prompt": "p", "depends_on": ["a"]}, {"task": "p", "after": ["a"]}),
        ({"prompt": "p", "name": "Fix the login!"}, {"task": "p", "id": "Fix-the-login"}),
        ({"prompt": "p", "name": "x", "id": "y"}, {"task": "p", "id": "y"}),
        ({"prompt": "p", "files": {"reads": ["a"], "writes": ["b"]}}, {"task": "p", "reads": ["a"], "writes": ["b"]}),
        ({"prompt": "p", "files": ["a"]}, {"task": "p", "files": ["a"]}),
        ({"shell": "true", "unheard": 1}, {"shell": "true", "unheard": 1}),  # the plan's own door judges it
    ],
)
def test_names_of_other_tools_are_read(given: dict[str, Any], made: dict[str, Any]) -> None:
    assert one(**given) == made


def test_a_single_task_as_claude_code_writes_it() -> None:
    given = {"description": "Look", "prompt": "p", "model": "m", "run_in_background": True}
    assert plan_value(given, is_agent=AGENTS.__contains__) == {
        "tasks": [{"description": "Look", "task": "p", "model": "m"}]
    }


def test_words_of_the_plan_go_with_it() -> None:
    made = plan_value(
        {"tasks": [{"prompt": "p"}], "goal": "g", "agent": "claude", "budget_usd": 2.5}, is_agent=AGENTS.__contains__
    )
    assert made == {"goal": "g", "agent": "claude", "budget": {"usd": 2.5}, "tasks": [{"task": "p"}]}


@pytest.mark.parametrize("given", [{}, {"tasks": []}])
def test_nothing_to_do_is_said(given: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match="all of them in one list"):
        plan_value(given, is_agent=AGENTS.__contains__)


def test_a_list_beside_a_single_task_is_refused() -> None:
    with pytest.raises(PlanError, match="put all of them into tasks"):
        plan_value({"tasks": [{"prompt": "p"}], "prompt": "q"}, is_agent=AGENTS.__contains__)
