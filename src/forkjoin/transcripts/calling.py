"""Calls of tools and their results, put together by the id of the call: what every transcript has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from forkjoin.transcripts.acts import Accepted, Act, Fetched, Launched, Returned, Told
from forkjoin.transcripts.tools import Call, called

_NOT_YET = re.compile(r"not_ready|<status>\s*running|still running|timed_out\W{1,4}true|>timeout<", re.IGNORECASE)
_HANDLE = re.compile(r"(?:agent_?id|task_?id|ID|shell)\W{1,4}([\w-]{4,})", re.IGNORECASE)
_FILE = re.compile(r"(/[^\s\"'<>]+\.output)\b")


@dataclass(kw_only=True)
class Calls:
    """Calls that were made and not yet answered."""

    _launched: dict[str, tuple[Launched, ...]] = field(default_factory=dict)
    _fetched: dict[str, Fetched] = field(default_factory=dict)

    def made(self, call: Call) -> Iterator[Act]:
        """Yield what *call* means."""
        acts = tuple(called(call))
        if launched := tuple(act for act in acts if isinstance(act, Launched)):
            self._launched[call.id] = launched
        for act in acts:
            if isinstance(act, Fetched):
                self._fetched[call.id] = act
        yield from acts

    def answered(
        self, call: str, said: str, *, at: float | None = None, seconds: float | None = None,
        handles: Sequence[str] = (), owner: str = "",
    ) -> Iterator[Act]:  # fmt: skip
        """Yield what the result of a call means; *handles* where a launch only began in the background."""
        if launched := self._launched.pop(call, ()):
            for one in launched:
                yield from _launch_answered(one, said, at=at, seconds=seconds, handles=handles)
        elif fetched := self._fetched.pop(call, None):
            if not fetched.stopped:
                over = not _NOT_YET.search(said)
                yield Fetched(names=fetched.names or (said,), text=said, over=over, at=at)
        elif not owner:
            yield Told(text=said)


def _launch_answered(
    launched: Launched, said: str, *, at: float | None, seconds: float | None, handles: Sequence[str]
) -> Iterator[Act]:
    if handles or launched.background:
        found = (*handles, *_HANDLE.findall(said[:2_000]), *_FILE.findall(said[:2_000]))
        yield Accepted(call=launched.call, handles=tuple(dict.fromkeys(one for one in found if one)))
    else:
        yield Returned(call=launched.call, text=said, at=at, seconds=seconds)
