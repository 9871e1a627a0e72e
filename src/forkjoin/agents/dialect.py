"""How we speak to an agent: argv and stdin in, events and answer out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from forkjoin.agents.said import Said
from forkjoin.model import Changes, Exit, Invocation, Limit, Outcome, Place, Task, Usage


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What of an agent was found on this machine. `how` says how it is logged in, "" where that does not apply."""

    found: bool
    version: str = ""
    path: str = ""
    how: str = ""
    hint: str = ""  # what to do where it was not found


@dataclass(frozen=True, kw_only=True)
class Site:
    """What an invocation is made for: the opened workspace, the brief as a file, a private scratch folder.

    `environ` is the caller's environment, without the markers of a surrounding agent and with forkjoin's own marks.
    `home` is a folder of the task's own, the same for all its attempts. `session` is what an earlier attempt said of
    its session: the agent goes on there, and the brief is what it is told now.
    `files` are the tree's files (relative POSIX paths, those git does not ignore); filled for agent `static` alone.
    """

    place: Place
    brief: str
    scratch: str
    environ: dict[str, str]
    home: str = ""
    session: str = ""
    files: tuple[str, ...] = ()
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class Ended:
    """All that is known of an ended attempt: its exit record, its kept output, and what a call returned.

    `place` is where it ran: absolute paths in its output are made relative to it. `stream` reads all of its kept stdout
    in lines, for agents that speak in a stream longer than the `stdout` that is handed over.
    """

    exit: Exit
    stdout: bytes = b""
    stderr: bytes = b""
    returned: object = None
    place: Place | None = None
    stream: Callable[[], Iterable[bytes]] | None = None
    attempt: int = 1

    def lines(self) -> Iterable[bytes]:
        """Return its stdout in lines (on LF only), all that was kept of it."""
        return self.stdout.split(b"\n") if self.stream is None else self.stream()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a dialect makes of an ended attempt, before the output contract and the changes are looked at.

    `value` is JSON bytes of a structured answer, b"" where there is none. `limit` is set where it failed because its
    provider takes no more requests for a time: it is tried again behind that. `walled` is what its own sandbox kept it
    from. `changes` and `exit` are for a recording: what was harvested, and how it ended, long ago; None: what is seen
    now counts.
    """

    outcome: Outcome
    answer: str = ""
    value: bytes = b""
    usage: Usage = field(default_factory=Usage)
    session: str = ""
    limit: Limit | None = None
    walled: tuple[str, ...] = ()
    changes: Changes | None = None
    exit: Exit | None = None


class Dialect(Protocol):
    """One agent. Pure but for `probe`: it starts nothing."""

    @property
    def name(self) -> str:
        """The word that plans use."""

    @property
    def answers(self) -> bool:
        """Whether an empty answer is a failure (agents that answer), or fine (`command`, `function`)."""

    def probe(self) -> Probe:
        """Look whether it is there."""

    def invocation(self, task: Task, site: Site) -> Invocation:
        """Return what to start; raise CannotHere or PlanError where that cannot be made."""

    def parse(self, line: bytes) -> Iterable[Said]:
        """Return what one line of its stdout says (a line is cut at 1 MiB)."""

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Say how it ended and what it answered."""
