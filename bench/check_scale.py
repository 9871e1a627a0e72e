"""How the cost of `check` grows: disjoint tasks read from JSON, counted and timed. Run: python bench/check_scale.py"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from forkjoin.model import Plan, Tree
from forkjoin.planning import check, plan_from_text

TREE = Tree(root="/nowhere", files=tuple(sorted(f"src/m{n}/a.py" for n in range(10_000))))


def plan_bytes(count: int) -> bytes:
    return json.dumps({
        "name": "scale",
        "tasks": [
            {
                "id": f"t{n}",
                "description": f"Change module {n}",
                "task": f"Rename the handler in src/m{n}/a.py and adapt its tests.",
                "reads": [f"src/m{n}/**"],
                "writes": [f"src/m{n}/**", f"tests/test_m{n}.py"],
            }
            for n in range(count)
        ],
    }).encode()  # fmt: skip


def counted(work: Callable[[], object]) -> int:
    """Return how many Python calls *work* makes: the machine's noise is not in it."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    print(f"{'tasks':>7} {'read s':>8} {'check s':>8} {'calls':>10} {'calls/task':>11}")
    for count in (1_000, 10_000):
        data = plan_bytes(count)

        def read(data: bytes = data) -> Plan:
            return plan_from_text(data, where="plan.json", form="json")

        read_s = min(timed(read) for _ in range(3))
        plan = read()
        check_s = min(timed(lambda plan=plan: check(plan, TREE)) for _ in range(3))
        calls = counted(lambda plan=plan: check(plan, TREE))
        print(f"{count:>7} {read_s:>8.3f} {check_s:>8.3f} {calls:>10} {calls / count:>11.1f}")


if __name__ == "__main__":
    main()
