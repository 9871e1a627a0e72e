"""An agent that answers what it was told to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forkjoin.agents import Action, EndedAttempt, Judgement, Probe, Said, Site
from forkjoin.model import Completed, Exit, Failed, Invocation, Outcome, Process, Stopped, Task, TaskId, TimedOut


@dataclass(kw_only=True)
class FakeDialect:
    """A `Dialect` that answers what it was told to, by task id: a text, or a whole `Judgement`.

    A task without a line in `script` answers with its stdout, or `default` where that is empty; an exit other than 0
    is a failure. `asked` counts what it was asked to invoke.
    """

    name: str = "fake"
    provider: str = ""
    answers: bool = True
    script: Mapping[str, str | Judgement] = field(default_factory=dict)
    default: str = "done"
    found: bool = True
    asked: list[TaskId] = field(default_factory=list)

    def probe(self) -> Probe:
        """Say that it is there, or not, as `found` has it."""
        return Probe(found=self.found, version="0", path=self.name, hint="" if self.found else f"install {self.name}")

    def invocation(self, task: Task, site: Site) -> Invocation:
        """Return a command line that names the task; a `ScriptedBackend` never runs it."""
        self.asked.append(task.id)
        return Process(argv=(self.name, task.id), cwd=site.place.cwd, env=site.environ, stdin=site.brief)

    def parse(self, line: bytes) -> Iterable[Said]:
        """Take each line for what it does now."""
        return (Action(text=line.decode(errors="replace").strip()),)

    def judge(self, task: Task, ended: EndedAttempt) -> Judgement:
        """Return what was scripted, where it ended well."""
        scripted = self.script.get(task.id)
        if isinstance(scripted, Judgement):
            return scripted
        outcome = _outcome(ended.exit)
        if not isinstance(outcome, Completed):
            return Judgement(outcome=outcome)
        return Judgement(outcome=outcome, answer=scripted or ended.stdout.decode(errors="replace") or self.default)


def _outcome(ended: Exit) -> Outcome:
    if ended.how in ("timeout", "idle"):
        return TimedOut(after_s=ended.wall_s)
    if ended.how in ("stopped", "lease"):
        return Stopped(reason=ended.reason or ended.how)
    if ended.how == "setup":
        return Failed(kind="setup", reason=ended.error)
    if ended.how in ("memory", "processes", "disk"):
        return Failed(kind="limit", reason=ended.reason or ended.how)
    return Completed() if ended.code == 0 else Failed(kind="exit", reason=f"exit code {ended.code}")
