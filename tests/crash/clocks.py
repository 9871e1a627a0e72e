"""Clocks that jump, processes that are halted past a deadline, a machine that sleeps: nothing is timed out falsely, and
a deadline that is due holds all the same.

The wall clock and CLOCK_BOOTTIME are set by a layer of our own (clocklayer.c) for the processes of a trial alone; the
clocks of the machine are never touched. Halted = SIGSTOP to some of owner, nursery, shims and agents for longer than
the deadline, then SIGCONT. `boot` runs in a time namespace (unshare -T) whose CLOCK_BOOTTIME is a day ahead.
`python tests/crash/clocks.py --trials 200 --json FILE` is the long form. The keys of FILE:

trials              how many; the kinds are in KINDS
false_timeouts      tasks that fit into their deadline and were timed out; must be 0
missed              tasks that never end and were not timed out in time; must be 0
insane              ages and durations that are negative, or longer than the trial; must be 0
longest_overdue_s   how long after its deadline such a task was ended, without the time it was halted for
survivors           processes alive two seconds after the end; must be 0
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/clocks.py`
from crash.forms import Trial, long_form
from crash.looking import helpers, logged, marked

HALTED = {
    "halt-shims": ("forkjoin-shim",),
    "halt-nursery": ("forkjoin-nurse",),
    "halt-owner": ("owner",),
    "halt-owner-and-nursery": ("owner", "forkjoin-nurse"),
    "halt-all": ("owner", "forkjoin-nurse", "forkjoin-shim", "agents"),
    "halt-calls": ("owner",),
}
DAY_S = 24 * 3600
JUMPS = {
    "wall-ahead": (40 * DAY_S, 0), "wall-back": (-40 * DAY_S, 0), "wall-hour": (3600, 0), "slept": (DAY_S, DAY_S),
}  # fmt: skip
KINDS = (*HALTED, *JUMPS, "boot")
ZEROS = ("false_timeouts", "missed", "insane", "survivors")
DEADLINE_S, WORK_S, HALT_S, SLACK_S = 4.0, 1.5, 5.0, 20.0
CALLS = """
import asyncio, json, sys
from forkjoin import Plan, Task, run
async def work():
    print("begun", flush=True)
    for _ in range({steps}):
        await asyncio.sleep(0.1)
    return "done"
async def never():
    await asyncio.sleep(600)
plan = Plan(tasks=(
    Task(id="fits", function=work, timeout={deadline}, writes=()),
    Task(id="never", function=never, timeout={deadline}, writes=()),
))
result = run(plan)
print(json.dumps({{task.id: task.state for task in result.tasks}}))
"""


def missing(kind: str) -> str:
    """Say why a kind cannot be tried here, "" where it can."""
    if kind in JUMPS:
        return "" if shutil.which("cc") or shutil.which("gcc") else "no C compiler (cc, gcc) on the PATH"
    if kind == "boot":
        if shutil.which("unshare") is None:
            return "no unshare on the PATH"
        tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
        return tried.stderr.strip() if tried.returncode else ""
    return ""


NAMESPACE = ("unshare", "-T", "--fork", "--boottime", str(DAY_S), "--")


def one(made: Trial) -> None:
    """Run a trial of that kind."""
    if made.kind == "halt-calls":
        calls(made)
        return
    tasks = [
        {"id": "fits", "shell": work(made), "writes": [], "timeout": DEADLINE_S},
        {"id": "talks", "shell": work(made, "echo ."), "writes": [], "idle_timeout": DEADLINE_S},
        {"id": "never", "shell": f"echo S never >> {made.log}; sleep 600", "writes": [], "timeout": DEADLINE_S},
    ]
    plan, argv = made.plan(tasks), made.argv
    more = layer(made) if made.kind in JUMPS else {}
    words = [*(NAMESPACE if made.kind == "boot" else ()), *argv("run", plan, "-q")]
    began = time.monotonic()
    owner = subprocess.Popen(
        words, cwd=made.tree, env=made.environ | more, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    made.until(lambda: logged(made.log)[0]["never"], "it has begun")
    time.sleep(made.chance.uniform(0.0, 1.0))
    halted_s = 0.0
    if made.kind in HALTED:
        halted_s = halt(made, owner.pid)
    elif made.kind in JUMPS:
        set_clocks(made, *JUMPS[made.kind])
    owner.wait(60)
    end = time.monotonic()
    judge(made, halted_s, end - began)
    made.alone(end)


def work(made: Trial, step: str = ":") -> str:
    """Return a shell line that needs WORK_S of its own running time, and more while it is halted."""
    return f"i=0; while [ $i -lt {int(WORK_S * 10)} ]; do {step}; sleep 0.1; i=$((i+1)); done; echo done"


def halt(made: Trial, owner: int) -> float:
    """Halt what the kind says for longer than the deadline; return for how long."""
    found: list[int] = []
    for name in HALTED[made.kind]:
        found += [owner] if name == "owner" else marked(made.home) if name == "agents" else helpers(made.home, name)
    began = time.monotonic()
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    time.sleep(HALT_S)
    for pid in made.chance.sample(found, len(found)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return time.monotonic() - began


def layer(made: Trial) -> dict[str, str]:
    """Compile the layer, and return the variables under which its clocks hold."""
    library, clocks = made.folder.parent / "clocklayer.so", made.folder / "clocks"
    if not library.exists():
        source = Path(__file__).with_name("clocklayer.c")
        compiler = shutil.which("cc") or shutil.which("gcc") or "cc"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    clocks.write_bytes(struct.pack("<qq", 0, 0))
    return {"LD_PRELOAD": str(library), "CLOCKLAYER_FILE": str(clocks)}


def set_clocks(made: Trial, wall_s: int, boot_s: int) -> None:
    """Set the clocks of the trial's processes, while they run."""
    with (made.folder / "clocks").open("r+b") as file:
        file.write(struct.pack("<qq", wall_s, boot_s))


