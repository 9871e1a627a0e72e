"""Five tasks of 30 s run for 30 s, not for 150: through plan, journal, nursery and shims.

    python bench/five_sleeps.py [--seconds 30] [--tasks 5] [--json]

The clock starts when `run` is called (interpreter and imports are taken out) and stops when it has returned.
Aim: at most 1.02 of the seconds slept. `xargs -P` and `make -j` stand beside it, their start-up included.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from measuring import measured, told

PEERS = {
    "xargs -P": "seq {tasks} | xargs -P {tasks} -I@ sleep {seconds}",
    "make -j": "printf 'all: {ids}\\n{ids}:\\n\\tsleep {seconds}\\n' > Makefile && make -s -j {tasks}",
}


def main() -> int:
    """Measure ourselves and the peers one after another; exit 1 above the aim."""
    options = arguments()
    if options.inner:
        print(json.dumps(ours(options.tasks, options.seconds)))
        return 0
    me = [sys.executable, str(Path(__file__).resolve()), "--inner"]
    size = ["--tasks", str(options.tasks), "--seconds", f"{options.seconds:g}"]
    rows = [row("forkjoin", measured([*me, *size]), options.seconds)]
    ids = " ".join(f"t{n}" for n in range(options.tasks))
    for name, script in PEERS.items():
        shell = script.format(tasks=options.tasks, seconds=f"{options.seconds:g}", ids=ids)
        rows.append(row(name, peer(shell), options.seconds))
    told(rows, as_json=options.json)
    return 0 if isinstance(rows[0].get("ratio"), float) and rows[0]["ratio"] <= 1.02 else 1


def ours(tasks: int, seconds: float) -> dict[str, float]:
    """Return what one run of *tasks* sleeps took; raise where a task did not complete."""
    from forkjoin import Plan, Task, run

    commands = [Task(id=f"t{n}", command=["sleep", f"{seconds:g}"], writes=[]) for n in range(tasks)]
    run(Plan(tasks=[Task(id="warm", command=["true"], writes=[])]))
    started = time.perf_counter()
    result = run(Plan(name="five sleeps", tasks=commands))
    wall = time.perf_counter() - started
    if not result.ok:
        raise SystemExit(f"not all completed: {[(task.id, task.state, task.reason) for task in result.tasks]}")
    return {"wall_s": wall, "speedup": result.account.speedup}


def peer(shell: str) -> dict[str, float]:
    """Return what a shell line took."""
    script = (
        "import json, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "subprocess.run(['sh', '-c', sys.argv[1]], check=True)\n"
        "print(json.dumps({'wall_s': time.perf_counter() - started}))"
    )
    return measured([sys.executable, "-c", script, shell])


def row(name: str, found: dict[str, float], seconds: float) -> dict[str, object]:
    """Return a row of the table."""
    if "error" in found:
        return {"who": name, "wall s": f"not here: {found['error']}"}
    return {
        "who": name,
        "wall s": found["wall_s"],
        "ratio": found["wall_s"] / seconds,
        "over ms": (found["wall_s"] - seconds) * 1000,
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
