"""What the trials by kind share: a folder and a state folder each, the command line, counts, the long form's page."""

from __future__ import annotations

import argparse
import collections
import importlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NoReturn

from crash.looking import alive, ended_within, environ, git, planned

import forkjoin
from forkjoin.interfaces.cli.main import answered

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
ALONE_S = 2.0  # how long after the end of a run something of it may still be seen


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Trial:
    """One trial: its kind, where it happens, what was counted, the longest times, and what was broken."""

    kind: str
    folder: Path
    chance: random.Random
    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    longest: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    state: str = "home"

    @property
    def home(self) -> Path:
        """The state folder of this trial alone."""
        return self.folder / self.state

    @property
    def tree(self) -> Path:
        """The repository of this trial alone."""
        return self.folder / "tree"

    @property
    def log(self) -> Path:
        """What the tasks themselves write: `S NAME`, `E NAME`."""
        return self.folder / "log"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its commands: nothing of ours, and temporary files where they can be counted."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        return {**environ(self.home), "TMPDIR": str(self.folder / "tmp"), "TERM": "xterm"}

    def argv(self, *words: str) -> list[str]:
        """Return a command line of forkjoin."""
        return [*FORKJOIN, *words]

    def plan(self, tasks: Sequence[Mapping[str, object]], **more: object) -> str:
        """Write a plan and return its path."""
        path = self.folder / "plan.json"
        path.write_text(json.dumps({"tasks": [*tasks], **more}))
        return str(path)

    def start(self, *words: str, **more: object) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own, its talk going to a file."""
        with (self.folder / "talk").open("ab") as talk:
            return subprocess.Popen(
                self.argv(*words), cwd=self.tree, env=self.environ, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk,
                start_new_session=True, **more,
            )  # type: ignore[call-overload, no-any-return] # fmt: skip  # a dict of arguments

    def done(self, *words: str, patience_s: float = 90.0) -> Done:
        """Return how a command ended; one that does not is broken.

        In a child that is forked, for what it imports is here already.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            pid = os.fork()
            if pid == 0:
                _be(words, self.tree, self.environ, (out.fileno(), err.fileno()))
            code = _waited(pid, patience_s)
            if code is None:
                self.broken.append(f"forkjoin {words[0]} did not end in {patience_s:g} s")
            texts = [os.pread(file.fileno(), 1 << 24, 0).decode("utf-8", "replace") for file in (out, err)]
            return Done(99 if code is None else code, *texts)

    def shown(self, run: str) -> dict[str, dict[str, object]]:
        """Return the tasks of a run by id, as `show --json` tells them."""
        said = self.done("show", "--json", f"{run}/")
        try:
            return {str(one["id"]): one for one in json.loads(said.stdout)["tasks"]}
        except (ValueError, KeyError):
            self.broken.append(f"show ended with {said.returncode}: {said.stderr[-300:]}")
            return {}

    def runs(self) -> list[str]:
        """Return the runs whose plan is committed."""
        return sorted(path.parent.name for path in self.home.glob("runs/*/journal.db") if planned(path))

    def alive(self) -> list[int]:
        """Return what lives of any run: processes of attempts, nurseries, shims."""
        return alive(self.home)

    def until(self, what: Callable[[], object], said: str, *, patience_s: float = 60.0) -> bool:
        """Wait until *what* is true; where it never is, that is broken."""
        deadline = time.monotonic() + patience_s
        while not what():
            if time.monotonic() > deadline:
                self.broken.append(f"not in {patience_s:g} s: {said}")
                return False
            time.sleep(0.02)
        return True

    def alone(self, since: float) -> None:
        """See that nothing is alive two seconds after *since* (of the monotonic clock)."""
        while left := self.alive():
            if time.monotonic() > since + ALONE_S:
                left = self.alive()  # this look began after the two seconds
                if left:
                    self.counts["survivors"] += len(left)
                    self.broken.append(f"alive {ALONE_S:g} s after the end: {[_named(pid) for pid in left]}")
                return
            time.sleep(0.02)
        self.took("alone_s", time.monotonic() - since)

    def took(self, name: str, seconds: float) -> None:
        """Remember the longest of a kind of time."""
        self.longest[name] = max(self.longest.get(name, 0.0), round(seconds, 2))

    def tidy(self) -> None:
        """End what is left of a trial, by its mark: never anything else."""
        from forkjoin.backends import processes

        for pid in self.alive():
            with suppress(OSError):
                processes.send(pid, 0, 9)


def _be(words: Sequence[str], tree: Path, environ: Mapping[str, str], fds: tuple[int, int]) -> NoReturn:
    """Be a command of forkjoin, in this child that was just forked."""
    code = 70
    try:
        os.setsid()
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(tree)
        tempfile.tempdir = None
        for fd, target in zip((os.open(os.devnull, os.O_RDONLY), *fds), (0, 1, 2), strict=True):
            os.dup2(fd, target)
        code = answered([*words])
        sys.stdout.flush()
    finally:
        os._exit(code)