def judge(made: Trial, halted_s: float, lasted_s: float) -> None:
    """See what became of the tasks, and that what is told of their times can be."""
    told = made.shown(made.runs()[0])
    for name in ("fits", "talks"):
        if (state := told.get(name, {}).get("state")) != "completed":
            made.counts["false_timeouts"] += state == "timed_out"
            made.broken.append(f"{name} is {state}: {told.get(name, {}).get('reason')}")
    state = told.get("never", {}).get("state")
    if state != "timed_out" or lasted_s > DEADLINE_S + halted_s + SLACK_S:
        made.counts["missed"] += 1
        made.broken.append(f"what never ends is {state} after {lasted_s:.1f} s")
    made.took("overdue_s", max(0.0, lasted_s - DEADLINE_S - halted_s))
    # What the machine slept counts, in the one kind where it does.
    most_s = lasted_s + 1 + JUMPS.get(made.kind, (0, 0))[1]
    for words in (("show", "--json"), ("ls", "--json"), ("explain", "--json"), ("report", "--format", "json")):
        said = made.done(*words)
        if said.returncode:
            made.broken.append(f"{words[0]} ended with {said.returncode}: {said.stderr[-200:]}")
            continue
        for name, value in durations(json.loads(said.stdout)):
            if not -0.001 <= value <= most_s:
                made.counts["insane"] += 1
                made.broken.append(f"{words[0]} tells {name} = {value:.1f} s of a trial of {lasted_s:.1f} s")


def durations(value: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield what is told in seconds, wherever it stands; moments of the wall clock are as that clock says."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from durations(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from durations(inner, name)
    elif (
        isinstance(value, int | float)
        and name != "sum_s"
        and "timeout" not in name
        and name.endswith(("_s", "seconds", "wall", "age"))
    ):
        yield name, float(value)


def calls(made: Trial) -> None:
    """Halt a process whose tasks are its own functions."""
    script = made.folder / "calls.py"
    script.write_text(CALLS.format(steps=int(WORK_S * 10), deadline=DEADLINE_S))
    with (made.folder / "said").open("wb") as said:
        owner = subprocess.Popen(
            [sys.executable, str(script)], cwd=made.tree, env=made.environ, stdout=said, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    made.until(lambda: b"begun" in (made.folder / "said").read_bytes(), "its calls have begun")
    time.sleep(made.chance.uniform(0.0, 1.0))
    halt(made, owner.pid)
    owner.wait(60)
    told = (made.folder / "said").read_text()
    try:
        states = json.loads(told.strip().rpartition("\n")[2])
    except ValueError:
        made.broken.append(f"calls ended with {owner.returncode}: {told[-400:]}")
        return
    if states != {"fits": "completed", "never": "timed_out"}:
        made.counts["false_timeouts"] += states["fits"] == "timed_out"
        made.counts["missed"] += states["never"] != "timed_out"
        made.broken.append(f"calls: {states}")


if __name__ == "__main__":
    sys.exit(long_form(__doc__, KINDS, one, zeros=ZEROS, missing=missing))
