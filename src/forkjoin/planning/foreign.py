"""How the tasks of a run stand to the living tasks of other runs on the same repository."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from forkjoin.model import (
    Claim,
    Claims,
    ConflictKind,
    ForeignPair,
    LiveClaims,
    Other,
    Plan,
    Policy,
    RunId,
    Task,
    TaskId,
    Tree,
    to_json,
)
from forkjoin.model.text import spelled
from forkjoin.planning.relations import relations_between

MOST_PAIRS: Final = 50_000  # of tasks; above it a task waits for a whole run, not for its tasks one by one
_MOST_PATHS: Final = 3
_STRENGTH: Final[dict[ConflictKind, int]] = {"write-write": 0, "resource": 1, "write-read": 2, "unknown-writes": 3}
_META: Final = re.compile(r"([*?\[\]{}\\])")
_EVERY = TaskId("")


def live_claims(run: RunId, plan: Plan, claims: Sequence[Claims], *, subdir: str = "") -> tuple[LiveClaims, ...]:
    """Return what the tasks of a run claim among other runs, as seen from the top of the repository.

    A task claims where it writes something, holds a resource, or may write what nobody knows (a function: only where
    it says so). *subdir* is the tree's place in its repository.
    """
    tasks = {task.id: task for task in plan.tasks}
    mine = [one for one in claims if _claims(tasks[one.id], one)]
    head = _META.sub(r"\\\1", subdir) + "/" if subdir else ""
    if head or not _writable(mine):
        mine = [_seen_by_others(one, head) for one in mine]
    return tuple(LiveClaims(run=run, claims=one, resources=tuple(map(_whole, tasks[one.id].resources))) for one in mine)


def _writable(claims: Sequence[Claims]) -> bool:
    try:
        to_json(claims)
    except UnicodeEncodeError:
        return False
    return True


def _claims(task: Task, claims: Claims) -> bool:
    return bool(claims.writes or task.resources or not (claims.bounded or task.function))


def _seen_by_others(claims: Claims, head: str) -> Claims:
    def moved(rows: Iterable[Claim]) -> tuple[Claim, ...]:
        return tuple(replace(row, path=_whole(f"{head}{row.path}"), why=_whole(row.why)) for row in rows)

    return replace(claims, writes=moved(claims.writes), reads=moved(claims.reads))


def _whole(text: str) -> str:
    """Return *text* without half surrogates: as `?` in a path each stands for any character, never for none."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def foreign_pairs(
    ours: Sequence[LiveClaims], theirs: Sequence[LiveClaims], tree: Tree, *, policy: Policy, clonable: bool = True
) -> tuple[ForeignPair, ...]:
    """Return every task of *ours* with each of *theirs* that it is not independent of; near-linear in both.

    *tree* is named from the top of the repository. Who `waits` follows from the policy: under `trust` nobody, else
    those that write the same or hold the same resource, and everybody where no clone can be made (*clonable*).
    Unknown writes are a pair only where they matter: under `strict`, and where no clone can be made.
    """
    if not ours or not theirs:
        return ()
    relations = relations_between([one.claims for one in ours], [one.claims for one in theirs], tree)
    meetings = list(_resources(ours, theirs))
    for relation in relations.found:
        one, other = relations.keys[relation.a], relations.keys[relation.b]
        meetings.append(_Meeting("write-write", one.writers, other.writers, relation.witness))
        meetings.append(_Meeting("write-read", one.writers, other.readers, relation.witness))
        meetings.append(_Meeting("write-read", one.readers, other.writers, relation.witness))
    if policy == "strict" or not clonable:
        meetings += _unknown(ours, theirs)
    if not relations.complete:  # too much to compare: whoever writes may meet whoever writes
        meetings.append(_Meeting("unknown-writes", _writers(ours), _writers(theirs), ""))
    waiting: set[ConflictKind] = set()
    if policy != "trust":
        waiting |= {"write-write", "resource"} if clonable else set(_STRENGTH)
        waiting |= set() if relations.complete else {"unknown-writes"}
    return tuple(_pairs(_found(meetings, theirs), ours, waiting))


