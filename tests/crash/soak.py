"""A soak: one run of many short tasks; every few seconds its owner, nursery or a shim is killed -9, and it is taken up.

    python tests/crash/soak.py [--tasks 10000] [--every 5 40] [--seed 1] [--json FILE]

Afterwards as many tasks have ended as were asked for, each once; an owner holds no more memory or descriptors late in
its life than early; after `rm` the disk is as it was. `--json` writes one object: `tasks`, `completed`, `kills` and
`killed` (by kind), `owners` (how many drove the run), `finished_rerun`, `duplicated`, `lost`, `untrue`, `orphans`,
`leaks`, `memory_drift` and `descriptor_drift` (shares; the largest growth of an owner that lived long enough to be
judged, None where none did), `judged_s` (how long that one lived), `disk_left_bytes`, `longest_resume_s`, `seconds`,
and `broken`.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/soak.py`
from crash.looking import (
    Count,
    alive,
    content,
    ended_attempts,
    environ,
    helpers,
    left_on_disk,
    logged,
    planned,
    repository,
    taken_up_at,
)

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
KINDS = ("owner", "shim", "nursery")
AT_ONCE, WRITER_EVERY = 8, 100
DRIFT, JUDGED_S = 0.05, 30.0  # an owner that lived shorter than this says nothing of drift
LEFT_BYTES = 256 * 1024  # what may stay after `rm`: the claims of a repository (one file), no folder of a run
SAMPLE_S = 0.5
COLLECTED_S = 2.0  # an owner that has the run has collected by then
Sample = tuple[float, int, int]  # seconds since its start, bytes of memory, open descriptors


@dataclass
class Soak:
    """Where it happens, what was killed, and what was seen."""

    folder: Path
    tasks: int
    every: tuple[float, float]
    chance: random.Random
    run: str = ""
    kills: Count = field(default_factory=collections.Counter)
    owners: list[list[Sample]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    resume_s: float = 0.0
    next: int = 0

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.folder / "home"

    @property
    def journal(self) -> Path:
        """The run's journal."""
        return self.home / "runs" / self.run / "journal.db"


def soak(made: Soak) -> dict[str, object]:
    """Run it to its end, whoever is killed meanwhile; return the figures."""
    began = time.monotonic()
    repository(made.folder / "tree")
    made.home.mkdir()
    base = size(made.home)
    plan = made.folder / "plan.json"
    plan.write_text(json.dumps({"max_parallel": AT_ONCE, "tasks": [task(made, n) for n in range(made.tasks)]}))
    owner = command(made, "run", str(plan), "-q")
    find_run(made, owner)
    while (code := watched(made, owner)) == -signal.SIGKILL:
        owner = resumed(made)
    if code not in (0, 3):
        made.broken.append(("untrue", f"the last owner ended with {code}: {said(made)}"))
    completed = judge(made)
    removed = command(made, "rm", "--discard", made.run)
    if removed.wait():
        made.broken.append(("leaks", f"rm failed: {said(made)}"))
    shutil.rmtree(made.home / "discarded", ignore_errors=True)  # patches, kept on purpose for 14 days
    if left := left_on_disk(made.home, made.folder / "tree"):
        made.broken.append(("leaks", f"left on disk: {left[:10]}"))
    return figures(made, completed, size(made.home) - base) | {"seconds": round(time.monotonic() - began, 1)}


def task(made: Soak, number: int) -> dict[str, object]:
    name, log = f"t{number}", made.folder / "log"
    writes = [f"{name}.txt"] if number % WRITER_EVERY == 0 else []
    write = f"echo {name} > {name}.txt; " if writes else ""
    nap = made.chance.choice(("0", "0.05", "0.2"))
    line = f"echo S {name} >> {log}; {write}sleep {nap}; echo E {name} >> {log}; echo answer-{name}"
    return {"id": name, "shell": line, "writes": writes, "retries": 1}


# -- driving and killing


def watched(made: Soak, owner: subprocess.Popen[bytes]) -> int:
    """Look at an owner until it ends, killing something now and then; return how it ended."""
    began = time.monotonic()
    due = began + made.chance.uniform(*made.every)
    samples: list[Sample] = []
    made.owners.append(samples)
    while owner.poll() is None:
        now = time.monotonic()
        if (sample := looked_at(owner.pid, now - began)) is not None:
            samples.append(sample)
        if now >= due:
            kill(made, owner.pid)
            due = now + made.chance.uniform(*made.every)
        time.sleep(SAMPLE_S)
    return owner.wait()


def kill(made: Soak, owner: int) -> None:
    """Kill one of the next kind, if there is one just now."""
    kind = KINDS[made.next % len(KINDS)]
    made.next += 1
    found = {
        "owner": lambda: [owner],
        "nursery": lambda: helpers(made.home, "forkjoin-nurse"),
        "shim": lambda: helpers(made.home, "forkjoin-shim"),
    }[kind]()
    if found:
        victim = made.chance.choice(found)
        if content(f"/proc/{victim}/comm").strip() == b"forkjoin-shim":  # a fork of the nursery when it was found
            kind = "shim"
        try:
            os.kill(victim, signal.SIGKILL)
            made.kills[kind] += 1
        except ProcessLookupError:
            pass


def resumed(made: Soak) -> subprocess.Popen[bytes]:
    """Take the run up again after a while; what counts is the time until all that had ended is collected."""
    time.sleep(made.chance.uniform(0.0, 2.0))
    ended, began = ended_attempts(made.home), time.time()
    owner = command(made, "resume", "-q", made.run)
    while owner.poll() is None and taken_up_at(made.journal, set()) < began:
        time.sleep(0.05)
    time.sleep(COLLECTED_S)
    made.resume_s = max(made.resume_s, taken_up_at(made.journal, ended) - began)
    return owner


