from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task
from forkjoin.planning import plan_from_text, plan_to_yaml


def test_a_saved_plan_leaves_defaults_out_and_reads_as_people_write() -> None:
    plan = Plan(
        name="harden",
        tasks=[
            Task(id="auth", task="Replace hashes.\nKeep old ones.\n", writes=["src/**"], timeout="10m"),  # type: ignore[arg-type]
            Task(command=["pytest", "-q"], after=["auth"], output={"type": "object"}),
        ],
    )
    text = plan_to_yaml(plan)
    assert text == (
        "name: harden\ntasks:\n- id: auth\n  task: |\n    Replace hashes.\n    Keep old ones.\n  writes: [src/**]\n"
        "  timeout: 600.0\n- command: [pytest, -q]\n  output:\n    type: object\n  after: [auth]\n"
    )
    assert plan_from_text(text.encode(), where="p", form="yaml") == plan


def test_a_python_function_cannot_be_saved() -> None:
    with pytest.raises(PlanError, match="is the Python function"):
        plan_to_yaml(Plan(tasks=[Task(function=print)]))


@pytest.mark.parametrize(
    "text",
    ["1e3", "1", "-2", "+3", ".5", "5.", "1.5", "true", "FALSE", "null", "~", "no", "on", "0o17", "017", "2024-01-01",
     "1:30", "=", "<<", "- a", "# a", "a: b", "a #b", "'", '"', "*x", "&x", "!x", "%x", "@x", "`x", "{", "[", "|", ">",
     " a", "a ", "a\n", "\na", "a\n\nb\n", "a\tb", "\u2028", "\u0085", "\ufeff", "\U0001f600", "a\rb", "---", "..."],
)  # fmt: skip
def test_a_text_that_reads_like_something_else_is_saved_as_text(text: str) -> None:
    plan = Plan(tasks=[Task(task=f"x{text}", description=text, focus=[text], env={"A": text})])
    assert plan_from_text(plan_to_yaml(plan).encode(), where="p", form="yaml") == plan


def test_a_function_is_named_by_its_task_where_it_cannot_be_saved() -> None:
    with pytest.raises(PlanError) as caught:
        plan_to_yaml(Plan(tasks=[Task(task="x"), Task(id="calc", function=print)]))  # type: ignore[arg-type]
    assert str(caught.value).startswith("--save: task 'calc' is the Python function builtins:print")
