"""One kill trial at fail points: a run is started and killed, its resume too in 40 of 100 cases, then it is judged.

Owners are forked from a process that has imported everything, so that a trial costs its own work. Every task leaves a
process behind that would live for long, so that whatever is not ended is seen.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crash.landings import landed
from crash.looking import (
    Count,
    alive,
    ended_attempts,
    ended_within,
    environ,
    left_on_disk,
    logged,
    marked,
    planned,
    succeeded,
    supervises,
    supervisors,
    taken_up_at,
    torn_records,
    unjournaled,
)

from forkjoin import failpoints
from forkjoin.engine.folder import sweep

PLANS = ("attached", "detached", "copies")  # copies: outside git, where writers work in copies
WRITERS, RETRIED, FLAKY, DAEMON = ("w1", "w2"), "again", "flaky", "daemon"
LIGHT = ("quick", "w1", RETRIED, FLAKY)
AFTER_THE_PROGRAM = ("shim.ended", "shim.swept", "record.")  # a shim killed here leaves a finished program unrecorded
REMOVALS = ("remove.kept", "remove.released", "remove.workspaces", "remove.aside", "release.refs")
RESUME_KILLED, DEPTH = 0.4, 4
LAST_S = 60.0


@dataclass
class Trial:
    """Where it happens and what is killed; afterwards what was, and which promises were broken.

    `kill` and `again`, for the run and for its first resume, are what the file of failpoints.py takes: a number over
    all points, NAME, or NAME#3; `again` counts from that resume on, and "" leaves it to chance. A `light` one has four
    tasks of seven: no set-up, nothing behind anything, and nothing is landed.
    """

    folder: Path
    plan: str
    kill: str
    seed: str
    again: str = ""
    light: bool = False
    kills: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
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

    @property
    def shims_killed(self) -> int:
        """How many attempts cannot have left a record."""
        return sum(name.startswith(("shim.", "record.")) for name in self.kills)

    def hits(self) -> list[str]:
        """Return the names of the points reached so far."""
        with contextlib.suppress(OSError):
            return [line.split()[0] for line in (self.points / "hits").read_text().splitlines()]
        return []

    def runs(self) -> list[str]:
        """Return the runs whose plan is committed: before that nobody was told an id."""
        return sorted(journal.parent.name for journal in self.home.glob("runs/*/journal.db") if planned(journal))

    def broke(self, kind: str, what: str) -> None:
        """Take note of a promise that was broken."""
        self.broken.append((kind, what))


def trial(made: Trial) -> Trial:
    """Run it: start, kill, resume (and kill that), resume, judge, remove."""
    if made.plan == "copies":
        (made.folder / "tree").mkdir(parents=True)
        (made.folder / "tree" / "f").write_text("x\n")
    else:
        shutil.copytree(made.folder.parent / "template", made.folder / "tree")
    made.points.mkdir()
    (made.points / "kill").write_text(made.kill)
    (made.folder / "plan.json").write_text(json.dumps(plan_of(made)))
    how = ["--detach"] if made.plan == "detached" else ["-q"]
    try:
        forked(made, lambda: command("run", str(made.folder / "plan.json"), *how))
        settle(made)
        committed_first(made)
        finished = succeeded(made.home)
        for kill in resume_kills(made):
            (made.points / "kill").write_text(kill)
            forked(made, lambda: resume(made))
            settle(made)
            committed_first(made)
            finished |= succeeded(made.home)
        clean_end(made, finished)
        made.reached = sorted(set(made.hits()))
    finally:
        for pid in (*supervisors(made.home), *marked(made.home)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return made


def resume_kills(made: Trial) -> Iterator[str]:
    """Yield, as long as chance will, at which point the next resume is killed."""
    if made.again and made.runs():
        name, _, time_ = made.again.partition("#")
        yield f"{name}#{made.hits().count(name) + int(time_ or 1)}"
    for _ in range(DEPTH):
        if made.chance.random() >= RESUME_KILLED or not made.runs():
            return
        yield str(len(made.hits()) + made.chance.randint(1, 60))


def plan_of(made: Trial) -> dict[str, object]:
    nap = made.chance.choice((0.3, 0.8))
    tasks = [
        task(made, "quick", 0.1),
        task(made, "w1", 0.4),
        task(made, RETRIED, nap, retries=1),
        task(made, DAEMON, 0.2),
        task(made, "w2", 0.2, after=["w1"], setup_once="mkdir deps; echo once > deps/made", setup="test -e deps/made"),
        task(made, FLAKY, 0.3, retries=5),
        task(made, "last", 0.1, after=["quick"]),
    ]
    if made.light:
        tasks = [one for one in tasks if one["id"] in LIGHT]
    return {"max_parallel": 3, "tasks": tasks}


def task(made: Trial, name: str, seconds: float, **more: object) -> dict[str, object]:
    log = made.folder / "log"
    steps = [f"echo S {name} >> {log}"]
    # Both would live on: one in the program's group, one in a session of its own.
    steps.append(f"{'setsid ' if name == DAEMON else ''}sleep 40 >/dev/null 2>&1 & :")
    if name == FLAKY:
        steps.append(f"mkdir {made.folder}/tried 2>/dev/null && exit 9")
    if "after" in more and name in WRITERS:
        steps.append("test -e w1.txt || exit 8")  # it starts from what its predecessor did
    if name in WRITERS:
        steps.append(f"echo {name} > {name}.txt")
    steps += [f"sleep {seconds}", f"echo E {name} >> {log}", f"echo answer-{name}"]
    return {"id": name, "shell": "\n".join(steps), "writes": [f"{name}.txt"] if name in WRITERS else [], **more}


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
    in_time = ended_within(pid, LAST_S)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
        made.broke("untrue", f"a command did not end in {LAST_S:g} s")
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if in_time else 99


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
    owners = supervisors(made.home)
    while any(supervises(made.home, pid) for pid in owners) and time.monotonic() < deadline:
        time.sleep(0.02)
    noted(made)
    for record in torn_records(made.home):
        made.broke("untrue", f"the record {record} is not whole")


def committed_first(made: Trial) -> None:
    """Take note of programs that began before their start was durable: now, for the next owner sees to it that such a
    one is not started twice."""
    for name, times in unjournaled(made.home, made.folder / "log").items():
        made.broke("untrue", f"{name} began {times} times that the journal does not know")


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


# -- judging


def clean_end(made: Trial, finished: set[tuple[str, int]]) -> None:
    """Resume without a kill, compare what is told with what was seen, remove the run, and look for what is left."""
    runs = made.runs()
    began, ended = time.time(), ended_attempts(made.home)
    code = forked(made, lambda: resume(made))
    settle(made)
    if code:
        made.broke("untrue", f"the last resume ended with {code}: {(made.folder / 'talk').read_text()[-400:]}")
        return
    starts, ends = logged(made.folder / "log")
    if starts and not runs:
        made.broke("orphans", "tasks began of which no run knows")
    for run in runs:
        told = {str(one["id"]): one for one in shown(made, run)}
        judge(made, told, starts, ends)
        bring_home(made, run, told)
        made.resume_s = max(made.resume_s, taken_up_at(made.home / "runs" / run / "journal.db", ended) - began)
    for name, number in ended_attempts(made.home):
        if (name, number - 1) in finished:
            made.broke("finished_rerun", f"{name} has an attempt after its exit record {number - 1}")
    no_process_left(made)
    for run in runs:
        remove(made, run)
    sweep(made.home)  # as the next launch does, for a launch or a removal that was killed has left something half made
    if left := left_on_disk(made.home, made.folder / "tree"):
        made.broke("leaks", f"left on disk: {left}")


def bring_home(made: Trial, run: str, told: Mapping[str, Mapping[str, object]]) -> None:
    """Land what the run's writers changed, as `landings.py` tells."""
    writers = [name for name in WRITERS if name in told and told[name]["state"] == "completed"]
    if made.plan != "copies" and len(writers) == len(WRITERS):
        whole = all(one["state"] == "completed" for one in told.values())
        land = lambda: forked(made, lambda: command("land", "--apply", run))  # noqa: E731 - said once, done twice
        landed(made, run, writers, land, lambda: noted(made), whole=whole)


