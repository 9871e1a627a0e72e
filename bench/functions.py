"""N function tasks of 0.1 s, the journal on: overhead a task and peak memory, beside bare loops and LangGraph.

    python bench/functions.py [--sizes 10,100,1000,10000] [--peers PATH] [--operations] [--json]

Every figure comes from a process of its own. Overhead = (wall - 0.1 s) / N; the clock starts when all is imported.
LangGraph is installed into a temporary environment (or taken from the Python that --peers names), and said to be
absent where that fails. Aims at 10,000: at most 0.3 ms a task, under 120 MB, flat in N; --operations counts calls of
1,000 and of 10,000 tasks, which may grow tenfold and no more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from measuring import measured, peak_mb, told

SLEEP_S = 0.1
AIMED_AT = 10_000


async def work() -> None:
    """Be the task."""
    await asyncio.sleep(SLEEP_S)


def by_forkjoin(n: int) -> None:
    """Run N tasks with plan, verdicts, journal and results."""
    from forkjoin import Plan, Task, run_async

    plan = Plan(tasks=[Task(id=f"t{i}", function=work, writes=[]) for i in range(n)])
    result = asyncio.run(run_async(plan))
    if not result.ok or len(result.tasks) != n:
        raise SystemExit(f"only {sum(task.state == 'completed' for task in result.tasks)} of {n} completed")


def by_asyncio(n: int) -> None:
    """Run N coroutines in a task group."""

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(n):
                group.create_task(work())

    asyncio.run(all_of_them())


def by_anyio(n: int) -> None:
    """Run N coroutines in a task group of anyio."""
    import anyio

    async def one() -> None:
        await anyio.sleep(SLEEP_S)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(n):
                group.start_soon(one)

    anyio.run(all_of_them)


def by_langgraph(n: int, *, saved: bool = False) -> None:
    """Fan N sends out to one node and gather their results."""
    import operator
    from typing import Annotated, TypedDict

    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Send

    # By a call: a class body's annotations would be strings here, which LangGraph looks up among the globals.
    state_type = TypedDict("State", {"items": list[int], "done": Annotated[list[int], operator.add]})  # noqa: UP013 - as said above

    async def node(one: dict[str, int]) -> dict[str, list[int]]:
        await work()
        return {"done": [one["item"]]}

    graph = StateGraph(state_type)
    graph.add_node("work", node)
    graph.add_conditional_edges(
        START, lambda state: [Send("work", {"item": item}) for item in state["items"]], ["work"]
    )
    graph.add_edge("work", END)

    async def all_of_them() -> int:
        asked = {"items": list(range(n)), "done": []}
        if not saved:
            return len((await graph.compile().ainvoke(asked))["done"])
        async with AsyncSqliteSaver.from_conn_string("saved.db") as saver:
            settings = {"configurable": {"thread_id": uuid.uuid4().hex}}
            return len((await graph.compile(checkpointer=saver).ainvoke(asked, settings))["done"])

    if asyncio.run(all_of_them()) != n:
        raise SystemExit("not all came back")


def by_langgraph_saved(n: int) -> None:
    """Do the same with its SQLite saver."""
    by_langgraph(n, saved=True)


WAYS: dict[str, Callable[[int], None]] = {
    "forkjoin": by_forkjoin,
    "asyncio": by_asyncio,
    "anyio": by_anyio,
    "langgraph": by_langgraph,
    "langgraph + sqlite": by_langgraph_saved,
}


def inner(way: str, n: int, *, count: bool) -> dict[str, float]:
    """Measure one way in this process, once small first so that imports are done."""
    run = WAYS[way]
    run(1)
    if count:
        return {"calls": float(calls_of(lambda: run(n)))}
    before, started = time.process_time(), time.perf_counter()
    run(n)
    wall = time.perf_counter() - started
    return {"wall_s": wall, "cpu_s": time.process_time() - before, "peak_mb": peak_mb()}


def calls_of(act: Callable[[], None]) -> int:
    """Return how many functions, C functions included, all threads called."""
    counted = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        act()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return counted


def main() -> int:
    """Measure every way at every size; exit 1 where ours misses an aim."""
    options = arguments()
    if options.inner:
        way, n = options.inner
        print(json.dumps(inner(way, int(n), count=options.operations)))
        return 0
    me = str(Path(__file__).resolve())
    if options.operations:
        return operations(me, as_json=options.json)
    sizes = [int(size) for size in options.sizes.split(",")]
    with peers(options.peers) as (python, why):
        rows = [
            row(way, n, measured([interpreter, me, "--inner", way, str(n)]) if interpreter else {"error": why})
            for way in WAYS
            for interpreter in [sys.executable if way in ("forkjoin", "asyncio") else python]
            for n in sizes
        ]
    missed = [aim for one in rows if one["way"] == "forkjoin" for aim in misses(one)]
    told(rows, as_json=options.json, notes=missed)
    return 1 if missed else 0


def row(way: str, n: int, found: dict[str, float]) -> dict[str, object]:
    """Return a row of the table."""
    if "error" in found:
        return {"way": way, "N": n, "wall s": f"not here: {found['error']}"}
    return {
        "way": way,
        "N": n,
        "wall s": found["wall_s"],
        "overhead ms a task": (found["wall_s"] - SLEEP_S) / n * 1000,
        "CPU ms a task": found["cpu_s"] / n * 1000,
        "peak MB": round(found["peak_mb"], 1),
    }


def misses(measured_row: dict[str, object]) -> list[str]:
    """Return the aims that this row misses."""
    if measured_row["N"] != AIMED_AT:
        return []
    overhead, peak = measured_row.get("overhead ms a task"), measured_row.get("peak MB")
    if not isinstance(overhead, float) or not isinstance(peak, float):
        return [f"not measured: {measured_row.get('wall s')}"]
    aims = {"at most 0.3 ms a task": overhead <= 0.3, "under 120 MB": peak < 120}
    return [f"missed at {AIMED_AT:,}: {aim}" for aim, met in aims.items() if not met]


def operations(me: str, *, as_json: bool) -> int:
    """Count calls at 1,000 and at 10,000 tasks."""
    argv = [sys.executable, me, "--operations", "--inner", "forkjoin"]
    found = {n: measured([*argv, str(n)]) for n in (1_000, 10_000)}
    if trouble := [one["error"] for one in found.values() if "error" in one]:
        told([], as_json=as_json, notes=[f"not measured: {trouble[0]}"])
        return 1
    counted = {n: one["calls"] for n, one in found.items()}
    growth = counted[10_000] / counted[1_000]
    rows = [{"N": n, "calls": int(calls), "calls a task": calls / n} for n, calls in counted.items()]
    told(rows, as_json=as_json, notes=[f"ten times the tasks cost {growth:.2f} times the calls"])
    return 0 if growth <= 10.5 else 1


@contextmanager
def peers(given: str) -> Iterator[tuple[str, str]]:
    """Yield a Python that has anyio and LangGraph, or "" and the reason why there is none."""
    if given:
        yield given, ""
        return
    with tempfile.TemporaryDirectory(prefix="forkjoin-bench-peers-") as folder:
        python = str(Path(folder) / "bin" / "python")
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "anyio", "langgraph", "langgraph-checkpoint-sqlite"],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            yield "", f"cannot be installed ({error})"
            return
        yield python, ""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,1000,10000")
    parser.add_argument("--peers", default="", help="a Python that has anyio and langgraph")
    parser.add_argument("--operations", action="store_true", help="count calls instead of time")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inner", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
