"""A run as its callers read it, of this machine or out of a bundle: with what its tasks brought, waited for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import msgspec

from forkjoin.engine.records.reader import RunReader
from forkjoin.errors import NoRoom
from forkjoin.model import RunView, TaskView

MAX_CHARS = 32_000


class TaskOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What `output` returns: `text` is the part from `offset`; `next_offset` None when there is no more.

    `status` is `success` (it has ended), `not_ready` (asked without waiting) or `timeout`.
    """

    status: Literal["success", "not_ready", "timeout"]
    task: TaskView
    text: str
    total_chars: int
    next_offset: int | None
    path: str


class KeptRun(RunReader, ABC):
    """One run, to be read and waited for. Methods raise UnknownId for tasks not in it."""

    @abstractmethod
    def wait(self, *, timeout: float | None = None, tasks: Sequence[str] = ()) -> RunView:
        """Return the run once it (or the named tasks) has ended; raise NoRoom after *timeout* seconds."""

    def output(
        self,
        task: str,
        *,
        mode: Literal["answer", "tail", "full"] = "answer",
        max_chars: int = MAX_CHARS,
        offset: int = 0,
        timeout: float | None = 30.0,
    ) -> TaskOutput:
        """Return a task's answer (or its raw output), waiting at most *timeout* s (0: not at all, None: for ever).

        Reading never consumes. `answer` of a task that has not ended is empty; `tail` and `full` read what is there;
        above 1 MiB of it they count in bytes, for only what is returned is read.
        """
        status: Literal["success", "not_ready", "timeout"] = "success"
        try:
            self.wait(timeout=timeout, tasks=[task])
        except NoRoom:
            status = "timeout" if timeout else "not_ready"
        found = self.task(task)
        part = self._part(found, mode, offset=offset, most=max(1, max_chars))
        return TaskOutput(
            status=status,
            task=found,
            text=part.text,
            total_chars=part.total,
            next_offset=part.end if part.end < part.total else None,
            path=str(self._attempt_folder(found) / "stdout.0000"),
        )

    def report_text(
        self, form: str = "markdown", *, most: int | None = None, merged: bool = False, whole: bool = False
    ) -> str:
        """Return the report in a format of `engine.FORMATS` with at most *most* findings (None: as many as suit it).

        *merged* makes one SARIF run of all tools; *whole*: with what the run's scope leaves out, too.
        """
        from forkjoin.engine.records.rendering import report_text

        return report_text(self, form, most=most, merged=merged, whole=whole)