def others_of(pairs: Iterable[ForeignPair]) -> dict[TaskId, tuple[Other, ...]]:
    """Return for each task that waits the tasks of other runs it waits for."""
    found: dict[TaskId, list[Other]] = {}
    for pair in pairs:
        if pair.waits:
            other = Other(run=pair.run, task=pair.other, kind=pair.kind, paths=pair.paths)
            found.setdefault(pair.task, []).append(other)
    return {task: tuple(others) for task, others in found.items()}


class _Meeting(msgspec.Struct, frozen=True):
    """Each task of ours in `left` meets each of theirs in `right`."""

    kind: ConflictKind
    left: Sequence[int]
    right: Sequence[int]
    witness: str

    @property
    def size(self) -> int:
        return len(self.left) * len(self.right)


def _resources(ours: Sequence[LiveClaims], theirs: Sequence[LiveClaims]) -> Iterator[_Meeting]:
    left, right = _holders(ours), _holders(theirs)
    for name in left.keys() & right.keys():
        yield _Meeting("resource", left[name], right[name], name)


def _holders(rows: Sequence[LiveClaims]) -> dict[str, list[int]]:
    holders: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for name in dict.fromkeys(row.resources):
            holders.setdefault(name, []).append(number)
    return holders


def _unknown(ours: Sequence[LiveClaims], theirs: Sequence[LiveClaims]) -> Iterator[_Meeting]:
    left, right = ([n for n, row in enumerate(rows) if not row.claims.bounded] for rows in (ours, theirs))
    yield _Meeting("unknown-writes", left, _writers(theirs), "")
    yield _Meeting("unknown-writes", _writers(ours), right, "")


def _writers(rows: Sequence[LiveClaims]) -> list[int]:
    return [number for number, row in enumerate(rows) if row.claims.writes or not row.claims.bounded]


_Key: TypeAlias = tuple[int, RunId, TaskId]


def _found(meetings: Sequence[_Meeting], theirs: Sequence[LiveClaims]) -> dict[_Key, tuple[ConflictKind, list[str]]]:
    """Return who meets whom; of several reasons for one pair the strongest stays."""
    coarse = sum(meeting.size for meeting in meetings) > MOST_PAIRS
    found: dict[_Key, tuple[ConflictKind, list[str]]] = {}
    for meeting in sorted(meetings, key=lambda one: _STRENGTH[one.kind]):
        for key in _keys(meeting, theirs, coarse=coarse):
            kind, paths = found.setdefault(key, (meeting.kind, []))
            if kind == meeting.kind:
                _note(paths, meeting.witness)
    return found


def _keys(meeting: _Meeting, theirs: Sequence[LiveClaims], *, coarse: bool) -> Iterator[_Key]:
    named = dict.fromkeys((theirs[n].run, _EVERY if coarse else theirs[n].claims.id) for n in meeting.right)
    return ((number, run, other) for number in meeting.left for run, other in named)


def _note(paths: list[str], witness: str) -> None:
    if witness and len(paths) < _MOST_PATHS and witness not in paths:
        paths.append(witness)


def _pairs(
    found: Mapping[_Key, tuple[ConflictKind, list[str]]], ours: Sequence[LiveClaims], waiting: Collection[ConflictKind]
) -> Iterator[ForeignPair]:
    for (number, run, other), (kind, paths) in sorted(found.items()):
        yield ForeignPair(
            task=ours[number].claims.id,
            run=run,
            other=other,
            kind=kind,
            paths=tuple(paths),
            evidence=_said(
                kind, f"task {other} of run {run}" if other else f"run {run}", ", ".join(map(spelled, paths))
            ),
            waits=kind in waiting,
        )


def _said(kind: ConflictKind, who: str, what: str) -> str:
    match kind:
        case "resource":
            return f"{who} holds {what}, too"
        case "write-read":
            return f"one of it and {who} writes {what}, the other reads it"
        case "unknown-writes":
            return f"it cannot be told what one of it and {who} writes"
        case _:
            return f"{who} writes {what}, too"
