"""Kill trials: a run whose owner, nursery, shims or agents are killed -9, then taken up by a new process.

The oracles stand outside the system: tasks log their own starts and ends into a file, /proc is scanned by run id, refs
and workspaces are listed. `python tests/crash/kills.py --trials 200` is the long form.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/kills.py`
from crash.looking import (
    environ,
    helpers,
    logged,
    marked,
    parent_and_state,
    planned,
    processes,
    repository,
    supervisors,
)

ENDED = {"completed", "needs_input", "failed", "timed_out", "stopped", "lost", "blocked", "skipped"}
WRITERS, RETRIED, TASKS = ("t1", "t4"), ("t2", "t4"), 8
# What is killed, one after another ("pause" = some tenths of a second), in a run that is attached or detached.
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("attached", ("owner",)),
    ("attached", ("nursery",)),
    ("attached", ("shim",)),
    ("attached", ("agent",)),
    ("attached", ("owner", "nursery")),
    ("attached", ("owner", "pause", "shim")),
    ("attached", ("nursery", "shim")),
    ("detached", ("owner",)),
    ("detached", ("owner", "nursery")),
    ("detached", ("owner", "pause", "agent")),
    ("detached", ("owner", "pause", "nursery", "pause", "shims")),
    ("detached", ("nursery", "pause", "owner")),
)


@dataclass
class Trial:
    """One trial: where it happens, what was really killed, and which promises were broken."""

    folder: Path
    mode: str
    victims: tuple[str, ...]
    chance: random.Random
    killed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    run: str = ""
    states: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The state folder of this trial alone."""
        return self.folder / "home"


def trial(folder: Path, mode: str, victims: tuple[str, ...], seed: int) -> Trial:
    """Run it; what it returns has `broken` empty where every promise held."""
    made = Trial(folder=folder, mode=mode, victims=victims, chance=random.Random(seed))
    owner = _start(made)
    try:
        time.sleep(made.chance.uniform(0.0, 2.0))
        for victim in victims:
            _kill(made, victim, owner)
        _judge(made)
    finally:
        if owner.poll() is None:
            owner.send_signal(signal.SIGKILL)
        owner.wait()
    return made


