"""Races: 2 to 8 runs begin on one repository at the same moment, or take up one run whose owner was killed.

The oracle stands outside the system: whoever holds a path makes a folder for it, which only one can (mkdir), and logs
when it took and left it. `python tests/crash/races.py --races 200 --json FILE` is the long form. The keys of FILE:

races, starts       how many trials, and how many runs or owners began in them
tasks               tasks that ended; every one completed (else it is in `broken`)
waited              tasks that waited for a task of another run: how often the claims met
double_claims       how often two tasks held one path or resource at once; must be 0
killed              owners killed -9 in the middle of a race, whose run was taken up afterwards
resume_races        races of several who resume one run
owners              the most owners that drove a run at the same time; must be 1
losers, told        who came too late for a run, and how many of them were told who has it; must be equal
stuck               runs that did not end within a minute, so claims that nobody freed; must be 0
broken              what else was wrong, in words; must be empty
seconds             of the whole trial
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/races.py`
from crash.looking import repository

from forkjoin import Plan, Task, attach
from forkjoin.engine import Overrides, launch, prepared, settings_from
from forkjoin.errors import RunOwned
from forkjoin.model import Awaited, Owned

PATHS = ("a.txt", "b.txt", "c/d.txt")
GLOBS = {"a.txt": "*.txt", "c/d.txt": "c/**"}  # another way to claim the same
KINDS = ("functions", "programs", "mixed", "killed", "resumed")
_SECONDS = {"killed": (0.2, 1.0, 1.6), "resumed": (1.0,)}  # what an owner leaves lives long enough to be met
_PATIENCE_S = 60.0


@dataclass
class Race:
    """One trial: where it happens, how many begin, and what came of it."""

    folder: Path
    kind: str
    starts: int
    chance: random.Random
    children: list[int] = field(default_factory=list)
    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def tree(self) -> Path:
        """The repository they race on."""
        return self.folder / "tree"

    @property
    def log(self) -> Path:
        """What the tasks write of themselves."""
        return self.folder / "log"


def race(folder: Path, kind: str, starts: int, seed: int) -> Race:
    """Run it; what it returns has `broken` empty where every promise held."""
    made = Race(folder=folder, kind=kind, starts=starts, chance=random.Random(seed))
    repository(made.tree)
    (made.folder / "held").mkdir()
    made.log.touch()
    os.environ["FORKJOIN_HOME"] = str(made.folder / "home")
    try:
        if kind == "resumed":
            _resumed(made)
        else:
            _begun(made)
    finally:
        for child in made.children:  # those that a broken promise has left
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    _judge(made)
    return made


# What races


def _begun(made: Race) -> None:
    """Several runs begin at once; of a `killed` race one owner is killed, and its run is taken up at the end."""
    runs = [_plan(made, number) for number in range(made.starts)]
    _at_once(made, [lambda plan=plan: _run(made, plan) for plan in runs])
    if made.kind == "killed":
        _kill_one(made)
    _wait(made)
    if made.kind == "killed":
        _take_up(made)


def _resumed(made: Race) -> None:
    """The owner of one run is killed in its middle; then several resume it at once."""
    made.counts["resume_races"] += 1
    _at_once(made, [lambda: _run(made, _plan(made, 0))])
    _kill_one(made)
    _wait(made)
    names = [path.parent.name for path in (made.folder / "home").glob("runs/*/journal.db")]
    if names:
        _at_once(made, [lambda: _resume(made, names[0])] * made.starts)
        _wait(made)
        _take_up(made)


def _run(made: Race, plan: Plan) -> None:
    settings = settings_from(os.environ, made.tree)
    ready = prepared(plan, settings=settings, tree=made.tree, overrides=Overrides())
    launch(ready, settings=settings).drive()


def _resume(made: Race, name: str) -> None:
    run = attach(name, tree=made.tree)
    try:
        run.own()
    except RunOwned as error:
        _write(made, f"LOSER {'told' if 'is owned by process' in str(error) else str(error)}")
        return
    _write(made, f"OWNER+ {name}")
    run.drive()
    _write(made, f"OWNER- {name}")


def _take_up(made: Race) -> None:
    for path in (made.folder / "home").glob("runs/*/journal.db"):
        run = attach(path.parent.name, tree=made.tree)
        if run.view().ended is None:
            with suppress(RunOwned):
                run.own()
                run.drive()


def _plan(made: Race, number: int) -> Plan:
    kind = made.chance.choice(("functions", "programs")) if made.kind == "mixed" else made.kind
    tasks = []
    for path in made.chance.sample(PATHS, made.chance.randint(1, len(PATHS))):
        seconds = made.chance.choice(_SECONDS.get(kind, (0.0, 0.05, 0.2, 0.4)))
        claimed = made.chance.choice((path, GLOBS.get(path, path)))
        if kind == "functions":
            work: dict[str, object] = {"function": _holder(made, path, seconds, number)}
        else:
            work = {"shell": _held(made, path, seconds, number)}
        tasks.append(Task(id=f"t{len(tasks)}", writes=[claimed], **work))
    return Plan(name=f"run {number}", tasks=_with_a_resource(made, tasks, kind, number))


def _with_a_resource(made: Race, tasks: list[Task], kind: str, number: int) -> list[Task]:
    if made.chance.random() < 0.5:
        return tasks
    name, seconds = "port:1", 0.05
    if kind == "functions":
        one = Task(id="port", writes=[], resources=[name], function=_holder(made, name, seconds, number))
    else:
        one = Task(id="port", writes=[], resources=[name], shell=_held(made, name, seconds, number))
    # In half of the plans it comes after the others, in half before: rings of waiting would close.
    if made.chance.random() < 0.5:
        return [*tasks, Task(**{**_fields(one), "after": [tasks[0].id]})]
    return [one, *(Task(**{**_fields(task), "after": ["port"]}) for task in tasks)]


def _fields(task: Task) -> dict[str, object]:
    work = {"function": task.function.target} if task.function else {"shell": task.shell}
    return {"id": task.id, "writes": task.writes, "resources": task.resources, **work}


# What a task does while it holds a path: only one at a time can make the folder


def _holder(made: Race, path: str, seconds: float, number: int) -> Callable[[], str]:
    held = made.folder / "held" / path.replace("/", "-")

    def hold() -> str:
        try:
            held.mkdir()
        except FileExistsError:
            _write(made, f"DOUBLE {path}")
        _write(made, f"S {number} {path}")
        time.sleep(seconds)
        _write(made, f"E {path}")
        with suppress(FileNotFoundError):
            held.rmdir()
        return path

    return hold


def _held(made: Race, path: str, seconds: float, number: int) -> str:
    held, log = made.folder / "held" / path.replace("/", "-"), made.log
    work = f"mkdir -p c; echo x >> {path}; " if ":" not in path else ""
    return (
        f"mkdir {held} 2>/dev/null || echo DOUBLE {path} >> {log}; echo S {number} {path} >> {log}; "
        f"{work}sleep {seconds}; echo E {path} >> {log}; rmdir {held} 2>/dev/null; echo done"
    )


def _write(made: Race, line: str) -> None:
    with made.log.open("a") as log:
        log.write(f"{line}\n")


# Processes


def _at_once(made: Race, acts: list[Callable[[], None]]) -> None:
    """Fork a child for each; all go on when the last of them stands at the barrier."""
    reader, writer = os.pipe()
    ready, standing = os.pipe()
    for act in acts:
        child = os.fork()
        if not child:
            os.close(writer)
            _child(made, act, reader, standing)
        made.children.append(child)
    for _ in acts:
        os.read(ready, 1)
    for fd in (writer, reader, ready, standing):
        os.close(fd)
    made.counts["starts"] += len(acts)


def _child(made: Race, act: Callable[[], None], barrier: int, standing: int) -> None:
    code = 1
    try:
        os.setsid()
        os.chdir(made.tree)
        os.write(standing, b".")
        os.read(barrier, 1)
        act()
        code = 0
    except BaseException:
        _write(made, f"CHILD {traceback.format_exc()[-600:]!r}")
    finally:
        os._exit(code)


def _kill_one(made: Race) -> None:
    """Kill an owner whose task has just begun to hold a path."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (begun := [line for line in made.log.read_text().splitlines() if line.startswith("S ")]):
        assert time.monotonic() < deadline, "nothing began"
        time.sleep(0.01)
    time.sleep(made.chance.uniform(0.0, 0.3))
    os.kill(made.children[int(made.chance.choice(begun).split()[1])], signal.SIGKILL)
    made.counts["killed"] += 1