def find_run(made: Soak, owner: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not (found := [one for one in made.home.glob("runs/*/journal.db") if planned(one)]):
        assert owner.poll() is None, f"the owner left before a run was there: {said(made)}"
        assert time.monotonic() < deadline, "no run appeared"
        time.sleep(0.02)
    made.run = found[0].parent.name


def command(made: Soak, *words: str) -> subprocess.Popen[bytes]:
    with (made.folder / "talk").open("wb") as talk:
        return subprocess.Popen(
            [*FORKJOIN, *words], cwd=made.folder / "tree", env=environ(made.home), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=talk, start_new_session=True,
        )  # fmt: skip


def said(made: Soak) -> str:
    return (made.folder / "talk").read_text(errors="replace")[-400:]


# -- looking and judging


def looked_at(pid: int, age: float) -> Sample | None:
    """Return an owner's memory, without pages it shares with others, and how many descriptors it holds."""
    lines = content(f"/proc/{pid}/status").decode().splitlines()
    memory = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)
    try:
        return (age, memory, len(list(Path(f"/proc/{pid}/fd").iterdir()))) if memory else None
    except OSError:
        return None


def drift(samples: list[Sample], which: int) -> float:
    """Return by which share the later half of a life lies above the earlier one; the first fifth is its warming up."""
    warm = samples[len(samples) // 5 :]
    early, late = warm[: len(warm) // 2], warm[len(warm) // 2 :]
    before = statistics.median(one[which] for one in early)
    return statistics.median(one[which] for one in late) / before - 1


def judge(made: Soak) -> int:
    """Compare what the tasks wrote with what the run tells; return how many completed."""
    shown = subprocess.run(
        [*FORKJOIN, "show", "--json", f"{made.run}/"], cwd=made.folder / "tree", env=environ(made.home),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    starts, ends = logged(made.folder / "log")
    tasks = json.loads(shown.stdout)["tasks"]
    completed = [one for one in tasks if one["state"] == "completed"]
    again = sum(count - 1 for count in starts.values() if count > 1)
    done_again = sum(count - 1 for count in ends.values() if count > 1)
    short = made.kills["shim"]  # each killed shim leaves one attempt without a record, which is then tried again
    checks = (
        ("untrue", len(tasks) == made.tasks, f"{len(tasks)} tasks are told of {made.tasks}"),
        ("lost", made.tasks - len(completed) <= short, f"{made.tasks - len(completed)} did not complete"),
        ("duplicated", again <= short, f"{again} were started again, {short} shims were killed"),
        ("finished_rerun", done_again <= short, f"{done_again} were finished again, {short} shims were killed"),
        ("untrue", all(ends[one["id"]] for one in completed), "one completed and never came to its end"),
        ("untrue", all(str(one["answer"]).strip() == f"answer-{one['id']}" for one in completed), "a wrong answer"),
        ("lost", all(changed(one) for one in completed), "a writer completed and its change is lost"),
    )
    made.broken += [(kind, what) for kind, holds, what in checks if not holds]
    no_process_left(made)
    return len(completed)


def changed(one: dict[str, object]) -> bool:
    name = str(one["id"])
    expected = [f"{name}.txt"] if int(name[1:]) % WRITER_EVERY == 0 else []
    return one["changes"]["files"] == expected  # type: ignore[index, no-any-return]  # our own JSON


def no_process_left(made: Soak) -> None:
    deadline = time.monotonic() + 2
    while left := alive(made.home):
        if time.monotonic() > deadline:
            made.broken.append(("orphans", f"still alive two seconds after the end: {left}"))
            return
        time.sleep(0.05)


def size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def figures(made: Soak, completed: int, left: int) -> dict[str, object]:
    judged = [samples for samples in made.owners if samples and samples[-1][0] >= JUDGED_S]
    memory = max((round(drift(one, 1), 4) for one in judged), default=None)
    descriptors = max((round(drift(one, 2), 4) for one in judged), default=None)
    if memory is not None and memory >= DRIFT:
        made.broken.append(("leaks", f"an owner's memory grew by {memory:.1%}"))
    if descriptors is not None and descriptors >= DRIFT:
        made.broken.append(("leaks", f"an owner's descriptors grew by {descriptors:.1%}"))
    if left > LEFT_BYTES:
        made.broken.append(("leaks", f"{left} bytes are left on the disk"))
    kinds = collections.Counter(kind for kind, _ in made.broken)
    return {
        "tasks": made.tasks, "completed": completed, "owners": len(made.owners),
        "kills": made.kills.total(), "killed": dict(made.kills),
        **{kind: kinds[kind] for kind in ("finished_rerun", "duplicated", "lost", "untrue", "orphans", "leaks")},
        "memory_drift": memory, "descriptor_drift": descriptors,
        "judged_s": round(max((one[-1][0] for one in judged), default=0.0), 1),
        "disk_left_bytes": left, "longest_resume_s": round(made.resume_s, 3),
        "broken": [what for _, what in made.broken],
    }  # fmt: skip


def main() -> int:
    """Run it, print the figures; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tasks", type=int, default=10_000)
    asked.add_argument("--every", type=float, nargs=2, default=(5.0, 40.0), metavar=("FROM_S", "TO_S"))
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", default="")
    asked.add_argument("--samples", default="", help="write what was seen of each owner there")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="forkjoin-soak-") as top:
        made = Soak(Path(top), given.tasks, tuple(given.every), random.Random(given.seed))
        found = soak(made)
    print(json.dumps(found))
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=1))
    if given.samples:
        Path(given.samples).write_text(json.dumps(made.owners))
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
