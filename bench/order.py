"""The makespan of real workflows under our own `step` in virtual time, beside list scheduling and first come.

    python bench/order.py [--json]

Aim: at most list scheduling's makespan on every trace of tests/data/workflows at 4, 8 and 16 slots, and better than
first come on the mean. Virtual seconds: the same on every machine.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from measuring import told
from msgspec.structs import replace

from forkjoin.model import Edge, Options, Plan, Tree
from forkjoin.planning import check, plan_from_text
from forkjoin.testing import simulate

TRACES = Path(__file__).parents[1] / "tests" / "data" / "workflows"
SLOTS = (4, 8, 16)
Key = Callable[[int, float], tuple[float, int]]


def main() -> int:
    """Print a row for each trace and number of slots; exit 1 where the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [row for trace in sorted(TRACES.glob("*.json")) for row in trace_rows(Trace.read(trace))]
    gain = mean(row["first come"] / row["forkjoin"] for row in rows)
    blind = mean(row["first come"] / row["forkjoin, no estimates"] for row in rows)
    notes = [f"first come takes {gain:.3f} times as long on the mean; {blind:.3f} times where no estimate is known"]
    told(rows, as_json=options.json, notes=notes)
    return 0 if gain > 1 and all(row["forkjoin"] <= row["list scheduling"] + 1e-6 for row in rows) else 1


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A workflow as a plan, its order, and by task number: the seconds, who is behind, and the longest chain."""

    name: str
    plan: Plan
    edges: tuple[Edge, ...]
    seconds: list[float]
    behind: list[list[int]]
    tails: list[float]

    @classmethod
    def read(cls, path: Path) -> Trace:
        """Return the trace in a file, ordered as `check` orders it."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        plan = plan_from_text(json.dumps(raw["plan"]).encode(), where=path.name, form="json")
        edges = check(plan, Tree(root="/nowhere")).edges
        number = {task.id: n for n, task in enumerate(plan.tasks)}
        seconds = [task.estimate or 0.0 for task in plan.tasks]
        behind: list[list[int]] = [[] for _ in seconds]
        for edge in edges:
            behind[number[edge.first]].append(number[edge.then])
        name = path.stem.partition("-")[0]
        return cls(name=name, plan=plan, edges=edges, seconds=seconds, behind=behind, tails=chains(seconds, behind))


def chains(seconds: Sequence[float], behind: Sequence[Sequence[int]]) -> list[float]:
    """Return the longest chain that begins with each task (its `b-level`)."""
    tails: dict[int, float] = {}
    for root in range(len(seconds)):
        todo = [root]
        while todo:
            open_ = [then for then in behind[todo[-1]] if then not in tails]
            if open_:
                todo.append(open_[0])
                continue
            at = todo.pop()
            tails[at] = seconds[at] + max((tails[then] for then in behind[at]), default=0.0)
    return [tails[number] for number in range(len(seconds))]


def trace_rows(trace: Trace) -> list[dict[str, object]]:
    """Return the makespans of one trace, in seconds."""
    takes = {task.id: task.estimate or 0.0 for task in trace.plan.tasks}
    blind = replace(trace.plan, tasks=tuple(replace(task, estimate=None) for task in trace.plan.tasks))
    rows: list[dict[str, object]] = []
    for slots in SLOTS:
        caps = Options(max_parallel=slots, cores=float(slots))
        rows.append(
            {
                "trace": trace.name,
                "tasks": len(trace.seconds),
                "slots": slots,
                "forkjoin": simulate(trace.plan, trace.edges, takes, caps).wall_s,
                "list scheduling": listed(trace, slots, lambda task, _now: (-trace.tails[task], task)),
                "first come": listed(trace, slots, lambda task, now: (now, task)),
                "forkjoin, no estimates": simulate(blind, trace.edges, takes, caps).wall_s,
                "lower bound": max(sum(trace.seconds) / slots, *trace.tails),
            }
        )
    return rows


def listed(trace: Trace, slots: int, key: Key) -> float:
    """Return the makespan of textbook list scheduling: a free slot takes the ready task with the least key."""
    waits = [0] * len(trace.seconds)
    for row in trace.behind:
        for then in row:
            waits[then] += 1
    ready = [(key(task, 0.0), task) for task, count in enumerate(waits) if not count]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            task = heapq.heappop(ready)[1]
            heapq.heappush(running, (now + trace.seconds[task], task))
        now = running[0][0]
        while running and running[0][0] == now:
            for then in trace.behind[heapq.heappop(running)[1]]:
                waits[then] -= 1
                if not waits[then]:
                    heapq.heappush(ready, (key(then, now), then))
    return now


if __name__ == "__main__":
    sys.exit(main())
