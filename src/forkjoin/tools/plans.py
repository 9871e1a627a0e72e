"""From what a caller of the tools wrote to a plan's own words. Pure: names are changed, nothing is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from forkjoin.errors import PlanError

_OF_PLAN: Final = ("name", "goal", "agent", "policy", "max_parallel", "fail_fast", "gate")
_OF_ONE: Final = ("description", "prompt", "subagent_type", "model", "isolation")
_NAMES: Final = MappingProxyType({"prompt": "task", "depends_on": "after"})
# Kinds of subagents that Claude Code brings: they say no role, and some of them only look.
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({
    "general-purpose": {}, "explore": {"writes": []}, "plan": {"writes": []},
})  # fmt: skip
_ISOLATION: Final = MappingProxyType({"none": "auto", "worktree": "clone"})


def plan_value(arguments: Mapping[str, Any], *, is_agent: Callable[[str], bool]) -> dict[str, Any]:
    """Return the plan, as a plan file would say it; *is_agent* says whether a task may name that one."""
    tasks = list(arguments.get("tasks") or ())
    single = {key: arguments[key] for key in _OF_ONE if arguments.get(key)}
    if tasks and single:
        raise PlanError(f"{', '.join(single)} beside tasks", where="Task", next_step="put all of them into tasks")
    if single:
        tasks = [single]
    if not tasks:
        raise PlanError("there are no tasks", next_step="give all of them in one list: tasks: [{prompt: ...}, ...]")
    whole = {key: arguments[key] for key in _OF_PLAN if arguments.get(key)}
    if arguments.get("budget_usd") is not None:
        whole["budget"] = {"usd": arguments["budget_usd"]}
    return {**whole, "tasks": [_task(task, is_agent) for task in tasks]}


def _task(given: Mapping[str, Any], is_agent: Callable[[str], bool]) -> dict[str, Any]:
    task = {_NAMES.get(key, key): value for key, value in given.items() if key not in ("run_in_background", "name")}
    if given.get("name") and not given.get("id"):
        task["id"] = re.sub(r"[^A-Za-z0-9_-]+", "-", str(given["name"])).strip("-")[:40] or "task"
    if isinstance(files := task.pop("files", None), dict):
        task = {**{key: files[key] for key in ("reads", "writes") if key in files}, **task}
    elif files is not None:
        task["files"] = files
    if isinstance(task.get("isolation"), str):
        task["isolation"] = _ISOLATION.get(task["isolation"], task["isolation"])
    return _of_kind(task, str(task.pop("subagent_type", "")), is_agent)


def _of_kind(task: dict[str, Any], kind: str, is_agent: Callable[[str], bool]) -> dict[str, Any]:
    """A kind of subagent is an agent of ours, one that Claude Code brings, or else the role that is played."""
    if not kind:
        return task
    if is_agent(kind):
        return {"agent": kind, **task}
    if kind.lower() in _KINDS:
        return {**_KINDS[kind.lower()], **task}
    return {"role": kind, **task}
