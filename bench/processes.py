"""What a process costs under a shim: many `sleep 0.1` through the local backend, beside xargs, make and GNU parallel.

    python bench/processes.py [--tasks 100,1000] [--at-once 100] [--json]

CPU is that of all processes, user and system, ours included from the interpreter's imports on (`cpu ms`: a task).
Aims: at most 10 ms CPU a task, wall within 3x of `xargs -P100`, 5x faster than GNU parallel.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from measuring import measured, told

SLEEP = "0.1"
PEERS = {
    "xargs": "yes {sleep} | head -n {tasks} | xargs -n1 -P{at_once} sleep",
    "make": "seq -s ' ' {tasks} | sed 's/.*/all: &\\n&:\\n\\t@sleep {sleep}/' | tee Makefile >/dev/null"
    " && make -s -j{at_once} all",
    "parallel": "yes {sleep} | head -n {tasks} | parallel -j{at_once} sleep",
}


def main() -> int:
    """Measure ourselves and the peers in turn, each in a process of its own; exit 1 where an aim is missed."""
    options = arguments()
    if options.inner:
        print(json.dumps(inner(options.inner, int(options.tasks), options.at_once)))
        return 0
    rows: list[dict[str, object]] = []
    for tasks in map(int, options.tasks.split(",")):
        found = {name: one(name, tasks, options.at_once) for name in ("forkjoin", *PEERS)}
        if tasks > options.at_once:
            found["forkjoin, all at once"] = one("forkjoin", tasks, tasks)
        base = found["xargs"].get("wall s")
        for name, row in found.items():
            wall = row.get("wall s")
            ratio = {"wall / xargs": wall / base} if isinstance(wall, float) and isinstance(base, float) else {}
            rows.append({"tasks": tasks, "with": name, **row, **ratio})
    told(rows, as_json=options.json, notes=[f"`sleep {SLEEP}` each, {options.at_once} at once unless said otherwise."])
    return 0 if aims_met(rows) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="100,1000")
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inner", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def one(name: str, tasks: int, at_once: int) -> dict[str, object]:
    program = {"make": "make", "parallel": "parallel", "xargs": "xargs"}.get(name)
    if program and shutil.which(program) is None:
        return {"note": "not here"}
    me = [sys.executable, str(Path(__file__).resolve()), "--inner", name]
    return dict(measured([*me, "--tasks", str(tasks), "--at-once", str(at_once)]))


def inner(name: str, tasks: int, at_once: int) -> dict[str, float]:
    """Return wall seconds and milliseconds of CPU a task of one way to run them, in this fresh process."""
    cpu = spent()
    began = time.perf_counter()
    if name == "forkjoin":
        asyncio.run(ours(Path.cwd(), tasks, at_once))
    else:
        shell = PEERS[name].format(tasks=tasks, at_once=at_once, sleep=SLEEP)
        subprocess.run(["sh", "-c", shell], check=True)
    return {"wall s": time.perf_counter() - began, "cpu ms": (spent() - cpu) / tasks * 1000}


def spent() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


async def ours(folder: Path, tasks: int, at_once: int) -> None:
    """Run the sleeps through the local backend; raise where one did not end well."""
    from forkjoin.backends import Exited, Job, LocalBackend, Signal
    from forkjoin.model import Process, TaskId

    backend = LocalBackend(run_folder=folder, detached=False)
    waiting, left, done = deque(range(tasks)), tasks, asyncio.Event()
    process = Process(argv=("sleep", SLEEP), cwd="/", env=dict(os.environ))

    def start() -> None:
        task = TaskId(f"t{waiting.popleft()}")
        at = str(folder / "tasks" / task / "1")
        backend.reserve(at)
        backend.start(Job(task=task, attempt=1, invocation=process, folder=at))

    def emit(signal: Signal) -> None:
        nonlocal left
        if isinstance(signal, Exited):
            assert signal.exit is not None, "it went without a record"
            assert signal.exit.code == 0, signal.exit
            left -= 1
            if waiting:
                start()
            elif not left:
                done.set()

    await backend.open(emit)
    for _ in range(min(tasks, at_once)):
        start()
    await done.wait()
    await backend.close()  # reaps the nursery, so that its time and that of its shims is counted


def aims_met(rows: list[dict[str, object]]) -> bool:
    """Whether every row of ours keeps the aims: CPU, and wall beside xargs and GNU parallel."""
    met = True
    for row in rows:
        if row["with"] == "forkjoin":
            peers = [one.get("wall s") for one in rows if one["tasks"] == row["tasks"] and one["with"] == "parallel"]
            wall, cpu, ratio = (float(str(row.get(key, "inf"))) for key in ("wall s", "cpu ms", "wall / xargs"))
            met = met and cpu <= 10 and ratio <= 3
            met = met and all(wall * 5 <= peer for peer in peers if isinstance(peer, float))
    return met


if __name__ == "__main__":
    raise SystemExit(main())
