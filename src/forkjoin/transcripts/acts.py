"""What happens in a transcript, whichever agent wrote it: one class a case.

`owner` is the call that launched who acts, "" for the session itself. `at` is in seconds since the epoch, None where
the transcript tells no times. Lines count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class Launched:
    """An agent was asked to do something; calls of one `message` were made at once."""

    call: str
    message: str
    prompt: str
    description: str = ""
    role: str = ""
    agent: str = ""
    tool: str = ""
    background: bool = False
    owner: str = ""
    at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Began:
    """A call was started: some agents make the calls of one message one after another."""

    call: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """A call that was started has ended; its result is told later."""

    call: str


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A launch in the background was answered by names to fetch its result by."""

    call: str
    handles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A launch was answered by its result."""

    call: str
    text: str
    at: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """Something names launches of before: by the calls themselves, by their handles, or in its text.

    `over`: it says that they have ended; `stopped`: it ends them unread.
    """

    names: tuple[str, ...]
    text: str = ""
    over: bool = False
    stopped: bool = False
    at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A file was read or written."""

    path: str
    wrote: bool
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Words that are known from here on; `user`: a person said them."""

    text: str
    user: bool = False


@dataclass(frozen=True, kw_only=True)
class Worked:
    """The caller did something of its own; where *names* speak of a launch of before, it was to fetch its result."""

    names: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The session has a name, by which a launch in another file may know it."""

    session: str


@dataclass(frozen=True, kw_only=True)
class Stood:
    """Whether the stream says that all was said: one that was cut says nothing of what would have come."""

    whole: bool


Act: TypeAlias = Launched | Began | Done | Accepted | Returned | Fetched | Touched | Told | Worked | Begun | Stood


@dataclass(kw_only=True)
class Job:
    """One launch and what became of it; `needs` are the calls of before whose results its prompt speaks of.

    `named` are the paths that its prompt names.
    """

    launched: Launched
    line: int
    named: frozenset[str] = frozenset()
    handles: tuple[str, ...] = ()
    began_line: int | None = None
    ended_line: int | None = None
    ended_at: float | None = None
    fetched_line: int | None = None
    background: bool = False
    taken: float | None = None
    words: frozenset[str] = frozenset()
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    broken: bool = False

    @property
    def seconds(self) -> float | None:
        """Return how long it took; None where that is not told."""
        if self.taken is not None:
            return self.taken
        if self.launched.at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.launched.at)
