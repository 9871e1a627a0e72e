"""Several agents for one list of tasks: dealt out, or each asked for all of it."""

from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.planning import agents_in, check, compared, dealt, refuse_mixed
from forkjoin.testing import a_plan, a_task, a_tree


def test_tasks_go_to_the_agents_in_turn_and_named_ones_stay() -> None:
    both = {"agent": "claude,codex"}
    plan = a_plan(a_task("a", **both), a_task("own", agent="pi"), a_task("b", **both), a_task("c", **both))
    assert [task.agent_name for task in dealt(plan).tasks] == ["claude", "pi", "codex", "claude"]
    assert dealt(a_plan(a_task(agent="claude"))).tasks[0].agent_name == "claude"
    assert agents_in("claude, codex", where="-a") == ("claude", "codex")


@pytest.mark.parametrize("named", ["claude,", "claude,shell", ",codex"])
def test_a_turn_that_cannot_be_is_refused(named: str) -> None:
    with pytest.raises(PlanError):
        dealt(a_plan(a_task(agent=named)))


def _compared(*agents: str, **writer: object):  # type: ignore[no-untyped-def]
    first = a_task("a", agent="claude", model="m", writes=("x.py",), **writer)
    second = a_task("b", writes=("x.py",), after=("a",))
    third = a_task("c", task="", command=("ls",), writes=())
    return compared(a_plan(first, second, third), agents)


def test_each_agent_gets_each_task_and_stays_in_its_own_line() -> None:
    plan = _compared("claude", "codex")
    assert [(task.id, task.agent_name, task.alternative, task.after, task.model) for task in plan.tasks] == [
        ("a-claude", "claude", "a", (), "m"),
        ("a-codex", "codex", "a", (), ""),
        ("b-claude", "claude", "b", ("a-claude",), ""),
        ("b-codex", "codex", "b", ("a-codex",), ""),
        ("c", "command", "", (), ""),
    ]
    found = check(plan, a_tree("x.py"))
    assert {(edge.first, edge.then) for edge in found.edges} == {("a-claude", "b-claude"), ("a-codex", "b-codex")}
    assert all(not {"claude", "codex"} <= {pair.a[2:], pair.b[2:]} for pair in found.pairs)
    assert [task.id for task in found.tasks] == [task.id for task in plan.tasks]
    assert found.waves[0] == ("a-claude", "a-codex", "c")


@pytest.mark.parametrize("agents", [("claude",), ("claude", "claude"), ("claude", "command")])
def test_what_cannot_be_compared_is_refused(agents: tuple[str, ...]) -> None:
    with pytest.raises(PlanError, match="--compare"):
        _compared(*agents)


def test_who_holds_what_only_one_can_hold_is_not_compared() -> None:
    with pytest.raises(PlanError, match="FORKJOIN_PORT"):
        _compared("claude", "codex", resources=("port:5432",))
    with pytest.raises(PlanError, match="no task of the plan"):
        compared(a_plan(a_task(task="", command=("ls",))), ("claude", "codex"))
    with pytest.raises(PlanError, match="same id"):
        compared(a_plan("a", a_task("a-pi", task="", command=("ls",))), ("pi", "codex"))


def test_a_task_without_alternatives_cannot_stand_behind_several() -> None:
    tests = a_task("t", task="", command=("pytest",), after=("a",))
    plan = compared(a_plan("a", tests), ("claude", "codex"))
    with pytest.raises(PlanError, match="t comes behind a, which each agent does in its own way"):
        refuse_mixed(plan, check(plan, a_tree()).edges)
    refuse_mixed(a_plan("a"), ())
