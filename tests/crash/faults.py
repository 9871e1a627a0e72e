"""I/O faults: the n-th write, fsync, rename, open or mkdir below the state folder fails, for owner, nursery and shims.

    python tests/crash/faults.py [--most 12] [--seed 1] [--workers 3] [--strace] [--json FILE]

After it the run is taken up without the fault. The journal opens again, what had finished is kept, nothing runs twice,
nothing is left alive, and the command that met the fault ended in time, with an honest code and no traceback.
The faults come from a layer of our own, which counts only calls below the state folder; with --strace from strace,
which counts the calls of each process by itself, wherever they go (no open: Python itself would not begin).
`--json` writes `trials`, `hit` (the fault came about), `lost`, `untrue`, `orphans`, `finished_rerun`, `broken`.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/faults.py`
from crash.iolayer import compiled, failing
from crash.looking import environ, helpers, marked, repository, supervisors

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
KINDS = ("write", "fsync", "rename", "open", "mkdir")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EROFS)
# How often each happens in a whole run, about: beyond it there is nothing to hit.
TIMES = {"write": 60, "fsync": 40, "rename": 20, "open": 120, "mkdir": 30}
LAST_S = 90
CALLS = {
    "write": "pwrite64",
    "fsync": "fsync,fdatasync",
    "rename": "?rename,renameat,renameat2",
    "mkdir": "?mkdir,mkdirat",
}
TASKS = 4


@dataclass
class Trial:
    """One fault and what came of it."""

    folder: Path
    fault: str
    strace: bool = False
    hit: bool = False
    code: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.folder / "home"


def trial(made: Trial, library: Path) -> Trial:
    """Run with the fault, then without it, and judge."""
    repository(made.folder / "tree")
    plan = made.folder / "plan.json"
    plan.write_text(json.dumps({"tasks": [task(made, number) for number in range(TASKS)]}))
    made.home.mkdir()
    count = made.folder / "count"
    if made.strace:
        done = forkjoin(made, "run", str(plan), "-q", tracer=traced(made.fault, count))
    else:
        done = forkjoin(made, "run", str(plan), "-q", layer=failing(library, made.home, count, made.fault))
    made.code, number = done.returncode, int(made.fault.split()[1])
    with contextlib.suppress(OSError):
        made.hit = "(INJECTED)" in count.read_text() if made.strace else count.stat().st_size >= number
    if done.returncode < 0 or done.returncode == 70 or "Traceback" in done.stderr:
        made.broken.append(("untrue", f"ended with {done.returncode}: {done.stderr[-300:]}"))
    if done.returncode and not (done.stderr + done.stdout).strip():
        made.broken.append(("untrue", f"ended with {done.returncode} and said nothing"))
    kept = finished(made)
    if not done.returncode and len(kept) < TASKS:
        made.broken.append(("untrue", f"ended with 0, and of {TASKS} tasks only {sorted(kept)} completed"))
    if list(made.home.glob("runs/*/journal.db")):
        after(made, kept)
    elif starts(made):
        made.broken.append(("orphans", "tasks began of which no run knows"))
    left = marked(made.home) + helpers(made.home, "forkjoin-nurse") + supervisors(made.home)
    if left:
        made.broken.append(("orphans", f"still alive: {left}"))
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return made


def after(made: Trial, kept: set[str]) -> None:
    """Go on without the fault; what was completed before must be so still, and nothing may run twice."""
    waited = forkjoin(made, "wait", "--timeout", "30")
    shown = forkjoin(made, "show", "--json")
    if waited.returncode not in (0, 3, 4) or shown.returncode:
        made.broken.append(
            ("lost", f"wait ended with {waited.returncode}: {waited.stderr[-300:]}{shown.stderr[-200:]}")
        )
        return
    for one in json.loads(shown.stdout)["tasks"]:
        name, count = one["id"], starts(made)[one["id"]]
        if name in kept and one["state"] != "completed":
            made.broken.append(("lost", f"{name} had completed and is {one['state']}"))
        if one["state"] == "completed" and one["answer"].strip() != f"answer-{name}":
            made.broken.append(("untrue", f"{name} completed with the answer {one['answer']!r}"))
        if one["state"] == "completed" and name == "t1" and one["changes"]["files"] != ["t1.txt"]:
            made.broken.append(("lost", f"the change of {name} is lost"))
        if count > 1:
            made.broken.append(("finished_rerun", f"{name} was started {count} times"))


def finished(made: Trial) -> set[str]:
    """Return the tasks that the journal holds as completed, as it is told right after the fault."""
    shown = forkjoin(made, "show", "--json")
    with contextlib.suppress(ValueError, KeyError):
        return {one["id"] for one in json.loads(shown.stdout)["tasks"] if one["state"] == "completed"}
    return set()


def task(made: Trial, number: int) -> dict[str, object]:
    name, log = f"t{number}", made.folder / "log"
    write = f"echo {name} > {name}.txt; " if number == 1 else ""
    line = f"echo {name} >> {log}; {write}sleep 0.{number + 1}; echo answer-{name}"
    return {"id": name, "shell": line, "writes": [f"{name}.txt"] if write else []}


def starts(made: Trial) -> collections.Counter[str]:
    with contextlib.suppress(OSError):
        return collections.Counter((made.folder / "log").read_text().split())
    return collections.Counter()


def traced(fault: str, log: Path) -> tuple[str, ...]:
    """Return the words before a command under which each of its processes meets the fault."""
    kind, number, error, *stays = fault.split()
    name, when = errno.errorcode[int(error)], f"{number}{'+' if stays else ''}"
    calls = CALLS[kind]
    inject = f"inject={calls}:error={name}:when={when}"
    return ("strace", "-f", "-qqq", "-o", str(log), "-e", f"trace={calls}", "-e", inject)


def forkjoin(
    made: Trial, *words: str, layer: dict[str, str] | None = None, tracer: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [*tracer, *FORKJOIN, *words], cwd=made.folder / "tree", env=environ(made.home) | (layer or {}),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LAST_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        said = (late.stderr or b"")[-200:]
        return subprocess.CompletedProcess(words, -99, "", f"not done after {LAST_S} s: {said!r}")


def faults(most: int, seed: int, *, strace: bool = False) -> list[str]:
    """Return faults spread evenly over kinds, errors and moments; some that stay from then on."""
    chance, found = random.Random(seed), []
    kinds = tuple(CALLS) if strace else KINDS
    for number in range(most):
        kind, error = kinds[number % len(kinds)], ERRORS[number // len(kinds) % len(ERRORS)]
        stays = " always" if number % 7 == 6 else ""
        latest = max(2, TIMES[kind] // 6) if strace else TIMES[kind]  # each process counts for itself
        found.append(f"{kind} {chance.randint(1, latest)} {error}{stays}")
    return found


def main() -> int:
    """Run them, print what broke and the figures; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--most", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--workers", type=int, default=3)
    asked.add_argument("--strace", action="store_true")
    asked.add_argument("--fault", default="", help="this one alone: 'KIND N ERRNO [always]'")
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    top = Path(tempfile.mkdtemp(prefix="forkjoin-faults-"))
    library = compiled(top)
    todo = [given.fault] if given.fault else faults(given.most, given.seed, strace=given.strace)
    pids = []
    for worker in range(given.workers):
        pid = os.fork()
        if pid == 0:
            done = []
            for number in range(worker, len(todo), given.workers):
                made = Trial(folder=top / str(number), fault=todo[number], strace=given.strace)
                try:
                    trial(made, library)
                except Exception as error:
                    made.broken.append(("untrue", f"the trial itself failed: {type(error).__name__}: {error}"))
                done.append(asdict(made) | {"folder": str(made.folder)})
            (top / f"{worker}.json").write_text(json.dumps(done))
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)
    done = [one for worker in range(given.workers) for one in json.loads((top / f"{worker}.json").read_text())]
    broken = [f"{one['fault']} (exit {one['code']}): {what}" for one in done for _, what in one["broken"]]
    kinds = collections.Counter(kind for one in done for kind, _ in one["broken"])
    figures = {"trials": len(done), "hit": sum(one["hit"] for one in done)}
    figures |= {kind: kinds[kind] for kind in ("lost", "untrue", "orphans", "finished_rerun")}
    print("\n".join(broken))
    print(json.dumps(figures))
    if given.json:
        Path(given.json).write_text(json.dumps(figures | {"broken": broken}, indent=1))
    shutil.rmtree(top, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
