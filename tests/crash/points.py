"""Kill trials at fail points: every point once, then random ones; a resume is killed too in 40 of 100 cases.

    python tests/crash/points.py [--random 200] [--only NAME,...] [--workers 4] [--seed 1] [--json FILE]

Owners are forked from a process that has imported everything, so that a trial costs its own work. The oracles are in
looking.py; what the product says of itself is compared with them. `--json` writes one object: `points` (how many there
are), `trials`, `kills`, `finished_rerun`, `lost`, `duplicated`, `orphans`, `leaks`, `untrue`, `longest_resume_s`, and
`broken` (what, with its trial).
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/points.py`
from crash.looking import (
    ended_attempts,
    environ,
    helpers,
    left_on_disk,
    marked,
    repository,
    supervisors,
    torn_records,
)

from forkjoin import failpoints
from forkjoin.engine.folder import sweep

PLANS = ("attached", "detached")
WRITERS, RETRIED, DAEMON = ("w1", "w2"), "again", "daemon"
AFTER_THE_PROGRAM = ("shim.ended", "shim.swept", "record.")  # a shim killed here leaves a finished program unrecorded
RESUME_KILLED, DEPTH = 0.4, 4
LAST_S = 60.0
Count = collections.Counter[str]


@dataclass
class Trial:
    """Where it happens and what is killed; afterwards what was, and which promises were broken."""

    folder: Path
    plan: str
    kill: str
    seed: str
    kills: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    resume_s: float = 0.0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def home(self) -> Path:
        """The state folder of this trial alone."""
        return self.folder / "home"

    @property
    def points(self) -> Path:
        """Where the fail points write and look."""
        return self.folder / "points"

    def hits(self) -> list[str]:
        """Return the names of the points reached so far."""
        with contextlib.suppress(OSError):
            return [line.split()[0] for line in (self.points / "hits").read_text().splitlines()]
        return []

    def runs(self) -> list[str]:
        """Return the runs whose plan is committed: before that nobody was told an id."""
        return sorted(journal.parent.name for journal in self.home.glob("runs/*/journal.db") if planned(journal))


def trial(made: Trial) -> Trial:
    """Run it: start, kill, resume (and kill that), resume, judge, remove."""
    shutil.copytree(made.folder.parent / "template", made.folder / "tree")
    made.points.mkdir()
    (made.points / "kill").write_text(made.kill)
    (made.folder / "plan.json").write_text(json.dumps(plan_of(made)))
    how = ["--detach"] if made.plan == "detached" else ["-q"]
    try:
        forked(made, lambda: command("run", str(made.folder / "plan.json"), *how))
        settle(made)
        finished = ended_attempts(made.home)
        depth = 0
        while made.chance.random() < RESUME_KILLED and depth < DEPTH and made.runs():
            depth += 1
            (made.points / "kill").write_text(str(len(made.hits()) + made.chance.randint(1, 60)))
            forked(made, lambda: resume(made))
            settle(made)
            finished |= ended_attempts(made.home)
        clean_end(made, finished)
    finally:
        for pid in (*supervisors(made.home), *marked(made.home)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return made


def plan_of(made: Trial) -> dict[str, object]:
    tasks = [
        task(made, "quick", 0.1),
        task(made, "w1", 0.4),
        task(made, RETRIED, made.chance.choice((0.3, 0.8))),
        task(made, DAEMON, 0.2),
        task(made, "w2", 0.2, after=["w1"]),
        task(made, "last", 0.1, after=["quick"]),
    ]
    return {"max_parallel": 3, "tasks": tasks}


def task(made: Trial, name: str, seconds: float, **more: object) -> dict[str, object]:
    log = made.folder / "log"
    write = f"echo {name} > {name}.txt; " if name in WRITERS else ""
    daemon = "setsid sleep 40 >/dev/null 2>&1 & " if name == DAEMON else ""
    line = f"echo S {name} >> {log}; {write}{daemon}sleep {seconds}; echo E {name} >> {log}; echo answer-{name}"
    return {
        "id": name, "shell": line, "writes": [f"{name}.txt"] if name in WRITERS else [],
        "retries": 1 if name == RETRIED else 0, **more,
    }  # fmt: skip


# -- processes


def forked(made: Trial, work: Callable[[], int]) -> int:
    """Do *work* in a forked child as if it were a process of its own; return its exit code, or minus its signal."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.setsid()
            os.environ.clear()
            os.environ.update(environ(made.home) | {failpoints.VARIABLE: str(made.points)})
            failpoints._folder = str(made.points)
            os.chdir(made.folder / "tree")
            talk = os.open(made.folder / "talk", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            for fd, target in ((os.open(os.devnull, os.O_RDONLY), 0), (talk, 1), (talk, 2)):
                os.dup2(fd, target)
            code = work()
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    deadline = time.monotonic() + LAST_S
    while (done := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            made.broken.append(("untrue", f"a command did not end in {LAST_S:g} s"))
            return 99
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(done[1])


def noted(made: Trial) -> None:
    """Take note of a kill: the point that whoever was killed had reached."""
    wanted = (made.points / "kill").read_text().split()
    names = made.hits()
    for one in wanted:
        if one.isdigit() and int(one) <= len(names):
            made.kills.append(names[int(one) - 1])
        elif not one.isdigit() and names.count(one.partition("#")[0]) >= int(one.partition("#")[2] or 1):
            made.kills.append(one.partition("#")[0])
    (made.points / "kill").write_text("")


def command(*argv: str) -> int:
    from forkjoin.interfaces.cli.main import answered

    return answered([*argv])


def resume(made: Trial) -> int:
    """Take every run up again in this process; 75 where somebody else has it."""
    from forkjoin.engine import attach, settings_from
    from forkjoin.errors import RunOwned

    settings = settings_from(os.environ, Path.cwd())
    for run in made.runs():
        with attach(run, settings=settings) as found, contextlib.suppress(RunOwned):
            found.drive()
    return 0


def settle(made: Trial) -> None:
    """Wait until a detached owner is gone: killed, or at its end."""
    deadline = time.monotonic() + LAST_S
    while supervisors(made.home) and time.monotonic() < deadline:
        time.sleep(0.01)
    noted(made)
    for record in torn_records(made.home):
        made.broken.append(("untrue", f"the record {record} is not whole"))


# -- judging


def clean_end(made: Trial, finished: set[tuple[str, int]]) -> None:
    """Resume without a kill, compare what is told with what was seen, remove the run, and look for what is left."""
    runs = made.runs()
    began = time.time()
    code = forked(made, lambda: resume(made))
    settle(made)
    if code:
        talk = (made.folder / "talk").read_text()[-400:]
        made.broken.append(("untrue", f"the last resume ended with {code}: {talk}"))
        return
    starts, ends = logged(made)
    if starts and not runs:
        made.broken.append(("orphans", "tasks began of which no run knows"))
    for run in runs:
        judge(made, run, starts, ends, finished)
        made.resume_s = max(made.resume_s, owned_at(made, run) - began)
    no_process_left(made)
    for run in runs:
        remove(made, run)
    sweep(made.home)  # as the next launch does, for a launch or a removal that was killed has left something half made
    if left := left_on_disk(made.home, made.folder / "tree"):
        made.broken.append(("leaks", f"left on disk: {left}"))


def remove(made: Trial, run: str) -> None:
    """Remove the run, in some trials killed on the way."""
    if made.chance.random() < RESUME_KILLED:
        names = ("remove.kept", "remove.released", "remove.workspaces", "remove.aside", "release.refs")
        (made.points / "kill").write_text(f"{made.chance.choice(names)}#1")
        forked(made, lambda: command("rm", "--discard", run))
        noted(made)
    if run in made.runs() and (code := forked(made, lambda: command("rm", "--discard", run))):
        made.broken.append(("leaks", f"rm ended with {code}: {(made.folder / 'talk').read_text()[-300:]}"))


def judge(
    made: Trial,
    run: str,
    starts: collections.Counter[str],
    ends: collections.Counter[str],
    finished: set[tuple[str, int]],
) -> None:
    result = shown(made, run)
    shim_killed = any(name.startswith(("shim.", "record.")) for name in made.kills)
    unrecorded = any(name.startswith(AFTER_THE_PROGRAM) for name in made.kills)
    for one in result:
        name, state = one["id"], one["state"]
        most = 2 if unrecorded and name == RETRIED else 1
        if ends[name] > most:
            made.broken.append(("finished_rerun", f"{name} was finished {ends[name]} times"))
        if starts[name] > (2 if shim_killed and name == RETRIED else 1):
            made.broken.append(("duplicated", f"{name} was started {starts[name]} times"))
        if state == "completed":
            made.broken += [("untrue", what) for what in untrue(one, ends[name])]
        elif not shim_killed:
            made.broken.append(("lost", f"{name} is {state} though no shim was killed: {one['reason']}"))
        elif state not in ("lost", "blocked"):
            made.broken.append(("untrue", f"{name} is {state}: {one['reason']}"))
    for name, number in ended_attempts(made.home):
        if (name, number - 1) in finished:
            made.broken.append(("finished_rerun", f"{name} has an attempt after its exit record {number - 1}"))


def untrue(one: dict[str, object], ends: int) -> Iterator[str]:
    if not ends:
        yield f"{one['id']} completed and never came to its end"
    if str(one["answer"]).strip() != f"answer-{one['id']}":
        yield f"{one['id']} completed with the answer {one['answer']!r}"
    if one["id"] in WRITERS and one["changes"]["files"] != [f"{one['id']}.txt"]:  # type: ignore[index]  # our own JSON
        yield f"{one['id']} completed and its change is lost: {one['changes']}"


def shown(made: Trial, run: str) -> list[dict[str, object]]:
    """Return the tasks as `show --json` tells them, in a process that has nothing in memory of the run."""
    (made.folder / "talk").write_bytes(b"")
    forked(made, lambda: command("show", "--json", f"{run}/"))
    said = (made.folder / "talk").read_text()
    tasks: list[dict[str, object]] = json.loads(said)["tasks"]
    return tasks


def logged(made: Trial) -> tuple[Count, Count]:
    lines = []
    with contextlib.suppress(OSError):
        lines = [line.split() for line in (made.folder / "log").read_text().splitlines()]
    return (
        collections.Counter(name for word, name in lines if word == "S"),
        collections.Counter(name for word, name in lines if word == "E"),
    )


def no_process_left(made: Trial) -> None:
    deadline = time.monotonic() + 2
    while (left := marked(made.home) + helpers(made.home, "forkjoin-nurse")) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        made.broken.append(("orphans", f"still alive two seconds after the end: {left}"))


def planned(journal: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
            return bool(reader.execute("SELECT count(*) FROM event").fetchone()[0])
    except sqlite3.Error:
        return False


def owned_at(made: Trial, run: str) -> float:
    """Return when the last owner had taken the run: everything that had ended before was collected by then."""
    journal = made.home / "runs" / run / "journal.db"
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
        return float(reader.execute("SELECT coalesce(max(at), 0) FROM event WHERE kind = 'owned'").fetchone()[0])


# -- many of them


def all_points(top: Path) -> list[str]:
    """Count the points in clean runs, and return their names."""
    found: dict[str, None] = {}
    for plan in PLANS:
        made = trial(Trial(folder=top / f"clean-{plan}", plan=plan, kill="", seed="clean"))
        if made.broken:
            raise SystemExit(f"a run without a kill broke a promise: {made.broken}")
        found |= dict.fromkeys(made.hits())
    return list(found)


def trials(top: Path, *, every: Sequence[str], chances: int, seed: int) -> list[Trial]:
    """Return the trials to be run: each named point once, then *chances* of random numbers."""
    chance = random.Random(seed)
    made = []
    for number, name in enumerate(every):
        detached = name.startswith(("supervisor", "launch.detached")) or number % 4 == 0
        plan = PLANS[detached]
        folder = top / f"point-{name.replace('#', '-')}"  # a # would end the path in SQLite's URI
        kill = name if "#" in name else f"{name}#1"
        made.append(Trial(folder=folder, plan=plan, kill=kill, seed=f"{seed} {name}"))
    for number in range(chances):
        kill = str(chance.randint(1, 230))
        folder = top / f"random-{number}"
        plan = PLANS[number % 4 == 0]  # a supervisor is an interpreter of its own: most of the cost
        made.append(Trial(folder=folder, plan=plan, kill=kill, seed=f"{seed} {number}"))
    return made


def run_all(todo: Sequence[Trial], *, workers: int, keep: bool = False) -> Iterator[Trial]:
    """Run trials in so many processes; yield each as it is done."""
    readers = []
    for number in range(workers):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            with os.fdopen(write, "w") as out:
                for made in todo[number::workers]:
                    one_done(made, out, keep=keep)
            os._exit(0)
        os.close(write)
        readers.append((pid, os.fdopen(read)))
    for pid, reader in readers:
        with reader:
            for line in reader:
                said = json.loads(line)
                yield Trial(**said | {"folder": Path(said["folder"]), "broken": [tuple(one) for one in said["broken"]]})
        os.waitpid(pid, 0)


def one_done(made: Trial, out: object, *, keep: bool) -> None:
    try:
        trial(made)
    except Exception as error:
        made.broken.append(("untrue", f"the trial itself failed: {type(error).__name__}: {error}"))
    print(json.dumps(asdict(made) | {"folder": str(made.folder)}), file=out, flush=True)  # type: ignore[arg-type]
    if not made.broken and not keep:
        shutil.rmtree(made.folder, ignore_errors=True)


def summary(done: Sequence[Trial]) -> dict[str, object]:
    """Return the figures of a report: everything but trials and kills ought to be zero."""
    kinds = collections.Counter(kind for made in done for kind, _ in made.broken)
    return {
        "trials": len(done),
        "kills": sum(len(made.kills) for made in done),
        **{kind: kinds[kind] for kind in ("finished_rerun", "lost", "duplicated", "orphans", "leaks", "untrue")},
        "longest_resume_s": round(max((made.resume_s for made in done), default=0.0), 3),
        "broken": [
            f"{one.folder.name} (killed at {', '.join(one.kills)}): {what}" for one in done for _, what in one.broken
        ],
    }  # fmt: skip


def main() -> int:
    """Run them, print what broke and the figures; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--random", type=int, default=200)
    asked.add_argument("--only", default="", help="these points alone, once each; `none`: no point by its name")
    asked.add_argument("--workers", type=int, default=4)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", default="")
    asked.add_argument("--keep", action="store_true", help="keep the folders of all trials")
    given = asked.parse_args()
    ready()
    top = Path(tempfile.mkdtemp(prefix="forkjoin-points-"))
    repository(top / "template")
    names = given.only.split(",") if given.only else all_points(top)
    todo = trials(top, every=[name for name in names if name != "none"], chances=given.random, seed=given.seed)
    done = list(run_all(todo, workers=given.workers, keep=given.keep))
    figures = {"points": len(names)} | summary(done)
    for line in figures["broken"]:  # type: ignore[attr-defined]  # a list, see summary
        print(line)
    print(json.dumps({name: value for name, value in figures.items() if name != "broken"}))
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=1))
    return 1 if figures["broken"] else 0


def ready() -> None:
    """Import all that a run needs, so that forked owners have it."""
    import forkjoin.engine.drive
    import forkjoin.engine.launching
    import forkjoin.engine.supervise
    import forkjoin.interfaces.cli.group
    import forkjoin.interfaces.cli.starting  # noqa: F401 - for what it loads


if __name__ == "__main__":
    sys.exit(main())