def _start(made: Trial) -> subprocess.Popen[bytes]:
    tree = made.folder / "tree"
    repository(tree)
    plan = made.folder / "plan.json"
    plan.write_text(json.dumps({"max_parallel": 3, "tasks": [_task(made, number) for number in range(TASKS)]}))
    how = ["--detach"] if made.mode == "detached" else ["-q"]
    owner = subprocess.Popen(
        [*_FORKJOIN, "run", str(plan), "-C", str(tree), *how],
        env=environ(made.home), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (found := [path for path in made.home.glob("runs/*/journal.db") if planned(path)]):
        assert time.monotonic() < deadline, "no run appeared"
        time.sleep(0.01)
    made.run = found[0].parent.name
    return owner


def _task(made: Trial, number: int) -> dict[str, object]:
    name, log = f"t{number}", made.folder / "log"
    write = f"echo {number} > w{number}.txt; " if name in WRITERS else ""
    line = f"echo S {name} >> {log}; {write}sleep {made.chance.choice((0.1, 0.4, 0.8, 1.2))}; echo E {name} >> {log}"
    return {
        "id": name,
        "shell": f"{line}; echo answer-{name}",
        "writes": [f"w{number}.txt"] if name in WRITERS else [],
        "retries": 1 if name in RETRIED else 0,
        "after": {"t7": ["t0", "t1"], "t5": ["t4"]}.get(name, []),
    }


def _kill(made: Trial, victim: str, owner: subprocess.Popen[bytes]) -> None:
    if victim == "pause":
        time.sleep(made.chance.uniform(0.1, 0.6))
        return
    found = {
        "owner": lambda: [owner.pid] if made.mode == "attached" and owner.poll() is None else supervisors(made.home),
        "nursery": lambda: helpers(made.home, "forkjoin-nurse"),
        "shim": lambda: _one(made, helpers(made.home, "forkjoin-shim")),
        "shims": lambda: helpers(made.home, "forkjoin-shim"),
        "agent": lambda: _one(made, _agents(made)),
    }[victim]()
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
            made.killed.append(victim.removesuffix("s"))
        except ProcessLookupError:
            pass


def _judge(made: Trial) -> None:
    waited = _forkjoin(made, "wait", "--timeout", "60", made.run)
    if waited.returncode not in (0, 3, 4):
        made.broken.append(f"wait ended with {waited.returncode}: {waited.stderr[-300:]}")
    shown = json.loads(_forkjoin(made, "show", "--json", f"{made.run}/").stdout)
    lines = [line.split() for line in (made.folder / "log").read_text().splitlines()]
    starts, ends = logged(made.folder / "log")
    for task in shown["tasks"]:
        made.states[task["id"]] = task["state"]
        made.broken += _wrong(made, task, starts[task["id"]], ends[task["id"]])
        if [word for word, name in lines if name == task["id"]] == ["S", "S", "E", "E"]:
            made.broken.append(f"{task['id']} was at work twice at once")
    made.broken += _left(made)


def _wrong(made: Trial, task: dict[str, object], starts: int, ends: int) -> Iterator[str]:
    name, state = str(task["id"]), task["state"]
    # A shim killed between its program's end and its record leaves none: then, and only then, a retry does it again.
    most = 2 if "shim" in made.killed and name in RETRIED else 1
    if state not in ENDED:
        yield f"{name} is {state}: not ended"
    if state == "completed" and (not 1 <= ends <= most or str(task["answer"]).strip() != f"answer-{name}"):
        yield f"{name} completed with {ends} ends and the answer {task['answer']!r}"
    if state == "completed" and name in WRITERS and not task["changes"]["files"]:  # type: ignore[index]
        yield f"{name} completed and its change is lost"
    if ends > most:
        yield f"{name} was finished {ends} times"
    if starts > (2 if name in RETRIED else 1):
        yield f"{name} was started {starts} times"
    if state != "completed" and not {"shim", "agent"} & set(made.killed):
        yield f"{name} is {state} though nobody hurt it: {task['reason']}"


def _left(made: Trial) -> Iterator[str]:
    deadline = time.monotonic() + 3
    while (left := marked(made.home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        yield f"still alive: {left}"
    if stray := helpers(made.home, "forkjoin-nurse") + helpers(made.home, "forkjoin-shim"):
        yield f"nursery or shims still there: {stray}"


# What is killed


def _agents(made: Trial) -> list[int]:
    shims = set(helpers(made.home, "forkjoin-shim"))
    return [pid for pid in processes() if parent_and_state(pid)[0] in shims]


def _one(made: Trial, pids: list[int]) -> list[int]:
    return [made.chance.choice(pids)] if pids else []


_FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")


def _forkjoin(made: Trial, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_FORKJOIN, *words, "-C", str(made.folder / "tree")],
        env=environ(made.home), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip


def main() -> int:
    """Run many trials, print a line for each broken one and a table; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--trials", type=int, default=len(KINDS))
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    top = Path(tempfile.mkdtemp(prefix="forkjoin-kills-"))
    hit: collections.Counter[str] = collections.Counter()
    bad: collections.Counter[str] = collections.Counter()
    broken = []
    for number in range(given.trials):
        mode, victims = KINDS[number % len(KINDS)]
        made = trial(top / str(number), mode, victims, given.seed * 100_000 + number)
        kind = f"{mode}: {', '.join(victims)}"
        hit[kind] += bool(made.killed)
        bad[kind] += bool(made.broken)
        for what in made.broken:
            broken.append(f"trial {number} ({kind}; killed {made.killed}): {what}")
            print(broken[-1], flush=True)
        if not made.broken:
            shutil.rmtree(made.folder)
    for kind in hit:
        print(f"{kind:55} hit {hit[kind]:4}  broken {bad[kind]:4}")
    print(f"{given.trials} trials, {sum(hit.values())} with a kill, {sum(bad.values())} with a broken promise")
    if given.json:
        rows = [{"kind": kind, "hit": hit[kind], "broken": bad[kind]} for kind in hit]
        Path(given.json).write_text(json.dumps({"rows": rows, "broken": broken}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
