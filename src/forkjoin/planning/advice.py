"""When running side by side is the wrong tool, and by how much."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from forkjoin.model import Edge, Plan, Task, spoken
from forkjoin.planning.meetings import Facts
from forkjoin.planning.waves import spans, waves_of

COMMAND_S: Final = 0.05  # what one more program costs us
CLONE_S: Final = 2.0  # a workspace for a writer
_SEQUENCE: Final = re.compile(
    r"\b(?:the previous (?:task|step)|(?:task|step) \d+ (?:is|has)|"
    r"once .{3,60} (?:is|are|has been) (?:done|finished|merged|ready)|"
    r"after (?:task|step) \d+|when .{3,60} (?:is|are) (?:done|finished|merged)|commit\b.{0,40}\bpush\b)",
    re.I,
)


def advice_of(plan: Plan, facts: Facts, edges: Sequence[Edge], *, slots: int | None) -> tuple[str, ...]:
    """Return what a person should know before fanning out, in whole sentences; empty where all is well."""
    return tuple(_advice(plan, facts, edges, slots))


def _advice(plan: Plan, facts: Facts, edges: Sequence[Edge], slots: int | None) -> Iterator[str]:
    count = len(plan.tasks)
    if count == 1:
        yield "There is one task: nothing runs side by side."
        return
    shared = next((m for m in facts.meetings if m.kind == "write-write" and len(m.left) == len(m.right) == count), None)
    if shared:
        yield f"All {count} tasks write {shared.witness}: join them into one task, or give each its own file."
    levels = len(waves_of(plan.tasks, edges))
    if levels == count:
        yield (
            f"The {count} tasks form one chain, each waits for the one before: the ideal speed-up is 1.0x. "
            "One task that does all is simpler."
        )
    yield from _sequence(plan.tasks, edges)
    if levels < count:
        yield from _gain(plan.tasks, edges, slots)
    if not facts.complete:
        yield "The plan's globs are too many to compare one by one, so tasks count as unknown: name folders instead."


def _sequence(tasks: Sequence[Task], edges: Sequence[Edge]) -> Iterator[str]:
    waits = {edge.then for edge in edges}
    for task in tasks:
        said = _SEQUENCE.search(task.task) if task.task and task.id not in waits else None
        if said:
            yield (
                f"Order may matter: {task.id} says {said[0]!r} and waits for nothing; "
                "if it must wait, give it after: [...]."
            )
            return


def _gain(tasks: Sequence[Task], edges: Sequence[Edge], slots: int | None) -> Iterator[str]:
    if any(task.estimate is None for task in tasks):
        return
    total, longest = spans(tasks, edges)
    wall = max(longest, total / slots) if slots else longest
    overhead = sum(COMMAND_S if task.agent_name == "command" or task.reads_only else CLONE_S for task in tasks) / (
        min(slots or len(tasks), len(tasks))
    )
    if total - wall < overhead:
        yield (
            f"Side by side saves {spoken(max(0.0, total - wall))} of {spoken(total)}, and starting the tasks costs "
            f"about {spoken(overhead)}: run them one after another, or in one task."
        )