def _waited(pid: int, patience_s: float) -> int | None:
    """Return the exit code of a child, None where it had to be killed."""
    in_time = ended_within(pid, patience_s)
    if not in_time:
        os.kill(pid, 9)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if in_time else None


def _named(pid: int) -> str:
    with suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        return f"{pid} {line[:60]}"
    return str(pid)


def repository(tree: Path) -> None:
    """Make a repository with one commit, and a Python file that an analyser finds something in."""
    tree.mkdir(parents=True)
    (tree / "f.py").write_text("import os, subprocess\nassert subprocess.call('x', shell=True)\n")
    git(tree, "init", "-q", ".")
    git(tree, "add", "f.py")
    git(tree, "-c", "user.email=t@example.org", "-c", "user.name=T", "commit", "-qm", "x")


@contextmanager
def folder_for(kind: str, top: Path, number: int, seed: int) -> Iterator[Trial]:
    """Give a trial its folder with a repository; what is left of it is ended, and a sound one's folder removed."""
    made = Trial(kind=kind, folder=top / str(number), chance=random.Random(seed))
    repository(made.tree)
    try:
        yield made
    finally:
        made.tidy()
        if not made.broken:
            shutil.rmtree(made.folder, ignore_errors=True)


def long_form(
    doc: str | None,
    kinds: Sequence[str],
    one: Callable[[Trial], None],
    *,
    zeros: Sequence[str] = (),
    missing: Callable[[str], str] = lambda _: "",
) -> int:
    """Be the script: run `--trials` of *kinds* in turn and say what came of them; exit 1 where something was broken.

    *zeros* are the counts that must be 0, named where they are. *missing* says why a kind cannot be tried here, ""
    where it can: that is told aloud, and counted.
    """
    asked = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--trials", type=int, default=len(kinds))
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--kind", choices=kinds, action="append", default=None)
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    import_all()
    began, top = time.monotonic(), Path(tempfile.mkdtemp(prefix="forkjoin-trials-"))
    chosen: Sequence[str] = given.kind or kinds
    skipped = {kind: why for kind in chosen if (why := missing(kind))}
    chosen = [kind for kind in chosen if kind not in skipped]
    said = _trials(given.trials if chosen else 0, chosen, given.seed, top, one, zeros)
    said |= {"skipped": skipped, "seconds": round(time.monotonic() - began, 1)}
    if given.json:
        Path(given.json).write_text(json.dumps(said, indent=2) + "\n")
    for kind, why in skipped.items():
        print(f"SKIPPED {kind}: {why}", flush=True)
    print(json.dumps({**said, "broken": len(said["broken"])}))  # type: ignore[arg-type] # a list, below
    if not said["broken"]:
        shutil.rmtree(top, ignore_errors=True)
    return 1 if said["broken"] else 0


def import_all() -> None:
    """Import what commands import when they need it, once for all that are forked.

    But for the MCP door, which no trial opens: its packages are half of the memory, whose map each fork copies.
    """
    package = Path(forkjoin.__file__).parent
    for path in sorted(package.rglob("*.py")):
        names = path.relative_to(package.parent).with_suffix("").parts
        if "mcp" not in names and names[-1] not in ("__init__", "__main__", "nursery", "shim"):  # run by themselves
            importlib.import_module(".".join(names))
    importlib.import_module("platformdirs.unix")
    with redirect_stdout(io.StringIO()):
        for verb in ("run", "show", "land", "rm"):
            answered([verb, "--help"])


def _trials(
    count: int, kinds: Sequence[str], seed: int, top: Path, one: Callable[[Trial], None], zeros: Sequence[str]
) -> dict[str, object]:
    counts: dict[str, int] = dict.fromkeys(zeros, 0)
    longest: dict[str, float] = {}
    broken: list[str] = []
    order = random.Random(seed)
    cycle = [*kinds]
    for number in range(count):
        if number % len(cycle) == 0:
            order.shuffle(cycle)
        with folder_for(cycle[number % len(cycle)], top, number, seed * 100_000 + number) as made:
            one(made)
        for name, more in made.counts.items():
            counts[name] = counts.get(name, 0) + more
        for name, seconds in made.longest.items():
            longest[f"longest_{name}"] = max(longest.get(f"longest_{name}", 0.0), seconds)
        for what in made.broken:
            broken.append(f"trial {number} ({made.kind}): {what}")
            print(broken[-1], flush=True)
    return {"trials": count, **counts, **longest, "broken": broken, "load": os.getloadavg()[0]}


def told_by(script: Path, out: Path, *words: str) -> dict[str, object]:
    """Return the figures of a script that was run in a process of its own, for the tests."""
    argv = [sys.executable, str(script), *words, "--json", str(out)]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert out.exists(), run.stdout[-2000:] + run.stderr[-2000:]
    figures: dict[str, object] = json.loads(out.read_text())
    return figures
