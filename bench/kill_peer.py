"""Eight jobs, the orchestrator killed -9 at a moment of chance, then taken up again: forkjoin beside GNU parallel.

    python bench/kill_peer.py [--trials 12] [--seed 1] [--json]

GNU parallel runs with `--joblog --resume`. The jobs write their own starts and ends into a file, and /proc is read:
nothing that either tool says of itself is believed. Counted are trials with jobs left running that nobody watches,
jobs that ran twice, jobs that never finished, and processes alive after it all. Aim for ours: zeros.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from measuring import told

JOBS = 8
MARK = "KILL_PEER_TRIAL"
FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A way to start the jobs and the way to go on after the kill; both are given the trial's folder."""

    start: Callable[[Path], tuple[list[str], bytes]]
    resume: Callable[[Path], tuple[list[str], bytes]]
    watcher: str  # what a process above a job is named while somebody watches it


def main() -> int:
    """Measure both; exit 1 where forkjoin left, repeated or lost anything."""
    given = arguments()
    rows: list[dict[str, object]] = []
    for name, peer in PEERS.items():
        if name == "GNU parallel" and shutil.which("parallel") is None:
            rows.append({"with": name, "note": "not here"})
            continue
        found = [trial(peer, random.Random(f"{given.seed} {number}")) for number in range(given.trials)]
        total = {key: sum(one[key] for one in found) for key in found[0]}
        rows.append({"with": name, "trials": given.trials, **total})
    note = f"{JOBS} jobs of 0.3 to 2 s, all at once; killed 0.2 to 1.5 s after the first began."
    told(rows, as_json=given.json, notes=[note])
    ours = rows[0]
    return 1 if any(ours[key] for key in ("trials with orphans", "ran twice", "never finished", "left alive")) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def trial(peer: Peer, chance: random.Random) -> dict[str, int]:
    """Kill one orchestrator, go on, and count."""
    folder = Path(tempfile.mkdtemp(prefix="forkjoin-kill-peer-"))
    (folder / "tree").mkdir()
    (folder / "log").touch()
    for number in range(JOBS):
        seconds = chance.uniform(0.3, 2.0)
        line = f"echo S {number} >> {folder}/log; sleep {seconds:.2f}; echo E {number} >> {folder}/log\n"
        (folder / f"job{number}.sh").write_text(line)
    argv, given = peer.start(folder)
    process = started(argv, given, folder)
    while not (folder / "log").read_text():
        assert process.poll() is None, f"it ended with {process.poll()} before the first job began"
        time.sleep(0.005)
    time.sleep(chance.uniform(0.2, 1.5))
    hit = process.poll() is None
    process.kill()
    process.wait()
    time.sleep(0.1)
    orphans = sum(not watched(pid, peer.watcher) for pid in marked(folder))
    argv, given = peer.resume(folder)
    started(argv, given, folder).wait(timeout=60)
    time.sleep(2.5)  # whatever still runs has had its time
    lines = [line.split() for line in (folder / "log").read_text().splitlines()]
    starts = collections.Counter(number for word, number in lines if word == "S")
    ends = {number for word, number in lines if word == "E"}
    left = list(marked(folder))
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)
    return {
        "kills that hit": int(hit),
        "trials with orphans": int(orphans > 0),
        "ran twice": sum(count > 1 for count in starts.values()),
        "never finished": JOBS - len(ends),
        "left alive": len(left),
    }


def started(argv: list[str], given: bytes, folder: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORKJOIN")}
    process = subprocess.Popen(
        argv,
        env=kept | {"FORKJOIN_HOME": str(folder / "home"), MARK: str(folder), "HOME": str(folder)},
        cwd=folder / "tree",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    return process


def marked(folder: Path) -> Iterator[int]:
    """Yield the jobs of this trial that live: their shells, and what these started."""
    mark = f"{MARK}={folder}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                program = (entry / "cmdline").read_bytes().partition(b"\0")[0]
                mine = mark in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mine and program in (b"sh", b"sleep"):
                yield int(entry.name)


def watched(pid: int, watcher: str) -> bool:
    """Whether a process of that name is above it."""
    while pid > 1:
        try:
            said = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return True  # it has just ended
        name = said[said.index("(") + 1 : said.rindex(")")]
        if name == watcher:
            return True
        pid = int(said.rpartition(")")[2].split()[1])
    return False


def plan(folder: Path) -> tuple[list[str], bytes]:
    tasks = [
        {"id": f"t{number}", "command": ["sh", f"{folder}/job{number}.sh"], "writes": []} for number in range(JOBS)
    ]
    return [*FORKJOIN, "run", "-", "-q"], json.dumps({"tasks": tasks}).encode()


def jobs(folder: Path) -> bytes:
    return "".join(f"sh {folder}/job{number}.sh\n" for number in range(JOBS)).encode()


def parallel(folder: Path) -> tuple[list[str], bytes]:
    return ["parallel", f"-j{JOBS}", "--joblog", f"{folder}/joblog", "--resume"], jobs(folder)


PEERS = {
    "forkjoin": Peer(start=plan, resume=lambda _: ([*FORKJOIN, "wait"], b""), watcher="forkjoin-shim"),
    "GNU parallel": Peer(start=parallel, resume=parallel, watcher="parallel"),
}

if __name__ == "__main__":
    sys.exit(main())
