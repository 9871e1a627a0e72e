"""Files that several tasks changed though nothing ordered them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

from forkjoin.model import Clash, Edge, Finding, RunView, Task, TaskId, TaskView
from forkjoin.model.text import spelled

_TOLD = 20
_LOOKED_THROUGH = 100


def clashes(view: RunView, findings: Sequence[Finding] = ()) -> tuple[Clash, ...]:
    """Return the files that tasks changed side by side, in the order they were changed in, with what is said of each.

    At most one of those tasks' changes lands as it is.
    """
    by_path: dict[str, list[TaskId]] = {}
    for task in view.tasks:
        for change in task.changes.files:
            by_path.setdefault(change.path, []).append(task.id)
    behind, known = _behind(view.edges), {task.id: task.task for task in view.tasks}
    cited: dict[str, list[str]] = {}
    for finding in findings:
        cited.setdefault(finding.path, []).append(finding.id)
    return tuple(
        Clash(path=path, tasks=tuple(tasks), findings=tuple(cited.get(path, ())))
        for path, tasks in by_path.items()
        if _side_by_side(tasks, behind, known)
    )


def overlaps(found: Sequence[Clash], tasks: Sequence[TaskView] = ()) -> tuple[str, ...]:
    """Say each in words, at most 20; the rest is counted.

    What *tasks* changed at the same time while they ran, and no longer both at their ends, is told behind it.
    """
    passing = _passing(found, tasks)
    said = [
        f"{spelled(clash.path)} was changed by {' and '.join(clash.tasks)}, side by side: "
        "their changes may not land together"
        for clash in found[:_TOLD]
    ]
    said += [
        f"{path} was changed by {first} and {then} while both ran; at their ends one of them no longer has it changed"
        for path, first, then in passing[: _TOLD - len(said)]
    ]
    left = len(found) + len(passing) - _TOLD
    return (*said, f"{left} more files were changed side by side") if left > 0 else tuple(said)


def _passing(found: Sequence[Clash], tasks: Sequence[TaskView]) -> list[tuple[str, TaskId, TaskId]]:
    known = {clash.path for clash in found}
    numbers = {task.id: task.number for task in tasks}
    return [
        (spelled(path), task.id, met.task)
        for task in tasks
        for met in task.overlaps
        for path in met.paths
        if numbers.get(met.task, 0) > task.number and path not in known
    ]


def _behind(edges: Iterable[Edge]) -> dict[TaskId, list[TaskId]]:
    behind: dict[TaskId, list[TaskId]] = {}
    for edge in edges:
        behind.setdefault(edge.then, []).append(edge.first)
    return behind


def _side_by_side(tasks: Sequence[TaskId], behind: dict[TaskId, list[TaskId]], known: dict[TaskId, Task]) -> bool:
    """Whether any two of the tasks were not ordered, be it through others; alternatives never land together."""
    if len(tasks) < 2 or all(one in behind.get(other, ()) for one, other in pairwise(tasks)):
        return False
    if len(tasks) > _LOOKED_THROUGH:
        return True  # many that are no plain chain: who lies before whom is not worth the time it takes
    before = {task: _all_before(task, behind) for task in tasks}
    return any(
        one not in before[other] and other not in before[one] and not known[one].apart_from(known[other])
        for one, other in combinations(tasks, 2)
    )


def _all_before(task: TaskId, behind: dict[TaskId, list[TaskId]]) -> set[TaskId]:
    seen: set[TaskId] = set()
    waiting = [task]
    while waiting:
        for first in behind.get(waiting.pop(), ()):
            if first not in seen:
                seen.add(first)
                waiting.append(first)
    return seen
