"""Power-loss trials: what a run did to its files is written down, and rebuilt as a power cut could have left it.

    python tests/crash/power.py [--replays 100] [--seed 1] [--workers 4] [--json FILE]

After a cut, what was synced is there; of the rest anything may be missing: writes whole or torn at 512 bytes, names
that were created, renamed or removed. Two models: `ordered` (a sync makes all earlier changes of names durable, as ext4
and xfs do) and `strict` (only those in a folder that was itself synced); what lies in workspaces follows the first. The
method is that of ALICE (Pillai et al., OSDI 2014). `--json` writes `replays`, `cuts_after_told`, `lost`, `untrue`,
`unopened`, `broken`.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/power.py`
from crash.iolayer import Op, compiled, operations, recording
from crash.looking import environ, repository, torn_records

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
NAMES = "CMRLUDY"
SECTOR = 512


@dataclass
class Place:
    """Where one worker records and replays: always below the same root, for journals hold absolute paths."""

    top: Path
    library: Path

    @property
    def root(self) -> Path:
        """What the layer watches: the state folder, and the marks of what the outside was told."""
        return self.top / "root"

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.root / "home"

    @property
    def tree(self) -> Path:
        """The user's repository; outside of what is watched."""
        return self.top / "tree"


def recorded(place: Place, mode: str) -> list[Op]:
    """Run a plan under the layer and return what happened to files, and what was told, in order."""
    shutil.rmtree(place.root, ignore_errors=True)
    (place.root / "marks").mkdir(parents=True)
    log = place.top / f"log-{mode}"
    marks = place.root / "marks"
    plan = place.top / "plan.json"
    plan.write_text(json.dumps({"max_parallel": 3, "tasks": [task(place, n) for n in range(6)]}))
    words = ["--detach"] if mode == "detached" else ["--jsonl"]
    with (marks / "told").open("wb", buffering=0) as told:
        subprocess.run(
            [*FORKJOIN, "run", str(plan), *words],
            cwd=place.tree, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.DEVNULL, check=True,
            env=environ(place.home) | recording(place.library, place.root, log),
        )  # fmt: skip
    if mode == "detached":
        subprocess.run([*FORKJOIN, "wait"], cwd=place.tree, env=environ(place.home), check=True, capture_output=True)
    return list(operations(log))


def task(place: Place, number: int) -> dict[str, object]:
    name, log = f"t{number}", place.root / "marks" / "log"
    write = f"echo {name} > {name}.txt; " if number in (1, 4) else ""
    big = "head -c 9000 /dev/zero | tr '\\0' x; " if number == 2 else ""
    return {
        "id": name, "shell": f"echo S {name} >> {log}; {write}{big}sleep 0.0{number}; echo answer-{name}",
        "writes": [f"{name}.txt"] if write else [], "after": ["t1"] if number == 4 else [],
    }  # fmt: skip


# -- what a power cut leaves


@dataclass
class File:
    """One file by its identity, whatever its name: what was done to its bytes, as (operation's number, operation)."""

    changes: list[tuple[int, Op]] = field(default_factory=list)
    synced: int = -1  # the number of its last sync
    then: bytes = b""  # what it held at that sync


@dataclass
class Disk:
    """The operations up to a cut, each with the file it was about."""

    ops: Sequence[Op]
    root: str  # the layer looks below it, so that its own names are beyond the model
    files: list[File | None] = field(default_factory=list)
    folder_synced: dict[str, int] = field(default_factory=dict)
    last_sync: int = -1

    def __post_init__(self) -> None:
        names: dict[str, File] = {}
        for number, op in enumerate(self.ops):
            found = names.get(op.path)
            if op.letter == "C":
                found = names[op.path] = File()
            elif op.letter in "WTA":
                found = names.setdefault(op.path, File())
                found.changes.append((number, op))
            elif op.letter == "S":
                self.last_sync = number
                if found is not None:
                    found.synced, found.then = number, op.data
                else:
                    self.folder_synced[op.path] = number
            elif op.letter == "R":
                moved = [name for name in names if name == op.path or name.startswith(f"{op.path}/")]
                for name in moved:
                    names[op.more + name[len(op.path) :]] = names.pop(name)
            elif op.letter == "L" and found is not None:
                names[op.more] = found
            elif op.letter == "U":
                names.pop(op.path, None)
            self.files.append(found)