def _wait(made: Race) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while made.children and time.monotonic() < deadline:
        made.children = [child for child in made.children if os.waitpid(child, os.WNOHANG) == (0, 0)]
        time.sleep(0.01)
    if made.children:
        made.counts["stuck"] += len(made.children)
        made.broken.append(f"{len(made.children)} of {made.starts} did not end")


# What came of it


def _judge(made: Race) -> None:
    lines = made.log.read_text().splitlines()
    made.counts["double_claims"] += sum(line.startswith("DOUBLE") for line in lines)
    if made.counts["double_claims"]:
        made.broken.append(f"{made.counts['double_claims']} paths were held twice at once")
    made.broken += [line for line in lines if line.startswith("CHILD")]
    losers = [line.partition(" ")[2] for line in lines if line.startswith("LOSER")]
    made.counts["losers"] += len(losers)
    made.counts["told"] += losers.count("told")
    made.broken += [f"a loser was not told who has it: {said}" for said in losers if said != "told"]
    made.counts["owners"] = _most_owners(lines)
    if made.counts["owners"] > 1:
        made.broken.append(f"{made.counts['owners']} owners at the same time")
    for path in (made.folder / "home").glob("runs/*/journal.db"):
        _judge_run(made, path.parent.name)
    made.counts["tasks"] += sum(line.startswith("E ") for line in lines)


