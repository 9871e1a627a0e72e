"""Waves for display, and how much faster than one after another it could be."""

from __future__ import annotations

from collections.abc import Sequence

from forkjoin.model import Edge, Task, TaskId


def waves_of(tasks: Sequence[Task], edges: Sequence[Edge]) -> tuple[tuple[TaskId, ...], ...]:
    """Return the tasks by how many stand before them in their longest chain. For display: no task waits for a wave."""
    depth = _longest(tasks, edges, [1.0] * len(tasks))
    waves: list[list[TaskId]] = [[] for _ in range(int(max(depth, default=0)))]
    for task, level in zip(tasks, depth, strict=True):
        waves[int(level) - 1].append(task.id)
    return tuple(map(tuple, waves))


def ideal_speedup(
    tasks: Sequence[Task], edges: Sequence[Edge], *, slots: int | None = None, cores: float | None = None
) -> float:
    """Return the sum of the estimates over the least time they can take; a task without an estimate counts 1.

    That time is the longest chain, or what the slots or the cores that tasks burn (`cpu`) allow, if that is more.
    """
    total, longest = spans(tasks, edges)
    least = max(longest, total / slots if slots else 0.0)
    if cores:
        burnt = sum((1.0 if task.estimate is None else task.estimate) * min(task.cpu, cores) for task in tasks)
        least = max(least, burnt / cores)
    return round(total / least, 2)


def spans(tasks: Sequence[Task], edges: Sequence[Edge]) -> tuple[float, float]:
    """Return the sum of the estimates and their longest chain, both more than 0."""
    weights = [1.0 if task.estimate is None else task.estimate for task in tasks]
    if not sum(weights):
        weights = [1.0] * len(tasks)
    return sum(weights), max(_longest(tasks, edges, weights))


def _longest(tasks: Sequence[Task], edges: Sequence[Edge], weights: Sequence[float]) -> list[float]:
    """Return for each task the weight of the heaviest chain that ends with it."""
    number = {task.id: n for n, task in enumerate(tasks)}
    then: list[list[int]] = [[] for _ in tasks]
    waits = [0] * len(tasks)
    for edge in edges:
        then[number[edge.first]].append(number[edge.then])
        waits[number[edge.then]] += 1
    before = [0.0] * len(tasks)
    ready = [n for n, count in enumerate(waits) if not count]
    while ready:
        at = ready.pop()
        for other in then[at]:
            before[other] = max(before[other], before[at] + weights[at])
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return [start + weight for start, weight in zip(before, weights, strict=True)]
