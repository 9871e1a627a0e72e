"""Where perspectives come from, and how a plan's fan-outs and perspectives become tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.engine import Overrides, known_perspectives, prepared, settings_from
from forkjoin.errors import CannotHere, PlanError, UnknownId
from forkjoin.model import Each, Plan, Task


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's folder with a subfolder, and a user with a perspective of her own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    top = tmp_path / "project"
    for folder, names in (
        (top / ".forkjoin" / "perspectives", ("ours", "both", "security")),
        (top / "sub" / ".forkjoin" / "perspectives", ("near",)),
        (tmp_path / ".forkjoin" / "perspectives", ("above-the-repository",)),
        (tmp_path / "config" / "forkjoin" / "perspectives", ("mine", "both")),
    ):
        folder.mkdir(parents=True)
        for name in names:
            (folder / f"{name}.md").write_text(f"Look at {name} in {folder.parent.parent.name}.\n")
    (top / ".git").mkdir()
    (top / "sub" / "a.py").write_text("import os\n")
    return top


def origins(tree: Path) -> dict[str, str]:
    return {one.name: one.origin for one in known_perspectives(tree)}


def test_the_project_goes_before_the_user_and_both_before_this_version(project: Path) -> None:
    known = origins(project / "sub")
    assert {"near", "ours", "mine", "both", "security", "testing"} <= known.keys()
    assert "above-the-repository" not in known
    assert known["both"] == str(project / ".forkjoin/perspectives/both.md")
    assert known["mine"].endswith("config/forkjoin/perspectives/mine.md")
    assert known["testing"] == "built in"
    assert known["security"].endswith("project/.forkjoin/perspectives/security.md")
    assert "near" not in origins(project)


def ready(plan: Plan, tree: Path, **flags: str):
    return prepared(plan, settings=settings_from({}, tree), tree=tree, overrides=Overrides(**flags))


def test_a_plan_of_tasks_fan_outs_and_perspectives_adds_up(tmp_path: Path) -> None:
    for name in ("a/one.txt", "b/two.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x" * 10)
    plan = Plan(
        tasks=[Task(id="own", shell="true", writes=[])],
        each=[Each(dirs="*", task="ls {{ dir }}/")],
        perspectives=["security"],
        agent="shell",
    )
    with pytest.raises(PlanError, match="the agent shell looks from 'security' by no"):
        ready(plan, tmp_path)
    whole = Plan(tasks=[*plan.tasks[:1], Task(perspective="security", shell="look")], each=plan.each, agent="command")
    made = ready(whole, tmp_path)
    assert [(task.id, task.command or task.shell) for task in made.plan.tasks] == [
        ("own", "true"), ("security", "look"), ("a", ("ls", "a/")), ("b", ("ls", "b/")),
    ]  # fmt: skip
    assert [share.bytes for share in made.shares] == [10, 10]
    assert (made.plan.tasks[1].reads, made.plan.tasks[1].writes) == (("**",), ())


def test_a_perspective_in_a_fan_out_looks_at_each_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text("")
    each = Each(dirs="*", task=Task(perspective="testing", shell="look {{ dir }}"))
    tasks = ready(Plan(each=[each]), tmp_path).plan.tasks
    assert [(task.description, task.reads, task.writes, task.output) for task in tasks] == [
        ("a: Testing review", ("a/**",), (), "findings"), ("b: Testing review", ("b/**",), (), "findings"),
    ]  # fmt: skip


def test_the_analysers_look_where_the_agent_is_static(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\n")
    made = ready(Plan(perspectives=["security", "testing"], agent="static"), tmp_path)
    assert {"bandit", "ruff-security", "ruff-testing"} <= {task.id for task in made.plan.tasks}
    assert all(task.perspective == "" and task.agent == "static" for task in made.plan.tasks)


def test_a_perspectives_agent_is_the_tasks_own(tmp_path: Path) -> None:
    folder = tmp_path / ".forkjoin" / "perspectives"
    folder.mkdir(parents=True)
    (folder / "names.md").write_text("---\nagent: other\n---\nLook at names.\n")
    (task,) = ready(Plan(perspectives=["names"]), tmp_path, agent="some").plan.tasks
    assert (task.agent, task.task) == ("other", "Look at names.")


def test_an_unknown_perspective_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownId, match=r"no perspective 'secrity'; known: security, performance.*secrity\.md"):
        ready(Plan(perspectives=["secrity"], agent="shell"), tmp_path)


def test_a_wrong_file_is_named_only_where_it_is_used(project: Path) -> None:
    (project / ".forkjoin/perspectives/ours.md").write_text("---\nshell: x\n---\nx")
    with pytest.raises(PlanError, match=r"ours\.md:2: shell: a perspective has no key"):
        known_perspectives(project)
    tasks = [Task(perspective="both", shell="look")]
    assert "Look at both" in ready(Plan(tasks=tasks), project / "sub").plan.tasks[0].context


def test_no_analyser_for_a_perspective_is_an_error_not_an_empty_plan(tmp_path: Path) -> None:
    (tmp_path / "a.rs").write_text("")
    with pytest.raises(CannotHere, match="no analyser looks from 'performance' here"):
        ready(Plan(perspectives=["performance"], agent="static"), tmp_path)
