"""From how tasks meet to who waits for whom: a policy decides which meetings order, and chains keep the edges few."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from forkjoin.model import Edge, EdgeKind, Plan, TaskId
from forkjoin.model.text import spelled
from forkjoin.planning.meetings import Facts, Kind, Meeting
from forkjoin.planning.ranking import Order, ranks

_RANK: Final[dict[EdgeKind, int]] = {
    "after": 0, "output": 1, "write-write": 2, "resource": 3, "write-read": 4, "unknown": 5,
}  # fmt: skip
_REASON: Final[dict[EdgeKind, str]] = {
    "after": "it says after: {first}",
    "output": "it reads {path}, which {first} makes",
    "write-write": "both write {path}",
    "resource": "both hold {path}",
    "write-read": "one writes {path}, the other reads it, and no clone can be made here",
    "unknown": "it cannot be told what one of the two writes, and no clone can be made here",
}
FEW: Final = 50_000
PER_CLAIM: Final = 8


class Ordering(msgspec.Struct, frozen=True, kw_only=True):
    """Every task's place in the one order that all edges follow, the edges, and the tasks that wait in a ring."""

    rank: Sequence[int]
    edges: tuple[Edge, ...]
    ring: frozenset[int]
    orders: frozenset[Kind]
    orders_unknown: bool
    coarse: bool


def ordering_of(plan: Plan, facts: Facts, unknown: frozenset[int], *, clonable: bool) -> Ordering:
    """Return who waits for whom under the plan's policy.

    An explicit `after` is kept always. A producer comes before its reader unless that would close a ring: then the
    tasks of the ring follow the plan's order. Everything else follows the plan's order as far as these allow.
    """
    order = Order(len(plan.tasks))
    for first, then in afters(plan):
        order.put(first, then, soft=False)
    kinds = _ordering_kinds(plan, clonable=clonable)
    if "output" in kinds:
        _makers_first(order, facts.meetings)
    rank, ring = ranks(order)
    net = _Net(plan)
    for first, then in afters(plan):
        net.put(first, then, "after", "")
    coarse = _tie_all(net, facts, kinds, rank)
    orders_unknown = plan.policy != "trust" and not clonable
    if orders_unknown and unknown:
        _bar(net, sorted(range(len(plan.tasks)), key=rank.__getitem__), unknown)
    return Ordering(rank=rank, edges=net.edges(), ring=ring, orders=kinds, orders_unknown=orders_unknown,
                    coarse=coarse)  # fmt: skip


def afters(plan: Plan) -> Iterator[tuple[int, int]]:
    """Yield who waits for whom because it says so: the number of the first task, and of the one after it."""
    number = {task.id: n for n, task in enumerate(plan.tasks)}
    for n, task in enumerate(plan.tasks):
        for name in task.after:
            yield number[TaskId(name)], n


def _ordering_kinds(plan: Plan, *, clonable: bool) -> frozenset[Kind]:
    if plan.policy == "trust":
        return frozenset()
    kinds: tuple[Kind, ...] = ("output", "write-write", "resource")
    return frozenset(kinds if clonable else (*kinds, "write-read"))


def _makers_first(order: Order, meetings: Iterable[Meeting]) -> None:
    """Makers and readers meet in hubs, one a group, so that the entries stay as few as claims and relations."""
    hubs: dict[int, int] = {}

    def hub(group: Sequence[int], *, makers: bool) -> int:
        known = hubs.get(id(group))
        if known is None:
            known = hubs[id(group)] = order.hub()
            for task in group:
                order.put(*((task, known) if makers else (known, task)), soft=True)
        return known

    for meeting in meetings:
        if meeting.kind != "output":
            continue
        makers = hub(meeting.left, makers=True)
        if not meeting.but:
            order.put(makers, hub(meeting.right, makers=False), soft=True)
            continue
        for reader in meeting.right:
            if reader not in meeting.but:
                order.put(makers, reader, soft=True)


def _tie_all(net: _Net, facts: Facts, kinds: frozenset[Kind], rank: Sequence[int]) -> bool:
    """Order the tasks of every meeting of these kinds; say whether coarsely, as there were too many."""
    tied = [meeting for meeting in facts.meetings if meeting.kind in kinds]
    claims = sum(len(one.writes) + len(one.reads) for one in facts.claims)
    if sum(meeting.size for meeting in tied) > FEW + PER_CLAIM * claims:
        _tie_coarsely(net, tied, rank)
        return True
    for meeting in tied:
        _tie(net, meeting, rank)
    return False