def judge(made: Trial, told: Mapping[str, Mapping[str, object]], starts: Count, ends: Count) -> None:
    """Compare what the run tells of its tasks with what they did."""
    undone = [name for name, one in told.items() if one["state"] != "completed"]
    lost = [name for name in undone if gone(told[name])]
    blocked = {"w2": "w1", "last": "quick"}
    for name in undone:
        if name not in lost and not (told[name]["state"] == "blocked" and blocked.get(name) in undone):
            made.broke("lost", f"{name} is {told[name]['state']}: {told[name]['reason']}")
    if len(lost) > made.shims_killed:
        why = [str(told[name]["reason"]) for name in lost]
        made.broke("lost", f"{lost} are lost, and {made.shims_killed} shims were killed: {why}")
    unrecorded = sum(name.startswith(AFTER_THE_PROGRAM) for name in made.kills)
    ended_again = {name: count - 1 for name, count in ends.items() if count > 1}
    if sum(ended_again.values()) > unrecorded or ended_again.keys() - {RETRIED, FLAKY}:
        made.broke("finished_rerun", f"{ended_again} were finished again, {unrecorded} had left no record")
    own = collections.Counter({FLAKY: 1})  # it fails once by itself
    began_again = +(starts - own - collections.Counter(dict.fromkeys(told, 1)))
    if began_again.total() > made.shims_killed or began_again.keys() - {RETRIED, FLAKY}:
        made.broke("duplicated", f"{dict(began_again)} began again, {made.shims_killed} shims were killed")
    for name, one in told.items():
        if one["state"] == "completed":
            made.broken += [("untrue", what) for what in untrue(one, ends[name])]


def gone(one: Mapping[str, object]) -> bool:
    """Whether a task, or the set-up of its workspace, had no process and no record any more."""
    return one["state"] == "lost" or (one["state"] == "failed" and "without leaving a record" in str(one["reason"]))


def untrue(one: Mapping[str, object], ends: int) -> Iterator[str]:
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


def no_process_left(made: Trial) -> None:
    deadline = time.monotonic() + 2
    while left := alive(made.home):
        if time.monotonic() >= deadline:
            made.broke("orphans", f"still alive two seconds after the end: {left}")
            return
        time.sleep(0.02)


def remove(made: Trial, run: str) -> None:
    """Remove the run, in some trials killed on the way."""
    if made.chance.random() < RESUME_KILLED:
        name = made.chance.choice(REMOVALS)
        (made.points / "kill").write_text(f"{name}#{made.hits().count(name) + 1}")
        forked(made, lambda: command("rm", "--discard", run))
        noted(made)
    if run in made.runs() and (code := forked(made, lambda: command("rm", "--discard", run))):
        made.broke("leaks", f"rm ended with {code}: {(made.folder / 'talk').read_text()[-300:]}")
