"""What a renderer is given: values in, text out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from forkjoin.model import Change, Report, TaskId, Timeline


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of one task beside its summary: the end of its output, its changes, and their patch."""

    log: str = ""
    diff: str = ""
    changes: tuple[Change, ...] = ()


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A report and what belongs to it.

    `now` (Unix seconds) ends what still runs. `tree` is the absolute path that findings are relative to, "" to name no
    place. `most` findings are told in full (None: all); a report that was cut to them says how many it leaves out.
    `merged` asks for one SARIF run where there would be one for each tool. `details` need not name every task.
    """

    report: Report
    timeline: Timeline | None = None
    now: float = 0.0
    tree: str = ""
    version: str = ""
    most: int | None = None
    merged: bool = False
    details: Mapping[TaskId, Detail] = {}