def _judge_run(made: Race, name: str) -> None:
    with attach(name, tree=made.tree) as run:
        view, events = run.view(), [recorded.event for recorded in run.events()]
    made.counts["waited"] += len({event.task for event in events if isinstance(event, Awaited)})
    owners = sum(isinstance(event, Owned) for event in events)
    if owners > 1 + made.counts["killed"]:
        made.broken.append(f"run {name} had {owners} owners, {made.counts['killed']} of them killed")
    for task in view.tasks:
        lost = made.kind in ("killed", "resumed") and bool(task.task.function)
        if task.state != "completed" and not lost:
            made.broken.append(f"{view.name}/{task.id} is {task.state}: {task.why}")


def _most_owners(lines: list[str]) -> int:
    now = most = 0
    for line in lines:
        now += line.startswith("OWNER+") - line.startswith("OWNER-")
        most = max(most, now)
    return most


def main() -> int:
    """Run many races, print a line for each broken one and a table; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--races", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--kind", choices=KINDS, default=None)
    asked.add_argument("--most", type=int, default=8, help="the most that begin at once")
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    started, top = time.monotonic(), Path(tempfile.mkdtemp(prefix="forkjoin-races-"))
    total: collections.Counter[str] = collections.Counter()
    owners, broken = 1, []
    for number in range(given.races):
        kind, seed = given.kind or KINDS[number % len(KINDS)], given.seed * 100_000 + number
        made = race(top / str(number), kind, random.Random(seed).randint(2, given.most), seed)
        owners = max(owners, made.counts.pop("owners"))
        total += made.counts
        broken += [f"race {number} ({kind}, {made.starts} starts): {what}" for what in made.broken]
        for what in made.broken:
            print(f"race {number} ({kind}, {made.starts} starts): {what}", flush=True)
        if not made.broken:
            shutil.rmtree(made.folder)
    names = ("starts", "tasks", "waited", "double_claims", "killed", "resume_races", "losers", "told", "stuck")
    said = {"races": given.races, **{name: total[name] for name in names}, "owners": owners, "broken": broken,
            "seconds": round(time.monotonic() - started, 1)}  # fmt: skip
    if given.json:
        Path(given.json).write_text(json.dumps(said, indent=2) + "\n")
    print(json.dumps({**said, "broken": len(broken)}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
