"""Full disks: the state folder lies on a small file system of its own, which is full from the start or fills up.

    python tests/crash/fulldisk.py [--patience 30] [--only CASE] [--json FILE]

Launches stop, what runs finishes, what was done is kept, the exit code is 5 and the last word a remedy; when there is
room again `resume` goes on, and nothing has run twice. A stop that is asked for on a full disk is not forgotten.
It needs a mount namespace (`unshare`): where there is none it says so and exits with 77. --patience is how long an
owner waits for room (the product waits 30 s).
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/fulldisk.py`
from crash.looking import marked, repository, supervisors
from crash.mother import Mother
from crash.points import ready

NO_NAMESPACE = 77
ROOMY = "700m"  # well above the floor below which nothing is launched
STOPPED_S = 15.0


@dataclass
class Trial:
    """One file system and what happened on it."""

    folder: Path
    name: str
    mother: Mother
    size: str = ROOMY
    code: int = 0
    when_full: int = 0
    broken: list[str] = field(default_factory=list)

    def mount(self) -> None:
        """Make the tree, and the file system for the state folder."""
        repository(self.folder / "tree")
        self.home.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=700,size={self.size}", "none", str(self.home)], check=True)

    @property
    def home(self) -> Path:
        """The state folder: the top of the file system."""
        return self.folder / "home"

    @property
    def ballast(self) -> Path:
        """What fills it up."""
        return self.home / "ballast"

    def forkjoin(self, *words: str) -> int:
        """Return a command's exit code."""
        return self.mother.command(self.folder, words)

    def said(self) -> str:
        """Return what the last command said."""
        return (self.folder / "err").read_text(errors="replace") + (self.folder / "out").read_text(errors="replace")

    def fill(self) -> None:
        """Leave not a byte."""
        with self.ballast.open("ab", buffering=0) as file:
            for size in (2**20, 4096, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        """Take the ballast away, or make the file system larger."""
        self.ballast.unlink(missing_ok=True)
        subprocess.run(["mount", "-o", f"remount,size={ROOMY}", str(self.home)], check=True)

    def plan(self, *tasks: dict[str, object]) -> str:
        """Write a plan of tasks that run one after another, each with a line in a log when it starts."""
        log = self.folder / "log"
        made = [{"writes": [], **task, "shell": f"echo {task['id']} >> {log}; {task['shell']}"} for task in tasks]
        (self.folder / "plan.json").write_text(json.dumps({"max_parallel": 1, "tasks": made}))
        return str(self.folder / "plan.json")

    def starts(self) -> collections.Counter[str]:
        """Return how often each task started."""
        log = self.folder / "log"
        return collections.Counter(log.read_text().split() if log.exists() else ())

    def states(self) -> dict[str, tuple[str, str]]:
        """Return state and answer of each task."""
        self.forkjoin("show", "--json")
        told = json.loads((self.folder / "out").read_bytes())["tasks"]
        return {one["id"]: (one["state"], one["answer"].strip()) for one in told}

    def hold(self, right: bool, what: str) -> None:
        """Take note of a promise that was broken."""
        if not right:
            self.broken.append(f"{what}; exit {self.code}, {self.said()[-400:]!r}")

    def until(self, right: Callable[[], object], within_s: float, what: str) -> None:
        """Wait for something."""
        limit = time.monotonic() + within_s
        while not right() and time.monotonic() < limit:
            time.sleep(0.05)
        self.hold(bool(right()), what)


def full_from_the_start(made: Trial) -> None:
    """A run is held, left with a remedy, and taken up when there is room."""
    plan = made.plan({"id": "a", "shell": "echo answer-a"}, {"id": "b", "shell": "echo answer-b"})
    made.code = made.forkjoin("run", "-q", plan)
    made.hold(made.code == 5 and "forkjoin resume" in made.said(), "a held run ends with 5 and a remedy")
    made.hold(not made.starts(), "nothing is launched without room")
    goes_on(made, {"a": "answer-a", "b": "answer-b"})


def too_small_for_a_run(made: Trial) -> None:
    """A run that does not fit is refused, and leaves nothing."""
    made.code = made.forkjoin("run", "-q", made.plan({"id": "a", "shell": "echo answer-a"}))
    made.hold(made.code == 5 and "free some space" in made.said(), "a launch without room is refused with a remedy")
    made.hold(not list(made.home.glob("runs/*")) and not made.starts(), "nothing is left of a launch without room")


def fills_up(made: Trial) -> None:
    """What runs finishes, the next is not launched, and what was done is kept."""
    fill = f"echo answer-b; head -c 1G /dev/zero > {made.ballast}; sleep 1"
    plan = made.plan(
        {"id": "a", "shell": "echo answer-a"}, {"id": "b", "shell": fill}, {"id": "c", "shell": "echo answer-c"}
    )
    made.code = made.forkjoin("run", "-q", plan)
    made.hold(made.code == 5 and "forkjoin resume" in made.said(), "a run whose disk fills up ends with 5 and a remedy")
    made.hold(set(made.starts()) == {"a", "b"}, f"only what ran before has started: {made.starts()}")
    made.hold(made.states()["a"] == ("completed", "answer-a"), "what was done can be read on a full disk")
    goes_on(made, {"a": "answer-a", "b": "answer-b", "c": "answer-c"})


def goes_on(made: Trial, answers: dict[str, str]) -> None:
    """With room again the run comes to its end, each task having run once."""
    made.when_full = made.code
    made.make_room()
    made.code = made.forkjoin("resume")
    made.hold(made.code == 0, "resume goes on when there is room")
    made.hold(made.states() == {name: ("completed", said) for name, said in answers.items()}, f"{made.states()}")
    made.hold(set(made.starts().values()) == {1}, f"each task runs once: {made.starts()}")


def stop_of_a_detached_run(made: Trial) -> None:
    """A stop is told to the owner though its journal is full, and to the next owner too."""
    plan = made.plan({"id": "a", "shell": "sleep 300"}, {"id": "b", "shell": "echo answer-b"})
    made.forkjoin("run", "--detach", plan)
    made.until(lambda: marked(made.home), 20, "a task starts")
    time.sleep(1.0)  # its start is journaled
    made.fill()
    made.code = made.forkjoin("stop")
    made.hold(made.code == 5 and "is kept" in made.said() and "forkjoin wait" in made.said(), "the stop is kept")
    was_stopped(made)


def interrupt_of_an_attached_run(made: Trial) -> None:
    """Ctrl-C on a full disk ends what runs, and what waits is not run by the next owner."""
    plan = made.plan({"id": "a", "shell": "sleep 300"}, {"id": "b", "shell": "echo answer-b"})
    running = Thread(target=lambda: setattr(made, "code", made.forkjoin("run", "-q", plan)))
    running.start()
    made.until(lambda: marked(made.home), 20, "a task starts")
    time.sleep(1.0)
    made.fill()
    (lock,) = made.home.glob("runs/*/owner.lock")
    os.kill(json.loads(lock.read_bytes())["pid"], signal.SIGINT)
    running.join()
    made.hold(made.code in (5, 130), "an interrupted run says so, or that there is no room")
    was_stopped(made)


def was_stopped(made: Trial) -> None:
    """The program is gone; with room again the run ends as stopped, without having run what waited."""
    made.when_full = made.code
    made.until(lambda: not marked(made.home), STOPPED_S, "what was stopped on a full disk is gone")
    made.make_room()
    made.code = made.forkjoin("wait", "--timeout", "60")
    states = made.states()
    made.hold({name: state for name, (state, _) in states.items()} == {"a": "stopped", "b": "skipped"}, f"{states}")
    made.hold(set(made.starts()) == {"a"}, f"what waited was not run: {made.starts()}")


CASES: dict[str, tuple[str, Callable[[Trial], None]]] = {
    "no room for a run": ("16k", too_small_for_a_run),
    "1 MiB": ("1m", full_from_the_start),
    "4 MiB": ("4m", full_from_the_start),
    "fills up": (ROOMY, fills_up),
    "stop": (ROOMY, stop_of_a_detached_run),
    "interrupt": (ROOMY, interrupt_of_an_attached_run),
}


def namespace() -> Iterator[list[str]]:
    """Yield ways to get a mount namespace of our own that work here."""
    for way in (["unshare", "-rm"], ["unshare", "-m"]):
        tried = subprocess.run([*way, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
        if tried.returncode == 0:
            yield way


def patient(seconds: float) -> None:
    """Import what commands need; an owner waits this long for room."""
    ready()
    from forkjoin.engine.driving import outside

    outside._ROOM_S = seconds


def main() -> int:
    """Run them in a namespace of their own; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--patience", type=float, default=30.0)
    asked.add_argument("--only", default="")
    asked.add_argument("--json", default="")
    asked.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if not given.inside:
        way = next(namespace(), None)
        if way is None:
            print(
                "skipped: no mount namespace can be made here (unshare -rm mount -t tmpfs none /mnt)", file=sys.stderr
            )
            return NO_NAMESPACE
        return subprocess.run([*way, sys.executable, *sys.argv, "--inside"], check=False).returncode
    top = Path(tempfile.mkdtemp(prefix="forkjoin-fulldisk-"))
    mother = Mother(partial(patient, given.patience))
    seen = [trial(top, name, mother) for name in CASES if given.only in name]
    broken = [f"{one['case']}: {what}" for one in seen for what in one.pop("broken")]  # type: ignore[attr-defined]
    if not broken:
        shutil.rmtree(top, ignore_errors=True)
    if given.json:
        Path(given.json).write_text(json.dumps({"rows": seen, "broken": broken}, indent=1))
    return 1 if broken else 0


def trial(top: Path, name: str, mother: Mother) -> dict[str, object]:
    """Return the row of one case."""
    size, act = CASES[name]
    made = Trial(folder=top / name.replace(" ", "-"), name=name, mother=mother, size=size)
    made.folder.mkdir()
    made.mount()
    began = time.monotonic()
    try:
        act(made)
    except Exception as error:
        made.broken.append(f"the trial itself failed: {type(error).__name__}: {error}; {made.said()[-300:]}")
    finally:
        made.until(lambda: not supervisors(made.home) and not marked(made.home), 5, "owners and programs are gone")
        for pid in (*supervisors(made.home), *marked(made.home)):
            os.kill(pid, signal.SIGKILL)
        subprocess.run(["umount", "-l", str(made.home)], check=False)
    code = made.when_full or made.code
    row: dict[str, object] = {
        "case": name, "size": size, "exit_when_full": code, "seconds": round(time.monotonic() - began, 1),
        "broken": made.broken,
    }  # fmt: skip
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
