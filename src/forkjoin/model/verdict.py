"""What is known about the independence of tasks."""

from __future__ import annotations

from typing import Literal

from forkjoin.model.base import RunId, TaskId, Value
from forkjoin.model.estimate import Estimate
from forkjoin.model.plan import Edge

ConflictKind = Literal["write-write", "write-read", "output", "resource", "after", "unknown-writes"]


class Claim(Value, frozen=True, kw_only=True):
    """A path or glob that a task reads or writes, why we think so, and how sure (0 to 1)."""

    path: str
    why: str
    confidence: float


class Claims(Value, frozen=True, kw_only=True):
    """All claims of one task; `bounded` is false where what it writes cannot be told."""

    id: TaskId
    writes: tuple[Claim, ...]
    reads: tuple[Claim, ...]
    bounded: bool


class Pair(Value, frozen=True, kw_only=True):
    """A pair of tasks that is not independent. `first` is the one that goes first, where they are ordered."""

    a: TaskId
    b: TaskId
    first: TaskId
    verdict: Literal["conflict", "unknown"]
    kind: ConflictKind
    paths: tuple[str, ...]
    evidence: str
    remedy: str


class LiveClaims(Value, frozen=True, kw_only=True):
    """What a task of a living run claims, as other runs of its repository see it.

    Paths are relative to the repository's top. Of two claims the one with the lower `seq` is the older one.
    """

    run: RunId
    claims: Claims
    resources: tuple[str, ...] = ()
    seq: int = 0


class ForeignPair(Value, frozen=True, kw_only=True):
    """A task of this run and a living one of another run (`other` empty: any of its tasks) that are not independent.

    `waits` says whether the policy lets `task` wait until the other one has ended.
    """

    task: TaskId
    run: RunId
    other: TaskId
    kind: ConflictKind
    paths: tuple[str, ...]
    evidence: str
    waits: bool


class Check(Value, frozen=True, kw_only=True):
    """The verdicts of a plan and what its policy makes of them.

    `edges` is the order that will be kept; `waves` is for display; `advice` says when parallel is the wrong tool.
    `others` is how its tasks stood to those of other living runs at that moment. `ideal_speedup` is the sum of the
    estimates over the longest chain of them, with as many slots as tasks; `estimates` are those that past runs gave.
    """

    tasks: tuple[Claims, ...]
    pairs: tuple[Pair, ...]
    pairs_left_out: int
    unknown: tuple[TaskId, ...]
    edges: tuple[Edge, ...]
    waves: tuple[tuple[TaskId, ...], ...]
    ideal_speedup: float
    advice: tuple[str, ...] = ()
    others: tuple[ForeignPair, ...] = ()
    estimates: tuple[Estimate, ...] = ()
