"""Agent `replay`: plays a recorded attempt under a real shim, and lets the recorded agent's own dialect judge it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from forkjoin.agents import player
from forkjoin.agents.dialect import Dialect, Ended, Judgement, Probe, Site
from forkjoin.agents.ending import ended_badly, one_line
from forkjoin.agents.said import Action, Said
from forkjoin.model import Blocked, Changes, Failed, Lost, Outcome, Process, Skipped, Stopped, Task, Usage

_LONG_S = 7 * 86400.0
_MARKS = 200  # of one attempt: more would not be seen
_NOT_BY_DIALECT = ("workspace", "setup")  # failures that come before a program ends, or after it


@dataclass(frozen=True, kw_only=True)
class Played:
    """One recorded attempt: where its output lies, its rhythm (seconds, bytes so far), and how it was recorded.

    `ended` is what its dialect was given, None where it left no exit record: then *outcome* stands for it.
    """

    folder: str
    seconds: float
    marks: tuple[tuple[float, int], ...]
    outcome: Outcome
    answer: str
    value: bytes
    usage: Usage
    session: str
    changes: Changes
    ended: Ended | None


@dataclass(frozen=True, kw_only=True)
class ReplayDialect:
    """Speaks for one recorded task. *recorded* is the dialect of the agent that did it, None where it is not here."""

    name: str
    attempts: Sequence[Played]
    task: Task
    speed: float
    recorded: Dialect | None = None

    @property
    def answers(self) -> bool:
        """What it was of the recorded agent."""
        return self.recorded is not None and self.recorded.answers

    def probe(self) -> Probe:
        """Say that it is always here."""
        return Probe(found=True, how="a recording")

    def invocation(self, task: Task, site: Site) -> Process:
        """Return the player of the attempt that is as often tried as this one."""
        played = self._attempt(site.attempt)
        marks = played.marks[:: max(1, len(played.marks) // _MARKS)]
        said = ",".join(f"{at:.3f}:{until}" for at, until in marks)
        argv = (
            sys.executable,
            "-I",
            "-S",
            str(player.__file__),
            played.folder,
            str(self.speed),
            str(played.seconds),
            said,
        )
        return Process(argv=argv, cwd=site.scratch, env={}, timeout=_LONG_S)

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return what the recorded agent's dialect makes of a line."""
        if self.recorded is not None:
            return self.recorded.parse(line)
        said = one_line(line)
        return (Action(text=said),) if said else ()

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Return what the recorded agent's dialect makes of the played output and the recorded end."""
        bad = ended_badly(ended.exit)
        if bad is not None:
            return Judgement(outcome=bad)  # somebody stopped the replay
        if ended.exit.code:
            why = one_line(ended.stderr.strip()[-400:])
            return Judgement(outcome=Failed(kind="agent", reason=f"the recording could not be played: {why}"))
        played = self._attempt(ended.attempt)
        return self._judged(played, ended)

    def _judged(self, played: Played, ended: Ended) -> Judgement:
        if self.recorded is None or played.ended is None or _beyond(played.outcome):
            return Judgement(
                outcome=played.outcome, answer=played.answer, value=played.value, usage=played.usage,
                session=played.session, changes=played.changes,
            )  # fmt: skip
        given = replace(played.ended, stdout=ended.stdout, stderr=ended.stderr, stream=ended.stream)
        # How it ended then, and when it does now: a replay that is exported plays as its original does.
        exit_ = structs.replace(played.ended.exit, wall_s=ended.exit.wall_s, ended_at=ended.exit.ended_at)
        return replace(self.recorded.judge(self.task, given), changes=played.changes, exit=exit_)

    def _attempt(self, number: int) -> Played:
        """Return the recorded attempt of that number; a retry that was not recorded plays the last one again."""
        return self.attempts[min(number, len(self.attempts)) - 1]


def _beyond(outcome: Outcome) -> bool:
    """Whether something else than the dialect made this outcome of the attempt."""
    if isinstance(outcome, Failed):
        return outcome.kind in _NOT_BY_DIALECT
    return isinstance(outcome, Stopped | Skipped | Lost | Blocked)
