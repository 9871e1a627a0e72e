"""Valid plans, tasks and trees in one line."""

from __future__ import annotations

from typing import Any

from forkjoin.model import Plan, RunId, RunView, Task, TaskId, TaskView, Tree


def a_task(id: str = "a", **changes: Any) -> Task:  # noqa: A002 - the plan's own word for it
    """Return a valid task with that id; *changes* are fields of `Task`."""
    return Task(**{"id": TaskId(id), "description": f"Do {id}", "task": f"Do what {id} asks.", **changes})


def a_plan(*tasks: Task | str, **changes: Any) -> Plan:
    """Return a plan of *tasks* (a word stands for `a_task` of that id); one task where none is given."""
    given = tuple(a_task(task) if isinstance(task, str) else task for task in tasks)
    return Plan(**{"name": "test", "tasks": given or (a_task(),), **changes})


def a_tree(*files: str, **changes: Any) -> Tree:
    """Return a tree that holds *files*, outside git, at a root that need not exist."""
    return Tree(**{"root": "/tree", "files": tuple(sorted(files)), "total_bytes": len(files), **changes})


def a_view(*tasks: TaskView, **changes: Any) -> RunView:
    """Return the view of a run of *tasks* that has completed; *changes* are fields of `RunView`."""
    given = {"run": RunId("r"), "name": "test", "goal": "", "state": "completed", "started": 0.0, "ended": 1.0}
    places = {"tree": "/tree", "repository": "/tree", "edges": (), "seq": 1}
    return RunView(**{"tasks": tasks, **given, **places, **changes})