def rebuilt(disk: Disk, root: Path, *, model: str, chance: random.Random) -> None:
    """Write below *root* what a power cut could have left."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    entries: dict[str, File | None] = {}
    whole = {str(root), str(root / "marks")}
    for number, op in enumerate(disk.ops):
        if op.letter in NAMES and kept(disk, number, op, model=model, chance=chance):
            apply_name(entries, op, disk.files[number])
    for path, file in sorted(entries.items()):
        if str(Path(path).parent) not in whole:
            continue  # its folder is not there
        if file is None:
            Path(path).mkdir(exist_ok=True)
            whole.add(path)
        else:
            Path(path).write_bytes(content(file, chance))


def kept(disk: Disk, number: int, op: Op, *, model: str, chance: random.Random) -> bool:
    """Say whether a change of names outlives the cut."""
    if "/marks/" in op.path:
        return False
    if model == "ordered" or "/snapshot.git/" in op.path or "/workspaces/" in op.path or ".git" in op.path:
        return number < max(disk.last_sync, cut_of(disk, chance))
    folder = str(Path(op.more if op.letter in "RL" else op.path).parent)  # of a rename the new name: it happens at once
    synced = disk.folder_synced.get(folder, -1)
    return folder == disk.root or number < synced or chance.random() < 0.5


def cut_of(disk: Disk, chance: random.Random) -> int:
    """Return up to where the changes of names got by themselves: the same for all of one rebuild."""
    state = chance.__dict__.setdefault("cut", chance.randint(disk.last_sync + 1, len(disk.ops)))
    return int(state)


def apply_name(entries: dict[str, File | None], op: Op, file: File | None) -> None:
    if op.letter == "M":
        entries.setdefault(op.path, None)
    elif op.letter == "C":
        entries[op.path] = file
    elif op.letter == "R":
        for name in [name for name in entries if name == op.path or name.startswith(f"{op.path}/")]:
            entries[op.more + name[len(op.path) :]] = entries.pop(name)
        entries.setdefault(op.more, file)  # the new name lasts, whether or not the old one did
    elif op.letter == "L" and file is not None:
        entries[op.more] = file
    elif op.letter in "UD":
        entries.pop(op.path, None)


def content(file: File, chance: random.Random) -> bytes:
    """Return the bytes of a file: what was synced, and of the rest anything."""
    data = bytearray(file.then)
    for number, op in file.changes:
        if number < file.synced:
            continue
        survives = chance.random() < 0.5
        if op.letter == "T":
            if survives:
                size = int(op.more)
                data[size:] = bytes(max(0, size - len(data)))
        elif op.letter == "A":
            data.extend(bytes(max(0, int(op.more) - len(data))))
        else:
            write(data, op, survives=survives, torn=chance.random() < 0.3, chance=chance)
    return bytes(data)


def write(data: bytearray, op: Op, *, survives: bool, torn: bool, chance: random.Random) -> None:
    start = int(op.more)
    bytes_ = op.data
    if torn:
        bytes_ = bytes_[: SECTOR * chance.randint(0, len(bytes_) // SECTOR)]
    if not survives:
        if chance.random() < 0.5:  # the size got there, the bytes did not
            data.extend(bytes(max(0, start + len(bytes_) - len(data))))
        return
    data.extend(bytes(max(0, start - len(data))))
    data[start : start + len(bytes_)] = bytes_


# -- judging


@dataclass
class Told:
    """What the outside knew at the cut: the run's id, events as they were printed, tasks that had begun."""

    run: str = ""
    events: dict[int, dict[str, object]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)


def told(ops: Sequence[Op]) -> Told:
    found, out = Told(), b""
    for op in ops:
        if op.letter == "W" and op.path.endswith("/marks/told"):
            out += op.data
        elif op.letter == "W" and op.path.endswith("/marks/log"):
            found.begun.add(op.data.split()[1].decode())
    for line in out.decode().split("\n")[:-1]:
        if line.startswith("{"):
            event = json.loads(line)
            found.events[event["seq"]] = event
            found.run = found.run or event["event"]["run"]
        else:
            found.run = found.run or line
    return found


def judged(place: Place, known: Told) -> list[tuple[str, str]]:
    """Take the rebuilt state up, in this process, and return what is wrong with it."""
    from forkjoin.backends import processes
    from forkjoin.engine import attach, settings_from
    from forkjoin.errors import ForkjoinError
    from forkjoin.model import to_json

    processes.boot_id = lambda: "another-boot"
    broken = [("untrue", f"the record {record} is not whole") for record in torn_records(place.home)]
    try:
        runs = sorted(path.parent.name for path in place.home.glob("runs/*/journal.db"))
        if known.run and known.run not in runs:
            return [*broken, ("lost", f"run {known.run} was told and is not there")]
        for run in runs:
            with attach(run, settings=settings_from(os.environ, place.tree)) as found:
                events = {one.seq: json.loads(to_json(one)) for one in found.events()}
                for seq, event in known.events.items():
                    if events.get(seq) != event:
                        broken.append(("lost", f"event {seq} was told and is {str(events.get(seq))[:200]}"))
                started = {e["event"]["task"] for e in events.values() if e["event"]["kind"] == "starting"}
                broken += [("lost", f"{task} began and no event says so") for task in known.begun - started]
                broken += after_resume(found)
    except ForkjoinError as error:
        broken.append(("unopened", f"{type(error).__name__}: {error}"))
    return broken


