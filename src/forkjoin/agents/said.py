"""What an agent's output says while it works: one class a case; a dialect reads them out of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from forkjoin.model import Usage

# `login` needs a person, `quota` is used up until a time or until somebody pays, `rate` and `overload` pass by
# themselves, `turns` and `budget` are caps that the caller set, `other` is all else that the agent calls an error.
TroubleKind: TypeAlias = Literal["login", "quota", "rate", "overload", "turns", "budget", "other"]


@dataclass(frozen=True, kw_only=True)
class Action:
    """What it does now, in a line for the board."""

    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Session:
    """The id under which the agent can be asked to go on."""

    id: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Text that stands as the answer until another message does; parts of one `message` ("" = its own) belong together.

    `value` is JSON bytes of a structured answer.
    """

    text: str
    value: bytes = b""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Tokens and dollars: of one request to the model, or (`total`) of all so far, which replaces what was added up."""

    usage: Usage
    total: bool = False


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One request to the model was answered."""


@dataclass(frozen=True, kw_only=True)
class Denied:
    """A tool was refused; `action` names it and what it was to do.

    By its own `sandbox`, in the middle of what it did, that fails its task only where it then changed nothing.
    """

    action: str
    sandbox: bool = False


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """An error the agent met. While `retrying` it goes on by itself.

    `after_s` is how long to wait, `resets_at` (Unix time) when it passes; `delay_s` is how long the agent itself waits
    before it asks again. None where it did not say.
    """

    kind: TroubleKind
    message: str
    retrying: bool = False
    after_s: float | None = None
    resets_at: float | None = None
    delay_s: float | None = None


# Of an answer that its model was not let say to its end, though its program calls that one, too.
CUT_OFF = Trouble(kind="other", message="its answer was cut off: its model may say no more at once")


@dataclass(frozen=True, kw_only=True)
class Over:
    """The agent says that its work has come to its own end."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A line that nobody here understands: counted, never an error."""

    kind: str = ""


Said: TypeAlias = Action | Session | Answered | Spent | Turn | Denied | Trouble | Over | Unknown
