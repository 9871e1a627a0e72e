"""From all that a stream said to a judgement: the one rule for every agent that speaks in a stream.

Exit codes alone prove nothing: of four programs one exits with 0 on any error, one on an interrupt, three on a refused
tool, and one calls an error of its provider a success. So `completed` needs the agent's own word that it is over,
nothing refused, no error left standing, and an exit code of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from forkjoin.agents.dialect import Ended, Judgement
from forkjoin.agents.ending import ended_badly, exit_reason, usage_of
from forkjoin.agents.said import Action, Answered, Denied, Over, Said, Session, Spent, Trouble, Turn, Unknown
from forkjoin.agents.troubles import dated, limit_of
from forkjoin.errors import listed
from forkjoin.model import Completed, Failed, FailureKind, Outcome, Task, TimedOut, Usage, spoken
from forkjoin.model.usage import in_dollars, too_many_dollars

_Number = TypeVar("_Number", int, float)
_ANSWER_CHARS = 1_048_576  # of an answer; a longer one is cut there, and says so
_DENIALS = 5  # named in a reason
_SILENT = "until then nothing came from its model: an agent may try again in silence while its provider refuses"
_KINDS: dict[str, FailureKind] = {
    "login": "login", "quota": "quota", "rate": "rate", "overload": "rate", "turns": "limit", "budget": "limit",
    "other": "agent",
}  # fmt: skip


@dataclass(kw_only=True)
class Heard:
    """What a stream has said so far. `turns` counts answered requests; `usage` is tokens and dollars."""

    session: str = ""
    answer: str = ""
    value: bytes = b""
    usage: Usage | None = None
    denied: list[str] = field(default_factory=list)
    walled: list[str] = field(default_factory=list)
    trouble: Trouble | None = None
    over: bool = False
    acted: bool = False  # whether its model was heard of at all
    turns: int = 0
    unknown: int = 0
    summed: bool = False  # whether `usage` was added up from parts
    _message: str = ""

    def take(self, said: Said) -> None:
        """Fold one thing in."""
        match said:
            case Session(id=session):
                self.session = session
            case Answered():
                self._answered(said)
            case Spent(usage=usage, total=total):
                self.usage, self.summed = (usage, False) if total else (added(self.usage, usage), True)
            case Turn():
                self.turns, self.trouble = self.turns + 1, None
            case Denied():
                self._denied(said)
            case Trouble():
                self.trouble = said
            case Over():
                self.over = True
                self._recovered()
            case Unknown():
                self.unknown += 1
            case Action():
                self.acted = True

    def _recovered(self) -> None:
        """What the agent tried again by itself, and then went on, is no error."""
        if self.trouble is not None and self.trouble.retrying:
            self.trouble = None

    def _denied(self, said: Denied) -> None:
        known = self.walled if said.sandbox else self.denied
        known += [said.action] if said.action not in known else []

    def _answered(self, said: Answered) -> None:
        self._recovered()
        goes_on = bool(said.message) and said.message == self._message
        text = f"{self.answer}\n{said.text}" if goes_on and self.answer else said.text
        self.answer, self._message = text[:_ANSWER_CHARS], said.message
        self.value = said.value or self.value


def heard(lines: Iterable[bytes], parse: Callable[[bytes], Iterable[Said]]) -> Heard:
    """Return what the lines of a stream say, all together."""
    found = Heard()
    for line in lines:
        for said in parse(line):
            found.take(said)
    return found


def judged(ended: Ended, parse: Callable[[bytes], Iterable[Said]], *, program: str, allow: str) -> Judgement:
    """Return how an attempt of *program* ended; *allow* says how to permit what was refused.

    The answer, the session and what was spent are kept whatever the outcome.
    """
    found = heard(ended.lines(), parse)
    if found.trouble is not None and ended.exit.ended_at:
        found.trouble = dated(found.trouble, now=ended.exit.ended_at)
    badly = ended_badly(ended.exit)
    return Judgement(
        outcome=_outcome(found, ended, badly, program=program, allow=allow),
        limit=limit_of(found.trouble) if badly is None and found.trouble is not None else None,
        answer=found.answer,
        value=found.value,
        usage=_usage(found, ended),
        session=found.session,
        walled=tuple(found.walled),
    )


@dataclass(kw_only=True)
class Meter:
    """What an agent that runs has used so far, against the caps of its task that its program does not hold itself.

    `before` is the part of its sums that an earlier attempt has used. `waits` counts how often it said that it waits
    before it asks its provider again.
    """

    turns: int = 0
    usage: Usage | None = None
    waits: int = 0
    before: Usage | None = None

    def take(self, said: Said) -> None:
        """Count one thing in."""
        match said:
            case Turn():
                self.turns += 1
            case Spent(usage=usage, total=total):
                self.usage = less(usage, self.before) if total else added(self.usage, usage)
            case Trouble(retrying=True, delay_s=float()):
                self.waits += 1
            case _:
                pass

    def over(self, task: Task) -> str:
        """Return which cap of *task* is reached, and with what; "" where none is."""
        if task.max_turns is not None and self.turns > task.max_turns:
            return f"it took more than {task.max_turns} turns; for more: max_turns: N"
        if task.budget is None:
            return ""
        used = self.usage or Usage()
        tokens = (used.input_tokens or 0) + (used.output_tokens or 0)
        if task.budget.tokens is not None and tokens > task.budget.tokens:
            return f"it used {tokens:,} tokens of {task.budget.tokens:,}; for more: budget: {{tokens: N}}"
        if task.budget.usd is not None and too_many_dollars(used.usd or 0.0, task.budget.usd):
            return (
                f"it spent {in_dollars(used.usd or 0.0)} of {in_dollars(task.budget.usd)}; for more: budget: {{usd: N}}"
            )
        return ""


def added(first: Usage | None, second: Usage) -> Usage:
    """Return the sum of two usages (None: nothing yet); what is not known of one is not known of the sum."""
    if first is None:
        return second
    return msgspec.structs.replace(
        first,
        input_tokens=_sum(first.input_tokens, second.input_tokens),
        output_tokens=_sum(first.output_tokens, second.output_tokens),
        usd=_sum(first.usd, second.usd),
    )


def less(usage: Usage, before: Usage | None) -> Usage:
    """Return *usage* without the tokens and dollars of *before*; what is not known stays so."""
    if before is None:
        return usage
    return msgspec.structs.replace(
        usage,
        input_tokens=_less(usage.input_tokens, before.input_tokens),
        output_tokens=_less(usage.output_tokens, before.output_tokens),
        usd=_less(usage.usd, before.usd),
    )


def reason(trouble: Trouble) -> str:
    """Return an error in the words of a record, with what to do about it."""
    todo = {
        "login": "; log in with the agent's own program, then: forkjoin retry",
        "quota": "; more when it is reset or paid for, then: forkjoin retry",
        "rate": "; the provider allows no more requests now, try later or with a smaller -j: forkjoin retry",
        "overload": "; the provider could not serve it now: forkjoin retry",
    }
    return trouble.message + _passes(trouble) + todo.get(trouble.kind, "")


def _passes(trouble: Trouble) -> str:
    """Say when an error passes, where its provider said so."""
    if trouble.resets_at is not None:
        return f" (until {datetime.fromtimestamp(trouble.resets_at, UTC):%Y-%m-%d %H:%M} UTC)"
    return f" (for {spoken(trouble.after_s)})" if trouble.after_s is not None else ""


def _outcome(found: Heard, ended: Ended, badly: Outcome | None, *, program: str, allow: str) -> Outcome:
    if badly is not None:
        return _explained(badly, found)
    if found.trouble is not None:
        return Failed(kind=_KINDS[found.trouble.kind], reason=reason(found.trouble))
    if found.denied:
        denied = listed(found.denied, _DENIALS, between="; ")
        return Failed(kind="permission", reason=f"it was not allowed to: {denied}; {allow}")
    if ended.exit.code:
        return Failed(kind="exit", reason=exit_reason(ended.exit, ended.stderr, program=program))
    if not found.over:
        said = exit_reason(ended.exit, ended.stderr, program=program)
        return Failed(kind="agent", reason=f"its output stops before it says that it has finished ({said})")
    return Completed()


def _explained(badly: Outcome, found: Heard) -> Outcome:
    """Add to a deadline that passed what the agent was waiting for: two programs retry in silence for minutes."""
    if found.trouble is not None and hasattr(badly, "reason"):
        return msgspec.structs.replace(badly, reason=f"{badly.reason}; its last error: {found.trouble.message}")
    if isinstance(badly, TimedOut) and not (found.acted or found.turns or found.answer):
        return msgspec.structs.replace(badly, reason=f"{badly.reason}; {_SILENT}")
    return badly


def _usage(found: Heard, ended: Ended) -> Usage:
    """Return what it used; sums over a stream of which a part was not kept are not known."""
    usage = usage_of(ended.exit)
    if found.summed and ended.exit.stdout.cut:
        return usage
    if found.usage is None:
        return usage
    return msgspec.structs.replace(
        usage,
        input_tokens=found.usage.input_tokens,
        output_tokens=found.usage.output_tokens,
        usd=found.usage.usd,
    )


def _less(now: _Number | None, before: _Number | None) -> _Number | None:
    return None if now is None else max(0 * now, now - (before or 0))


def _sum(first: _Number | None, second: _Number | None) -> _Number | None:
    return None if first is None or second is None else first + second
