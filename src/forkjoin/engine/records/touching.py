"""Who has to do with a file: who changed it, who said or was found to write or read it, and how these were ordered."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Literal

from forkjoin.engine.records.reader import RunReader
from forkjoin.model import Claim, Claims, Edge, HowChanged, TaskId, Value
from forkjoin.planning import covering


class Touch(Value, frozen=True, kw_only=True):
    """One task and a file. `how` is what it did to it ("" where it only claimed it), `why` where the claim is from."""

    task: TaskId
    kind: Literal["changed", "writes", "reads"]
    how: HowChanged | Literal[""] = ""
    claim: str = ""
    why: str = ""


class Touched(Value, frozen=True, kw_only=True):
    """All that a run knows of a file; `order` are the edges between tasks that have to do with it."""

    path: str
    touches: tuple[Touch, ...]
    order: tuple[Edge, ...]


def touched(run: RunReader, path: str) -> Touched:
    """Return who has to do with *path* (absolute, or relative to the run's tree); nobody is an answer too."""
    view = run.view()
    path = posixpath.normpath(path)
    path = posixpath.relpath(path, view.tree) if path.startswith("/") else path
    found = [
        Touch(task=task.id, kind="changed", how=change.how)
        for task in view.tasks
        for change in task.changes.files
        if change.path == path
    ]
    for claims in run.planned.claims:
        found += _claimed(claims, path)
    tasks = {touch.task for touch in found}
    order = tuple(edge for edge in view.edges if edge.first in tasks and edge.then in tasks)
    return Touched(path=path, touches=tuple(found), order=order)


def _claimed(claims: Claims, path: str) -> Iterator[Touch]:
    """Yield what the plan knew of the task and the file; of several reasons the first."""
    sides: tuple[tuple[Literal["writes", "reads"], tuple[Claim, ...]], ...] = (
        ("writes", claims.writes),
        ("reads", claims.reads),
    )
    for kind, listed in sides:
        claim = next((one for one in listed if covering([one.path])(path)), None)
        if claim is not None:
            yield Touch(task=claims.id, kind=kind, claim=claim.path, why=claim.why)
