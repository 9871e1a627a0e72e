"""Agent `command`: a plain program, or a shell line where one was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from forkjoin.agents.dialect import Ended, Judgement, Probe, Site
from forkjoin.agents.ending import ANSWER_BYTES, answer_text, ended_badly, exit_reason, one_line, usage_of
from forkjoin.agents.said import Action, Said
from forkjoin.errors import PlanError
from forkjoin.model import Completed, Failed, Outcome, Process, Task, spoken_size

BRIEF = "FORKJOIN_BRIEF"


class CommandDialect:
    """Its brief comes on stdin and as the file `$FORKJOIN_BRIEF`; its exit code decides, its stdout is the answer."""

    name = "command"
    answers = False

    def probe(self) -> Probe:
        """Say that it is always here: which program is meant stands in the task."""
        return Probe(found=True, path="/bin/sh", how="a program (command: [...]) or a shell line (shell: ...)")

    def invocation(self, task: Task, site: Site) -> Process:
        """Return the program as it is written in the task; raise PlanError where the task has none."""
        return Process(
            argv=_argv(task),
            cwd=site.place.cwd,
            env=site.environ | task.env | ({BRIEF: site.brief} if site.brief else {}),
            stdin=site.brief,
            timeout=task.timeout,
            idle_timeout=task.idle_timeout,
            memory=task.memory,
            processes=task.processes,
            disk=task.disk,
        )

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return the line itself, cleaned for the board."""
        said = one_line(line)
        return (Action(text=said),) if said else ()

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Completed where the exit code is one of `ok_exit`; the answer is what it printed, whole or not."""
        return Judgement(
            outcome=_outcome(task, ended),
            answer=answer_text(ended.stdout, ended.exit.stdout),
            usage=usage_of(ended.exit),
        )


def _argv(task: Task) -> tuple[str, ...]:
    if task.command:
        return tuple(task.command)
    if task.shell:
        return ("/bin/sh", "-c", task.shell)
    raise PlanError(
        "agent command has no program to run, only a text",
        where=task.id,
        next_step='write command: [program, argument], or shell: "a | b", or choose an agent that reads prompts',
    )


def _outcome(task: Task, ended: Ended) -> Outcome:
    badly = ended_badly(ended.exit)
    if badly is not None:
        return badly
    if ended.exit.code in task.ok_exit:
        return _too_long(task, ended) or Completed()
    return Failed(kind="exit", reason=exit_reason(ended.exit, ended.stderr))


def _too_long(task: Task, ended: Ended) -> Failed | None:
    """Return the failure of a structured answer that is longer than what is kept of one: a part proves nothing."""
    if task.output in ("text", "none") or ended.exit.stdout.bytes <= ANSWER_BYTES:
        return None
    size, most = spoken_size(ended.exit.stdout.bytes), spoken_size(ANSWER_BYTES)
    return Failed(kind="contract", reason=f"its answer is {size}, and at most {most} of a structured one is read")
