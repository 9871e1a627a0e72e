"""From a run to a report in the format somebody asks for, with what its tasks left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from forkjoin.journal import timeline
from forkjoin.model import TaskId, TaskView
from forkjoin.model.version import VERSION
from forkjoin.synthesis.renderers import RENDERERS, Detail, Given, rendered

if TYPE_CHECKING:
    from forkjoin.engine.records.reader import RunReader

_LOG_BYTES, _DIFF_CHARS = 6_000, 24_000
_DETAILED = 400  # tasks whose output and patch are read

EVERY = 10**9  # as `most`: leave none out
FORMATS = {name: renderer.about for name, renderer in RENDERERS.items()}


def report_text(
    run: RunReader, form: str, *, most: int | None = None, merged: bool = False, whole: bool = False
) -> str:
    """Return the run's report in a format of FORMATS, with at most *most* findings (None: as many as suit it)."""
    view = run.view()
    details: dict[TaskId, Detail] = {}
    if form == "html":
        details = {task.id: _detail(run, task) for task in view.tasks[:_DETAILED] if task.started is not None}
    given = Given(
        report=run.report(whole=whole),
        timeline=timeline(view),
        now=time.time(),
        tree=view.tree,
        version=VERSION,
        merged=merged,
        details=details,
    )
    return rendered(given, form, most=most)


def _detail(run: RunReader, task: TaskView) -> Detail:
    """Return what a task left; what cannot be read any more is left out, for the report does not stand on it."""
    log = diff = ""
    try:
        log = run.log(task.id, limit=_LOG_BYTES) or run.log(task.id, stream="stderr", limit=_LOG_BYTES)
        diff = run.diff(task.id, size=4 * _DIFF_CHARS).decode("utf-8", "replace")[: _DIFF_CHARS + 1]
    except OSError:
        pass
    return Detail(log=log, diff=diff, changes=task.changes.files)
