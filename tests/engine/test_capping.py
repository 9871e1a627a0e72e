"""Caps and budgets: the plan before the settings, the environment before it, and only what concerns the plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.engine.preparing.capping import budget, caps
from forkjoin.engine.settings import settings_from
from forkjoin.errors import PlanError
from forkjoin.model import Budget, Limits, Plan, Task
from forkjoin.planning import plan_from_text


def _plan(**limits: dict[str, int]) -> Plan:
    agents = ("claude", "opencode", "command")
    return Plan(limits=Limits(**limits), tasks=[Task(agent=agent, task="x", model="opus") for agent in agents])


def test_the_plan_goes_before_a_file_and_the_environment_before_the_plan(tmp_path: Path) -> None:
    (tmp_path / ".forkjoin.toml").write_text("[limits.agents]\nclaude = 2\npi = 1\n[limits.providers]\nanthropic = 9\n")
    settings = settings_from({}, tmp_path)
    found = caps(_plan(models={"opus": 3}), settings)
    assert found == Limits(agents={"claude": 2, "opencode": 5}, models={"opus": 3}, providers={"anthropic": 9})
    assert caps(_plan(agents={"claude": 7}), settings).agents == {"claude": 7, "opencode": 5}
    above = settings_from({"FORKJOIN_LIMITS": '{"agents": {"claude": 1, "opencode": 8}}'}, tmp_path)
    assert caps(_plan(agents={"claude": 7}), above).agents == {"claude": 1, "opencode": 8}


@pytest.mark.parametrize("raw", ["many", "{}x", '{"agent": {}}', '{"agents": {"claude": "two"}}'])
def test_what_is_no_table_of_limits_names_the_variable(raw: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError) as error:
        settings_from({"FORKJOIN_LIMITS": raw}, tmp_path)
    assert error.value.where == "FORKJOIN_LIMITS"


def test_a_cap_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="claude is 0"):
        caps(_plan(agents={"claude": 0}), settings_from({}, tmp_path))


def test_a_flag_goes_before_the_plan_each_by_itself() -> None:
    plan = Plan(budget=Budget(usd=2.0, tokens=100))
    assert budget(plan, None) == Budget(usd=2.0, tokens=100)
    assert budget(plan, Budget(usd=5.0)) == Budget(usd=5.0, tokens=100)
    assert budget(Plan(), None) is None
    with pytest.raises(PlanError, match="usd is 0"):
        budget(Plan(budget=Budget(usd=0.0)), None)


def test_a_budget_beside_the_tasks_is_the_runs_and_one_in_a_task_its_own() -> None:
    text = b"budget: {usd: 3}\nlimits: {agents: {claude: 2}}\ntasks: [{task: x, budget: {usd: 1}}, {task: y}]"
    plan = plan_from_text(text, where="p.yaml", form="yaml")
    assert (plan.budget, plan.limits.agents) == (Budget(usd=3.0), {"claude": 2})
    assert [task.budget for task in plan.tasks] == [Budget(usd=1.0), None]
    single = plan_from_text(b"---\nbudget: {usd: 1}\n---\ndo it", where="p.md", form="markdown")
    assert (single.budget, single.tasks[0].budget) == (None, Budget(usd=1.0))
