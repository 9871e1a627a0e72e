from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task
from forkjoin.planning import completed, selected

PLAN = completed(
    Plan(
        tasks=[
            Task(id="auth-login", task="x", description="Login form"),  # type: ignore[arg-type]
            Task(id="auth-reset", task="x", description="Password reset", after=["auth-login"]),  # type: ignore[arg-type]
            Task(id="docs", task="x", description="Write the manual"),  # type: ignore[arg-type]
        ]
    )
)


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("auth", ["auth-login", "auth-reset"]),
        ("LOGIN", ["auth-login"]),
        ("manual or login", ["auth-login", "docs"]),
        ("not auth", ["docs"]),
        ("not not docs", ["docs"]),
        ("auth and not reset", ["auth-login"]),
        ("not (reset or docs)", ["auth-login"]),
        ("docs or auth and login", ["auth-login", "docs"]),
        ("(docs or auth) and not reset", ["auth-login", "docs"]),
        ("(" * 3000 + "docs" + ")" * 3000, ["docs"]),
    ],
)
def test_an_expression_picks_by_id_and_description(expression: str, ids: list[str]) -> None:
    assert [task.id for task in selected(PLAN, expression).tasks] == ids


@pytest.mark.parametrize(
    "expression", ["", "and", "auth and", "auth docs", "(auth", "auth)", "not", "()", "or a", "a" * 10_001]
)
def test_an_expression_that_cannot_be_read_is_refused(expression: str) -> None:
    with pytest.raises(PlanError, match="-k"):
        selected(PLAN, expression)


def test_picking_nothing_is_an_error_that_names_the_tasks() -> None:
    with pytest.raises(PlanError, match="it picks no task; the plan has auth-login, auth-reset, docs"):
        selected(PLAN, "nope")


def test_picking_a_task_without_its_predecessor_is_an_error_with_the_remedy() -> None:
    with pytest.raises(PlanError) as caught:
        selected(PLAN, "reset")
    assert "'auth-reset', which comes after 'auth-login', and not 'auth-login'" in str(caught.value)
    assert caught.value.next_step == "pick both: -k '(reset) or auth-login'"
    assert len(selected(PLAN, "(reset) or auth-login").tasks) == 2