def after_resume(found: object) -> list[tuple[str, str]]:
    """Drive the run to its end and compare what it tells with what its tasks do."""
    broken: list[tuple[str, str]] = []
    run: object = found
    check_changes(run, broken)
    run.drive()  # type: ignore[attr-defined]  # a Run: forkjoin is imported in the forked child alone
    check_changes(run, broken)
    for one in run.result().tasks:  # type: ignore[attr-defined]  # as above
        if one.state == "completed" and not one.answer.strip().endswith(f"answer-{one.id}"):
            broken.append(("untrue", f"{one.id} completed with the answer {one.answer[:40]!r}"))
        if one.state not in ("completed", "lost", "blocked"):
            broken.append(("untrue", f"{one.id} is {one.state}: {one.reason}"))
    return broken


def check_changes(run: object, broken: list[tuple[str, str]]) -> None:
    for view in run.view().tasks:  # type: ignore[attr-defined]  # as above
        if not view.changes.commit or view.state == "lost":  # what lost work left is taken as the power cut left it
            continue
        git = ["git", f"--git-dir={run.folder}/git", "cat-file", "-p", f"{view.changes.commit}:{view.id}.txt"]  # type: ignore[attr-defined]  # as above
        done = subprocess.run(git, capture_output=True, check=False)
        if done.stdout != f"{view.id}\n".encode():
            broken.append(("lost", f"the change of {view.id} is recorded and not whole: {done.stderr.decode()[-200:]}"))
        with contextlib.suppress(OSError):
            if run.diff(view.id).startswith(b"diff "):  # type: ignore[attr-defined]  # as above
                continue
        broken.append(("lost", f"the patch of {view.id} is recorded and not whole"))


def replayed(place: Place, ops: Sequence[Op], *, seed: str, model: str) -> tuple[bool, list[tuple[str, str]]]:
    """Cut at a moment of chance, rebuild, judge in a forked child; return whether anything was told, and what broke."""
    chance = random.Random(seed)
    cut = chance.randint(1, len(ops))
    known = told(ops[:cut])
    rebuilt(Disk(ops=ops[:cut], root=str(place.root)), place.root, model=model, chance=chance)
    read, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        broken = [("untrue", "the judge failed")]
        try:
            os.close(read)
            null = os.open(os.devnull, os.O_RDWR)
            for target in (0, 1, 2):
                os.dup2(null, target)
            os.environ.clear()
            os.environ.update(environ(place.home))
            os.chdir(place.tree)
            (place.root / "marks").mkdir(parents=True, exist_ok=True)
            broken = judged(place, known)
        except BaseException as error:
            broken = [("untrue", f"{type(error).__name__}: {error}")]
        finally:
            os.write(write_end, json.dumps(broken[:20]).encode())
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read, "rb") as said:
        broken = json.loads(said.read() or b'[["untrue", "the judge died"]]')
    os.waitpid(pid, 0)
    where = f"cut at {cut} of {len(ops)} ({model}, seed {seed})"
    return bool(known.run), [(kind, f"{where}: {what}") for kind, what in broken]


def main() -> int:
    """Record, replay, print what broke and the figures; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--replays", type=int, default=100)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--workers", type=int, default=3)
    asked.add_argument("--json", default="")
    asked.add_argument(
        "--until-broken", action="store_true", help="each worker stops at the first that broke a promise"
    )
    given = asked.parse_args()
    import forkjoin.engine.driving.drive
    import forkjoin.engine.launching.launching  # noqa: F401 - for what it loads: forked judges have it

    top = Path(tempfile.mkdtemp(prefix="forkjoin-power-"))
    library = compiled(top)
    pids = []
    for worker in range(given.workers):
        pid = os.fork()
        if pid == 0:
            place = Place(top=top / str(worker), library=library)
            done = work(place, range(worker, given.replays, given.workers), seed=given.seed, first=given.until_broken)
            (top / f"{worker}.json").write_text(json.dumps(done))
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)
    done = [one for worker in range(given.workers) for one in json.loads((top / f"{worker}.json").read_text())]
    kinds = collections.Counter(kind for _, broken in done for kind, _ in broken)
    broken = [what for _, found in done for _, what in found]
    figures = {"replays": len(done), "cuts_after_told": sum(one for one, _ in done)}
    figures |= {kind: kinds[kind] for kind in ("lost", "untrue", "unopened")}
    print("\n".join(broken[:40]))
    print(json.dumps(figures))
    if given.json:
        Path(given.json).write_text(json.dumps(figures | {"broken": broken}, indent=1))
    shutil.rmtree(top, ignore_errors=True)
    return 1 if broken or len(done) < given.replays else 0


def work(place: Place, numbers: range, *, seed: int, first: bool) -> list[tuple[bool, list[tuple[str, str]]]]:
    """Return what each replay showed; with *first* none after one that broke something."""
    place.top.mkdir()
    repository(place.tree)
    logs = {mode: recorded(place, mode) for mode in ("attached", "detached")}
    done = []
    for number in numbers:
        ops = logs["detached" if number % 3 == 0 else "attached"]
        done.append(replayed(place, ops, seed=f"{seed} {number}", model=("ordered", "strict")[number % 2]))
        if first and done[-1][1]:
            break
    return done


if __name__ == "__main__":
    sys.exit(main())
