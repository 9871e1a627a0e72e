"""Agent `sarif`: takes in what another tool has found, from its SARIF file."""

from __future__ import annotations

from collections.abc import Iterable

from forkjoin.agents.dialect import Ended, Judgement, Probe, Site
from forkjoin.agents.ending import ended_badly, exit_reason, usage_of, was_cut
from forkjoin.agents.said import Said
from forkjoin.errors import PlanError
from forkjoin.model import Completed, Failed, Process, Task

_BOM = b"\xef\xbb\xbf"  # some tools begin their file with it


class SarifDialect:
    """The task's text is the file (absolute); its content is the value, as it was when the task ran."""

    name = "sarif"
    answers = False

    def probe(self) -> Probe:
        """Say that it is always here: it reads a file."""
        return Probe(found=True, how="a SARIF file of another tool: review --sarif-in FILE")

    def invocation(self, task: Task, site: Site) -> Process:
        """Return what prints the file; raise PlanError where the task names none."""
        if not task.task.strip():
            raise PlanError("agent sarif has no file to read", where=task.id, next_step="write its path as the task")
        return Process(
            argv=("cat", "--", task.task),
            cwd=site.place.cwd,
            env=site.environ,
            timeout=task.timeout,
            idle_timeout=task.idle_timeout,
            memory=task.memory,
            processes=task.processes,
            disk=task.disk,
        )

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return nothing: the file is data, not progress."""
        del line
        return ()

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Completed where the file was read to its end; what it says is read when findings are joined."""
        del task
        usage = usage_of(ended.exit)
        badly = ended_badly(ended.exit)
        if badly is None and ended.exit.code:
            badly = Failed(kind="exit", reason=exit_reason(ended.exit, ended.stderr))
        if badly is None and was_cut(ended.stdout, ended.exit.stdout):
            badly = Failed(kind="parse", reason=f"the file was cut at {len(ended.stdout)} bytes")
        if badly is not None:
            return Judgement(outcome=badly, usage=usage)
        return Judgement(outcome=Completed(), value=ended.stdout.removeprefix(_BOM), usage=usage)
