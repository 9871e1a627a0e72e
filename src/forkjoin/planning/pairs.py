"""The pairs of tasks that are not independent, with evidence and remedy: at most 10,000, the rest counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

import msgspec

from forkjoin.model import ConflictKind, Pair, Plan, TaskId
from forkjoin.model.text import spelled
from forkjoin.planning.meetings import Facts, Meeting
from forkjoin.planning.ordering import Ordering, afters

MAX_PAIRS: Final = 10_000
_MAX_LOOKED_AT: Final = 100_000
_ORDER: Final = ("output", "write-write", "resource", "write-read")


class _Found(msgspec.Struct):
    kind: ConflictKind
    a: int
    b: int
    paths: list[str] = []
    meeting: Meeting | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The listed pairs, and how many more there are; `exact` false: at least that many."""

    pairs: tuple[Pair, ...]
    left_out: int
    exact: bool


def listing_of(plan: Plan, facts: Facts, unknown: frozenset[int], ordering: Ordering) -> Listing:
    """Return the pairs of a plan, the strongest kinds first."""
    count = len(plan.tasks)
    found: dict[int, _Found] = {}
    exact, most = True, 0
    for looked_at, (kind, a, b, meeting) in enumerate(_met(plan, facts)):
        if looked_at > _MAX_LOOKED_AT:
            exact = False
            break
        code = min(a, b) * count + max(a, b)
        row = found.get(code)
        if row is None:
            row = found[code] = _Found(kind, a, b, [], meeting)
        if meeting and row.kind == kind and len(row.paths) < 5 and meeting.witness not in row.paths:
            row.paths.append(meeting.witness)
    if not exact:
        largest = sorted(facts.meetings, key=lambda m: len(m.left) * len(m.right))[-20:]
        most = max(map(_pairs_in, largest), default=0)
        exact = len(facts.meetings) == 1 and not any(task.after for task in plan.tasks)
    total = max(len(found), most)
    for a, b in _unknown_pairs(count, unknown):
        if len(found) >= MAX_PAIRS:
            break
        found.setdefault(a * count + b, _Found("unknown-writes", a, b))
    total += _unknown_count(count, unknown) - sum(
        1 for row in found.values() if row.kind != "unknown-writes" and (row.a in unknown or row.b in unknown)
    )
    rows = list(found.values())[:MAX_PAIRS]
    pairs = tuple(_pair(plan, row, unknown, ordering) for row in rows)
    return Listing(pairs=pairs, left_out=max(0, total - len(pairs)), exact=exact)


def _met(plan: Plan, facts: Facts) -> Iterator[tuple[ConflictKind, int, int, Meeting | None]]:
    for first, then in afters(plan):
        yield "after", first, then, None
    for kind in _ORDER:
        for meeting in facts.meetings:
            if meeting.kind == kind:
                yield from _across(meeting)


def _across(meeting: Meeting) -> Iterator[tuple[ConflictKind, int, int, Meeting | None]]:
    for at, a in enumerate(meeting.left):
        for b in islice(meeting.right, at + 1 if meeting.alike else 0, None):
            if a != b and b not in meeting.but:
                yield meeting.kind, a, b, meeting


def _pairs_in(meeting: Meeting) -> int:
    if meeting.alike:
        return len(meeting.left) * (len(meeting.left) - 1) // 2
    right = len(meeting.right) - len(meeting.but)
    shared = len(set(meeting.left).intersection(meeting.right) - meeting.but)
    return len(meeting.left) * right - shared * (shared + 1) // 2


def _unknown_pairs(count: int, unknown: frozenset[int]) -> Iterator[tuple[int, int]]:
    for a in range(count):
        if a in unknown:
            yield from ((a, b) for b in range(a + 1, count))
        else:
            yield from ((a, b) for b in sorted(unknown) if b > a)


def _unknown_count(count: int, unknown: frozenset[int]) -> int:
    known = count - len(unknown)
    return count * (count - 1) // 2 - known * (known - 1) // 2


def _pair(plan: Plan, row: _Found, unknown: frozenset[int], ordering: Ordering) -> Pair:
    first, then = sorted((row.a, row.b), key=ordering.rank.__getitem__)
    a, b = sorted((row.a, row.b))
    names = plan.tasks[first].id, plan.tasks[then].id
    ordered = (
        row.kind == "after" or row.kind in ordering.orders or (row.kind == "unknown-writes" and ordering.orders_unknown)
    )
    verdict: Literal["conflict", "unknown"] = "unknown" if row.kind == "unknown-writes" else "conflict"
    in_ring = row.kind == "output" and row.a in ordering.ring and row.b in ordering.ring
    evidence, remedy = _words(plan, row, names, unknown)
    if plan.policy == "strict":
        remedy = _unordered(plan, row, remedy)
    if in_ring:
        evidence += "; both need what the other makes, so the plan's order decides"
    if row.kind == "write-read" and not ordered and plan.policy != "strict":
        evidence += "; each works on its own snapshot, so they run side by side"
    return Pair(
        a=plan.tasks[a].id,
        b=plan.tasks[b].id,
        first=plan.tasks[first].id if ordered else TaskId(""),
        verdict=verdict,
        kind=row.kind,
        paths=tuple(row.paths),
        evidence=evidence,
        remedy=remedy,
    )


def _words(plan: Plan, row: _Found, names: tuple[TaskId, TaskId], unknown: frozenset[int]) -> tuple[str, str]:
    first, then = names
    paths = ", ".join(map(spelled, row.paths))
    meeting = row.meeting
    left, right = (plan.tasks[row.a].id, plan.tasks[row.b].id)
    keys = tuple(map(spelled, meeting.keys)) if meeting else ("", "")
    match row.kind:
        case "after":
            return f"{right} says after: [{left}]", f"take it out of after if {right} does not need {left}"
        case "output":
            return (
                f"{right} reads {keys[1]}, which is not there yet and which {left} writes ({keys[0]})",
                f"keep the order, or give {right} what it needs in its text",
            )
        case "write-write":
            said = (
                f"both write {paths}"
                if keys[0] == keys[1]
                else f"{left} writes {keys[0]}, {right} writes {keys[1]}: both cover {paths}"
            )
            return said, f"narrow one of the two, join them into one task, or order them: after: [{first}] in {then}"
        case "resource":
            return f"both hold {paths}", "give each its own, or leave them in order"
        case "write-read":
            return (
                f"{left} writes {keys[0]}, {right} reads {keys[1]}: both cover {paths}",
                f"if {right} needs the changes of {left}, say so: after: [{left}] in {right}",
            )
        case "unknown-writes":
            who = [plan.tasks[n].id for n in sorted((row.a, row.b)) if n in unknown]
            both = " and ".join(who)
            return f"it cannot be told what {both} writes", f"give {both} writes: [...] (writes: [] if it only reads)"


def _unordered(plan: Plan, row: _Found, remedy: str) -> str:
    """Return a remedy that `strict` accepts when it is done: under it no task may stand behind another."""
    left, right = plan.tasks[row.a].id, plan.tasks[row.b].id
    match row.kind:
        case "unknown-writes":
            return remedy
        case "after":
            own = remedy
        case "write-write":
            own = "narrow one of the two"
        case "resource":
            own = "give each its own"
        case "output" | "write-read":
            read = spelled(row.meeting.keys[1]) if row.meeting else ""
            own = f"take {read} out of the reads and the text of {right} if it needs nothing of {left}"
    return f"{own}, join them into one task, or let them run in order: policy: isolate"
