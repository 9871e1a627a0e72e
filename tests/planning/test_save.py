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
