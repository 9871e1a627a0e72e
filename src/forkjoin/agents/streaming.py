"""A coding agent that speaks in JSON lines: what is the same for each, whatever its words are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, TypeAlias

from forkjoin.agents.coding import Coding, allowing
from forkjoin.agents.dialect import Ended, Judgement, Probe
from forkjoin.agents.hearing import judged
from forkjoin.agents.records import Record, record, text_at
from forkjoin.agents.said import Said, Unknown
from forkjoin.model import Permission, Task

Reader: TypeAlias = Callable[[Record], Iterable[Said]]


class StreamDialect:
    """Base of the dialects of coding agents: `readers` say what a line of each `type` means."""

    name: ClassVar[str]
    answers = True
    coding: ClassVar[Coding]
    readers: ClassVar[Mapping[str, Reader]]
    permits: ClassVar[Mapping[Permission, str]]  # what each permission is for its program, in words
    reopens: ClassVar[tuple[str, ...]]  # behind these words its program takes a session that a person goes on with
    whole_session: ClassVar[bool] = False  # whether, asked to go on, it says what its whole session has used
    holds_dollars: ClassVar[bool] = False  # whether its program keeps to a budget in dollars, and says them at its end

    def probe(self) -> Probe:
        """Look for its program, and for how it is logged in."""
        return self.coding.probe()

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return what a line says; one that nobody understands is counted."""
        found = record(line)
        if found is None:
            return (Unknown(),) if line.strip() else ()
        kind = text_at(found, "type")
        reader = self.readers.get(kind)
        return (Unknown(kind=kind),) if reader is None else reader(found)

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Say how it ended."""
        return judged(ended, self.parse, program=self.coding.program, allow=allowing(task.may))

    def terminal(self, session: str, home: str) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the program that shows a session to a person, and variables it needs; *home* as `Site` has it."""
        del home
        return (self.coding.program, *self.reopens, session), {}


def nothing(found: Record) -> Iterable[Said]:
    """Read a line that is known and says nothing we need."""
    del found
    return ()
