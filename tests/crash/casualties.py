"""Shims, agents and nurseries killed -9, one or several at once, while their owner lives: what they did not finish is
lost or failed, never completed, and nothing of it is alive two seconds later.

`python tests/crash/casualties.py --trials 200 --json FILE` is the long form. The keys of FILE:

trials, killed      how many trials, and processes killed in them
struck              tasks whose shim or agent was killed before it had recorded its end
survivors           processes of such tasks alive two seconds after the kill; must be 0
untrue              such tasks that are told as completed; must be 0
hurt                other tasks that did not complete; must be 0
longest_alone_s     from the kill until nothing of them was alive
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/casualties.py`
from crash.forms import ALONE_S, Trial, long_form
from crash.looking import helpers, logged, marked, parent_and_state, processes

KINDS = (
    "shim", "agent", "nursery", "shim+agent", "shims", "agents", "nursery+shim", "nursery+agent", "nursery+shims",
    "shims+agents", "nursery+shims+agents",
)  # fmt: skip
TASKS = ("plain", "daemon", "deaf", "writer", "talks")
STAY_S = 3
ZEROS = ("survivors", "untrue", "hurt")


def one(made: Trial) -> None:
    """Run a trial: kill what the kind says, at a moment of chance."""
    plan = made.plan([task(made, name) for name in TASKS], max_parallel=len(TASKS))
    owner = made.start("run", plan, "-q")
    made.until(lambda: len(logged(made.log)[0]) == len(TASKS), "every task has begun")
    time.sleep(made.chance.uniform(0, 1))
    victims = chosen(made)
    ended_before = recorded(made)
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            made.counts["killed"] += 1
    killed_at = time.monotonic()
    # Who came to its end while the victims were looked for may have been told of already, or not: either is true.
    ending = {*logged(made.log)[1]} - ended_before
    struck = {name for name, pids in victims_of.items() if pids & set(victims)} - ended_before - ending
    made.counts["struck"] += len(struck)
    gone_in_time(made, struck, killed_at)
    owner.wait(60)
    told = made.shown(made.runs()[0])
    for name in TASKS:
        state = str(told.get(name, {}).get("state"))
        if name in struck and state not in ("lost", "failed"):
            made.counts["untrue"] += 1
            made.broken.append(f"{name} is {state}, though it was killed")
        elif name not in struck | ending and state != "completed":
            made.counts["hurt"] += 1
            made.broken.append(f"{name} is {state}, though nobody hurt it: {told.get(name, {}).get('reason')}")
    made.alone(time.monotonic())


def task(made: Trial, name: str) -> dict[str, object]:
    """Return a task that leaves something behind, whatever becomes of it."""
    stay = {
        "daemon": f"setsid sleep 60 >/dev/null 2>&1 & (setsid sleep 60 &) ; sleep {STAY_S}",
        "deaf": f"trap '' TERM INT HUP; sleep {STAY_S}",
        "writer": f"echo w > w.txt; sleep {STAY_S}",
        "talks": f"i=0; while [ $i -lt {STAY_S * 10} ]; do echo $i; sleep 0.1; i=$((i+1)); done",
    }.get(name, f"sleep {STAY_S}")
    line = f"echo S {name} >> {made.log}; {stay}; echo E {name} >> {made.log}; echo answer-{name}"
    return {"id": name, "shell": line, "writes": ["w.txt"] if name == "writer" else []}


victims_of: dict[str, set[int]] = {}  # by task: its shim and its agent


def chosen(made: Trial) -> list[int]:
    """Return whom to kill, and note whose they are."""
    shims = helpers(made.home, "forkjoin-shim")
    agents = {shim: [pid for pid in processes() if parent_and_state(pid)[0] == shim] for shim in shims}
    victims_of.clear()
    for shim in shims:
        name = task_of(made, agents[shim])
        if name:
            victims_of.setdefault(name, set()).update({shim, *agents[shim]})
    found: list[int] = []
    single = made.chance.choice(shims)
    for word in made.kind.split("+"):
        found += {
            "nursery": helpers(made.home, "forkjoin-nurse"),
            "shim": [single],
            "shims": shims,
            "agent": agents[single],
            "agents": [pid for pids in agents.values() for pid in pids],
        }[word]
    return found


def task_of(made: Trial, pids: list[int]) -> str:
    """Return the task whose mark the agents bear."""
    for pid in pids:
        with suppress(OSError):
            for one in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                if one.startswith(b"FORKJOIN_ATTEMPT="):
                    return Path(os.fsdecode(one.partition(b"=")[2])).parent.name
    return ""


def recorded(made: Trial) -> set[str]:
    """Return the tasks that have recorded their end."""
    return {path.parts[-3] for path in made.home.glob("runs/*/tasks/*/*/exit.json")}


def gone_in_time(made: Trial, struck: set[str], since: float) -> None:
    """See that what the struck tasks had running is gone two seconds after the kill."""

    def left() -> list[int]:
        return [pid for pid in marked(made.home) if task_of(made, [pid]) in struck]

    while left():
        if time.monotonic() > since + ALONE_S and (still := left()):
            made.counts["survivors"] += len(still)
            made.broken.append(f"alive {ALONE_S:g} s after the kill: {still} of {struck}")
            return
        time.sleep(0.02)
    made.took("alone_s", time.monotonic() - since)


if __name__ == "__main__":
    sys.exit(long_form(__doc__, KINDS, one, zeros=ZEROS))
