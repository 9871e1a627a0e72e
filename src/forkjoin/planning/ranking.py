"""One order of all tasks that keeps every `after`, and every producer before its readers wherever that is possible."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from forkjoin.errors import PlanError


@dataclass
class Order:
    """Who must come before whom, by task number. A hub stands for all producers of one path before all its readers."""

    count: int
    then: list[list[int]] = field(default_factory=list)
    firm: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """One node a task."""
        self.then = [[] for _ in range(self.count)]

    def hub(self) -> int:
        """Return a new node that is no task."""
        self.then.append([])
        return len(self.then) - 1

    def put(self, first: int, then: int, *, soft: bool) -> None:
        """Say that *first* comes before *then*; a soft one gives way where it would close a ring."""
        self.then[first].append(then)
        if not soft:
            self.firm.add((first, then))


def ranks(order: Order) -> tuple[list[int], frozenset[int]]:
    """Return each task's place in the order, and the tasks that stood in a ring of soft entries.

    Where the entries leave a choice the plan's order decides. Raises PlanError for a ring of firm entries.
    """
    placed, ring = _placed(order.count, order.then), frozenset[int]()
    if len(placed) < len(order.then):
        placed, ring = _placed_with_rings(order)
    rank = [0] * order.count
    for place, node in enumerate(node for node in placed if node < order.count):
        rank[node] = place
    return rank, ring


def _placed_with_rings(order: Order) -> tuple[list[int], frozenset[int]]:
    """Return all nodes in order, the soft entries inside rings left out, and the tasks that stand in one."""
    part = _parts(order.then)
    sizes = Counter(part)
    ring = frozenset(node for node in range(order.count) if sizes[part[node]] > 1)
    then = [[b for b in row if part[a] != part[b] or (a, b) in order.firm] for a, row in enumerate(order.then)]
    placed = _placed(order.count, then)
    if len(placed) < len(then):
        raise PlanError("the tasks' after entries form a ring", next_step="take one of them out")
    return placed, ring


def _placed(count: int, then: Sequence[Sequence[int]]) -> list[int]:
    waits = [0] * len(then)
    for node in chain.from_iterable(then):
        waits[node] += 1
    # a hub is no task: it never stands in a task's way
    keys = [*range(count), *repeat(-1, len(then) - count)]
    ready = [(keys[node], node) for node, number in enumerate(waits) if not number]
    heapq.heapify(ready)
    placed: list[int] = []
    while ready:
        _, node = heapq.heappop(ready)
        placed.append(node)
        for other in then[node]:
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, (keys[other], other))
    return placed


def _parts(then: Sequence[Sequence[int]]) -> list[int]:
    """Return for each node the number of its strongly connected part (Kosaraju, without recursion)."""
    back: list[list[int]] = [[] for _ in then]
    for first, row in enumerate(then):
        for node in row:
            back[node].append(first)
    reached = [False] * len(then)
    finished = [node for root in range(len(then)) for node in _reached_from(root, then, reached)]
    part = [-1] * len(then)
    reached = [False] * len(then)
    # What still reaches the node that was finished last is in a ring with it.
    for number, root in enumerate(reversed(finished)):
        for node in _reached_from(root, back, reached):
            part[node] = number
    return part


def _reached_from(root: int, then: Sequence[Sequence[int]], reached: list[bool]) -> Iterator[int]:
    """Yield what can be reached and was not before, each node after all that it leads to; mark it in *reached*."""
    if reached[root]:
        return
    reached[root] = True
    work = [(root, iter(then[root]))]
    while work:
        node, below = work[-1]
        child = next((child for child in below if not reached[child]), None)
        if child is None:
            work.pop()
            yield node
            continue
        reached[child] = True
        work.append((child, iter(then[child])))