def _tie(net: _Net, meeting: Meeting, rank: Sequence[int]) -> None:
    place: Callable[[int], int] = rank.__getitem__
    if meeting.alike or (meeting.kind != "output" and list(meeting.left) == list(meeting.right)):
        for first, then in pairwise(sorted(meeting.left, key=place)):
            net.put(first, then, meeting.kind, meeting.witness)
    elif meeting.kind == "output":
        _follow(net, meeting, rank)
    elif meeting.kind == "write-read":
        _weave_readers(net, meeting, place)
    else:
        _weave_writers(net, meeting, place)


def _follow(net: _Net, meeting: Meeting, rank: Sequence[int]) -> None:
    """Put each reader between two makers, who follow one another: waiting for the last is waiting for all."""
    makers = sorted(meeting.left, key=rank.__getitem__)
    places = [rank[maker] for maker in makers]
    for reader in meeting.right:
        if reader in meeting.but:
            continue
        at = bisect_left(places, rank[reader])
        if at:
            net.put(makers[at - 1], reader, "output", meeting.witness)
        if at < len(makers):
            net.put(reader, makers[at], "output", meeting.witness)


class _Joined:
    """Which tasks are joined, directly or through others: each group has a top."""

    def __init__(self) -> None:
        self.root: dict[int, int] = {}

    def top(self, task: int) -> int:
        root = self.root
        while root.setdefault(task, task) != task:
            root[task] = root[root[task]]
            task = root[task]
        return task

    def join(self, tasks: Iterable[int], to: int) -> None:
        for task in tasks:
            self.root[self.top(task)] = self.top(to)


def _tie_coarsely(net: _Net, meetings: Sequence[Meeting], rank: Sequence[int]) -> None:
    """Chain all tasks that meet, directly or through others: more waiting than need be, but few edges."""
    joined = _Joined()
    seen: set[int] = set()
    for meeting in meetings:
        for group in (meeting.left, meeting.right):
            if id(group) not in seen:
                seen.add(id(group))
                joined.join(group, to=group[0])
        joined.join(meeting.left[:1], to=meeting.right[0])
    chains: dict[int, list[int]] = {}
    for task in sorted(joined.root, key=rank.__getitem__):
        chains.setdefault(joined.top(task), []).append(task)
    said = {joined.top(meeting.left[0]): meeting for meeting in meetings}
    for name, chain in chains.items():
        for first, then in pairwise(chain):
            net.put(first, then, said[name].kind, said[name].witness)


def _weave_writers(net: _Net, meeting: Meeting, place: Callable[[int], int]) -> None:
    """Link two groups where the order changes from one to the other; each is a chain already."""
    left, right = set(meeting.left), set(meeting.right)
    for last, task in pairwise(sorted(left | right, key=place)):
        if last in (right if task in left else left):
            net.put(last, task, meeting.kind, meeting.witness)


def _weave_readers(net: _Net, meeting: Meeting, place: Callable[[int], int]) -> None:
    """Link each reader with the last writer before it and the next after it; the writers are a chain already."""
    writers, readers = set(meeting.left), set(meeting.right)
    writer = -1
    since: list[int] = []  # readers since the last writer
    for task in sorted(writers | readers, key=place):
        if task in writers:
            for before in since:
                net.put(before, task, meeting.kind, meeting.witness)
            writer, since = task, []
        if task in readers:
            if writer not in (-1, task):
                net.put(writer, task, meeting.kind, meeting.witness)
            since.append(task)


def _bar(net: _Net, in_order: Sequence[int], unknown: frozenset[int]) -> None:
    """A task of unknown writes waits for all before it since the last such, and all after it wait for it."""
    since: list[int] = []
    bar = -1
    for task in in_order:
        if bar >= 0:
            net.put(bar, task, "unknown", "")
        if task in unknown:
            for before in since:
                net.put(before, task, "unknown", "")
            since, bar = [], task
        else:
            since.append(task)


class _Net(msgspec.Struct):
    """Edges by pair; of several reasons for one pair the strongest stays."""

    plan: Plan
    rows: dict[tuple[int, int], tuple[EdgeKind, list[str]]] = {}

    def put(self, first: int, then: int, kind: EdgeKind, path: str) -> None:
        if first == then:
            return
        known = self.rows.get((first, then))
        if known is None or _RANK[kind] < _RANK[known[0]]:
            self.rows[first, then] = (kind, [path] if path else [])
        elif known[0] == kind and path and len(known[1]) < 5 and path not in known[1]:
            known[1].append(path)

    def edges(self) -> tuple[Edge, ...]:
        tasks = self.plan.tasks
        return tuple(
            Edge(
                first=tasks[first].id,
                then=tasks[then].id,
                kind=kind,
                paths=tuple(paths),
                reason=_REASON[kind].format(first=tasks[first].id, path=", ".join(map(spelled, paths))),
            )
            for (first, then), (kind, paths) in sorted(self.rows.items())
        )
