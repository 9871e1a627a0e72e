"""What no caller gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forkjoin.errors import AboveCeiling
from forkjoin.model import Plan, Task
from forkjoin.tools.ceiling import Ceiling, folder_in, granted, is_in, refuse_landing, refuse_tasks


def plan(*tasks: dict[str, Any], **more: Any) -> Plan:
    return Plan(
        tasks=[Task(id=f"t{n}", **{"task": "p", "agent": "claude"} | task) for n, task in enumerate(tasks)], **more
    )


@pytest.mark.parametrize(
    ("task", "most", "flag"),
    [
        ({"writes": ["a"]}, "read-only", "--max-permission workspace-write"),
        ({}, "read-only", "--max-permission workspace-write"),  # nothing said: it may write
        ({"permission": "full"}, "workspace-write", "--max-permission full"),
        ({"task": "", "shell": "true", "agent": None, "writes": []}, "workspace-write", "--max-permission full"),
        ({"task": "", "command": ["true"], "agent": None, "permission": "read-only"}, "read-only", "permission full"),
        ({"setup": "make"}, "workspace-write", "--max-permission full"),
        ({"setup_once": "make"}, "workspace-write", "--max-permission full"),
        ({"env": {"PATH": "here"}}, "workspace-write", "--max-permission full"),
        ({"pass_env": ["SECRET"]}, "workspace-write", "--max-permission full"),
    ],
)
def test_a_task_that_may_more_is_refused_with_the_flag(task: dict[str, Any], most: Any, flag: str) -> None:
    with pytest.raises(AboveCeiling, match=flag):
        refuse_tasks(Ceiling(permission=most), plan({}, task) if most != "read-only" else plan(task), living=0)
    refuse_tasks(Ceiling(permission="full"), plan(task), living=0)


def test_who_only_reads_may_be_asked_under_any_ceiling() -> None:
    refuse_tasks(Ceiling(permission="read-only"), plan({"writes": []}, {"permission": "read-only"}), living=0)


def test_a_gate_is_a_command() -> None:
    with pytest.raises(AboveCeiling, match="--max-permission full"):
        refuse_tasks(Ceiling(), plan({}, gate="make test"), living=0)


def test_tasks_are_counted_with_those_that_live() -> None:
    refuse_tasks(Ceiling(tasks=3), plan({}, {}), living=1)
    with pytest.raises(AboveCeiling, match="--max-tasks 4"):
        refuse_tasks(Ceiling(tasks=3), plan({}, {}), living=2)
    refuse_tasks(Ceiling(tasks=None), plan(*[{}] * 50), living=50)


def test_money_is_counted_over_all_runs() -> None:
    assert granted(Ceiling(), 7.0, taken=100.0) == 7.0
    assert granted(Ceiling(budget=5.0), None, taken=2.0) == 3.0
    assert granted(Ceiling(budget=5.0), 1.0, taken=2.0) == 1.0
    with pytest.raises(AboveCeiling, match="--budget 6"):
        granted(Ceiling(budget=5.0), 4.0, taken=2.0)
    with pytest.raises(AboveCeiling, match=r"\$0 of \$5 are left"):
        granted(Ceiling(budget=5.0), None, taken=5.0)


def test_no_folder_outside_the_roots_whatever_it_is_called(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "root2"
    (root / "in").mkdir(parents=True)
    other.mkdir()
    (root / "out").symlink_to(other)
    roots = (str(root),)
    assert folder_in(roots, "in") == root / "in"
    assert folder_in(roots, str(root)) == root
    for name in ("..", "out", "../root2", str(other), "/", "in/../.."):
        with pytest.raises(AboveCeiling, match="--roots"):
            folder_in(roots, name)
    assert not is_in(roots, str(other))


def test_where_all_is_read_only_not_even_a_branch_is_made() -> None:
    refuse_landing(Ceiling())
    with pytest.raises(AboveCeiling, match="--max-permission workspace-write"):
        refuse_landing(Ceiling(permission="read-only"))
