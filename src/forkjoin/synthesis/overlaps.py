"""Files that several tasks changed though nothing ordered them."""

from __future__ import annotations

from itertools import pairwise

from forkjoin.model import RunView, TaskId
from forkjoin.model.text import one_line

_MOST = 20


def overlaps(view: RunView) -> tuple[str, ...]:
    """Say which files were changed by tasks that nothing ordered: at most one of them lands as it is. At most 20."""
    ordered = {frozenset((edge.first, edge.then)) for edge in view.edges}
    by_path: dict[str, list[TaskId]] = {}
    for task in view.tasks:
        for change in task.changes.files:
            by_path.setdefault(change.path, []).append(task.id)
    return tuple(
        f"{one_line(path)} was changed by {' and '.join(tasks)}, side by side: their changes may not land together"
        for path, tasks in by_path.items()
        if not all(frozenset(pair) in ordered for pair in pairwise(tasks))
    )[:_MOST]
