"""One order of all tasks that keeps every `after`, and every producer before its readers wherever that is possible."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
    placed = _placed(order.count, order.then)
    ring: set[int] = set()
    if len(placed) < len(order.then):
        part = _parts(order.then)
        sizes: dict[int, int] = {}
        for number in part:
            sizes[number] = sizes.get(number, 0) + 1
        ring = {node for node in range(order.count) if sizes[part[node]] > 1}
        then = [[b for b in row if part[a] != part[b] or (a, b) in order.firm] for a, row in enumerate(order.then)]
        placed = _placed(order.count, then)
        if len(placed) < len(then):
            raise PlanError("the tasks' after entries form a ring", next_step="take one of them out")
    rank = [0] * order.count
    for place, node in enumerate(node for node in placed if node < order.count):
        rank[node] = place
    return rank, frozenset(ring)


def _placed(count: int, then: Sequence[Sequence[int]]) -> list[int]:
    waits = [0] * len(then)
    for row in then:
        for node in row:
            waits[node] += 1
    # a hub is no task: it never stands in a task's way
    ready = [(node if node < count else -1, node) for node, number in enumerate(waits) if not number]
    heapq.heapify(ready)
    placed: list[int] = []
    while ready:
        _, node = heapq.heappop(ready)
        placed.append(node)
        for other in then[node]:
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, (other if other < count else -1, other))
    return placed


def _parts(then: Sequence[Sequence[int]]) -> list[int]:
    """Return for each node the number of its strongly connected part (Tarjan, without recursion)."""
    part = [-1] * len(then)
    low = [0] * len(then)
    index = [0] * len(then)
    seen, parts = 1, 0
    stack: list[int] = []
    for root in range(len(then)):
        if index[root]:
            continue
        work: list[tuple[int, Iterable[int]]] = []
        index[root] = low[root] = seen
        seen += 1
        stack.append(root)
        work.append((root, iter(then[root])))
        while work:
            node, below = work[-1]
            child = next((c for c in below if not index[c] or part[c] < 0), None)
            if child is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    while True:
                        member = stack.pop()
                        part[member] = parts
                        if member == node:
                            break
                    parts += 1
            elif index[child]:
                low[node] = min(low[node], index[child])
            else:
                index[child] = low[child] = seen
                seen += 1
                stack.append(child)
                work.append((child, iter(then[child])))
    return part
