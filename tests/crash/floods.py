"""Floods: what programs print, write, fork and hold without end must not hurt their owner, their siblings or the truth.

    python tests/crash/floods.py [--scale 1.0] [--only CASE] [--json FILE]

With --scale 1 a program prints 5 GB, another a line of 1 GB, others write 10,000 files and one file of 2 GB. Each case
is a run of its own, with two tasks beside it that behave. An owner's memory is its own peak (VmHWM, as it reads it when
it ends) less that of a run in which nothing happens; that of the verbs that read the run afterwards likewise. What was
cut is held against the length and hash of what is known to have been printed; a patch is applied to a clone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/floods.py`
from crash.flooder import SENT, digest
from crash.looking import marked, repository
from crash.mother import Mother

FLOODER = Path(__file__).with_name("flooder.py")
MIB, GB = 1024 * 1024, 1_000_000_000
MOST_MIB, CAP = 64, 64 * MIB
TIMEOUT_S, LAST_S = 2.0, 900.0
LATE_S = 10.0 + 5.0  # after a deadline: the grace, and what a busy machine takes
PRINTED = (
    "log", "log -n 0", "log -f", "log -n 0 --json", "output", "output --mode tail",
    "output --mode full --offset 9000000", "output --mode full --max-chars 2000000", "show", "report",
    "report --format html",
)  # fmt: skip
WRITTEN = ("diff", "diff --json", "diff --stat", "show", "report")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One flood: its size in the long form, the least that tries anything, its task's keys and what it comes to."""

    name: str
    size: int
    least: int
    how: str = ""
    task: Mapping[str, object] = field(default_factory=dict)
    state: str = "completed"
    tasks: int = 1
    read: Sequence[str] = ()

    def bytes(self, scale: float) -> int:
        """Return its size."""
        return max(self.least, round(self.size * scale))


_ENDS: dict[str, object] = {"timeout": TIMEOUT_S}
_MADE: dict[str, object] = {"writes": ["made/**"]}
_SCHEMA: dict[str, object] = {"output": {"type": "array", "items": {"type": "array"}}}
_FINDINGS: dict[str, object] = {"output": "findings"}
CASES = (
    Case(name="zeros", how="nul", size=5 * GB, least=70 * MIB, read=PRINTED),
    Case(name="one line", how="line", size=GB, least=8 * MIB, read=PRINTED),
    Case(name="no text", how="bytes", size=GB, least=8 * MIB, read=PRINTED),
    Case(name="errors", size=GB, least=70 * MIB, read=("log --stderr -n 0", "show")),
    Case(name="thirty at once", how="bytes", size=100 * MIB, least=2 * MIB, tasks=30, read=("report",)),
    Case(name="without end", how="endless", size=0, least=0, state="timed_out", task=_ENDS, read=("log", "report")),
    Case(name="drip", size=0, least=0, state="timed_out", task=_ENDS | {"idle_timeout": 1.5}, read=("log",)),
    Case(name="findings", size=60 * MIB, least=60 * MIB, state="failed", task=_FINDINGS, read=("report",)),
    Case(name="1 MiB of findings", how="findings", size=MIB, least=MIB, task=_FINDINGS, read=("report", "show")),
    Case(name="schema", how="value", size=60 * MIB, least=40 * MIB, state="failed", task=_SCHEMA, read=("report",)),
    Case(name="1 MiB by schema", how="value", size=MIB, least=MIB, task=_SCHEMA, read=("report", "show")),
    Case(name="files", size=10_000, least=500, task=_MADE, read=WRITTEN),
    Case(name="one big file", how="file", size=2 * GB, least=8 * MIB, task=_MADE, read=WRITTEN),
    Case(name="forks", size=0, least=0, state="failed", task={"processes": 100}),
    Case(name="memory", size=400 * MIB, least=100 * MIB, state="failed", task={"memory": 50 * MIB}),
)


@dataclass
class Seen:
    """What one case showed. `owner_mib` and `reader_mib` are growths of the peak, `git_mib` the peak of its helpers."""

    name: str
    bytes: int = 0
    state: str = ""
    owner_mib: float = 0.0
    siblings_ok: bool = False
    deadline_held: bool = True
    cut: int = 0
    cut_recorded: bool = True
    reader_mib: float = 0.0
    git_mib: float = 0.0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


def main() -> int:
    """Run all of them; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--only", action="append", default=[])
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    top = Path(tempfile.mkdtemp(prefix="forkjoin-floods-"))
    seen = []
    for one in trials(top, scale=given.scale, only=given.only):
        seen.append(one)
        print(json.dumps(vars(one)), flush=True)
    broken = [f"{one.name}: {what}" for one in seen for what in one.broken]
    if not broken:
        shutil.rmtree(top)
    if given.json:
        rows = [{key: value for key, value in vars(one).items() if key != "broken"} for one in seen]
        Path(given.json).write_text(json.dumps({"rows": rows, "broken": broken}))
    return 1 if broken else 0


def trials(top: Path, *, scale: float, only: Sequence[str] = ()) -> Iterator[Seen]:
    """Yield what each case showed, in a state folder of its own below *top*."""
    mother = Mother()
    quiet = Flood(top / "quiet", Case(name="quiet", how="nul", size=0, least=0, task=_MADE), 0, mother)
    calm = quiet.run()
    calmly: dict[str, float] = {}
    for number, case in enumerate(CASES):
        if only and case.name not in only:
            continue
        flood = Flood(top / str(number), case, case.bytes(scale), mother)
        found = flood.run()
        found.owner_mib = round(found.owner_mib - calm.owner_mib, 1)
        for reader in case.read if found.state else ():
            if reader not in calmly:
                calmly[reader] = quiet.reading(reader)
            grown = round(flood.reading(reader, found) - calmly[reader], 1)
            found.reader_mib = max(found.reader_mib, grown)
            found.broken += [f"{reader} grew by {grown} MiB"] if grown > MOST_MIB else []
        found.broken += [f"the owner grew by {found.owner_mib} MiB"] if found.owner_mib > MOST_MIB else []
        yield found
        if not found.broken:
            shutil.rmtree(flood.folder)


@dataclass
class Flood:
    """A case on the disk."""

    folder: Path
    case: Case
    size: int
    mother: Mother

    def run(self) -> Seen:
        """Run the case beside its siblings and judge it."""
        repository(self.folder / "tree")
        (self.folder / "plan.json").write_text(json.dumps({"tasks": self._tasks()}))
        began = time.monotonic()
        code = self.forkjoin("run", "-q", str(self.folder / "plan.json"))
        own, git = self._peaks()
        seen = Seen(name=self.case.name, bytes=self.size * self.case.tasks, owner_mib=own)
        seen.git_mib = git if self.case.task.get("writes") else 0.0
        seen.seconds = round(time.monotonic() - began, 2)
        self.forkjoin("show", "--json")
        try:
            tasks = {task["id"]: task for task in json.loads((self.folder / "out").read_bytes())["tasks"]}
        except (ValueError, KeyError):
            seen.broken.append(f"ended with {code} and no result: {self._said()}")
            return seen
        self._judge(seen, tasks)
        return seen

    def reading(self, reader: str, seen: Seen | None = None) -> float:
        """Return the peak of a verb that reads the flood; take note in *seen* of one that fails or grows."""
        verb, *words = reader.split()
        about = [] if verb == "report" else ["flood"]
        code = self.forkjoin(verb, *words, *about)
        if seen is not None and (code not in (0, 3, 4) or "Traceback" in self._said()):
            seen.broken.append(f"{reader} ended with {code}: {self._said()}")
        return self._peaks()[0]

    def forkjoin(self, *words: str) -> int:
        """Return the exit code of a command; what it said lies in out and err, and its peak beside them."""
        return self.mother.command(self.folder, words)

    def _tasks(self) -> list[dict[str, object]]:
        argv = [sys.executable, "-I", "-S", str(FLOODER), self.case.how or self.case.name, str(self.size)]
        names = ["flood", *(f"flood{number}" for number in range(2, self.case.tasks + 1))]
        return [
            *({"id": name, "command": argv, "writes": [], "timeout": LAST_S, **self.case.task} for name in names),
            {"id": "slow", "shell": "sleep 1; echo fine", "writes": []},
            {"id": "quick", "shell": "for n in 1 2 3; do sleep 0.1; done; echo fine", "writes": []},
        ]

    def _judge(self, seen: Seen, tasks: dict[str, Any]) -> None:
        siblings = [tasks.pop("slow"), tasks.pop("quick")]
        seen.siblings_ok = all(one["state"] == "completed" and one["answer"] == "fine\n" for one in siblings)
        if not seen.siblings_ok:
            seen.broken.append(f"siblings: {[(one['state'], one['reason']) for one in siblings]}")
        for name, task in tasks.items():
            seen.state = task["state"]
            if task["state"] != self.case.state:
                seen.broken.append(f"{name} is {task['state']}: {task['reason']}")
            if len(task["answer"]) > 2 * MIB:
                seen.broken.append(f"the answer of {name} has {len(task['answer'])} characters")
            self._record(seen, name)
        if self.case.state == "timed_out" and tasks["flood"]["seconds"] > TIMEOUT_S + LATE_S:
            seen.deadline_held = False
            seen.broken.append(f"it was ended after {tasks['flood']['seconds']} s, and had {TIMEOUT_S}")
        if self.case.task.get("writes"):
            seen.broken += self._changed(tasks["flood"]["changes"]["files"])
        if left := marked(self.folder / "home"):
            seen.broken.append(f"still alive: {left}")

    def _record(self, seen: Seen, name: str) -> None:
        """Hold the record of a stream against what was printed, and both against what is kept of it."""
        how = self.case.how or self.case.name
        stream = "stderr" if how == "errors" else "stdout"
        (attempt,) = (self.folder / "home").glob(f"runs/*/tasks/{name}/1")
        said = json.loads((attempt / "exit.json").read_bytes())[stream]
        kept = sum(segment.stat().st_size for segment in attempt.glob(f"{stream}.[0-9]*"))
        seen.cut = said["cut"]
        true = how not in SENT or (said["bytes"], said["sha256"]) == digest(how, self.size)
        if not true or kept > CAP or kept + said["cut"] != said["bytes"]:
            seen.cut_recorded = False
            seen.broken.append(f"of {name} {kept} bytes of {stream} are kept, and its record says {said}")

    def _changed(self, told: Sequence[str]) -> Iterator[str]:
        """Hold the changes that are told, and the patch, against what was written."""
        count = self.size if self.case.name == "files" else 1
        if self.case.name == "quiet":
            return
        if len(told) != count:
            yield f"{len(told)} files are told, and {count} were written"
            return
        code = self.forkjoin("diff", "flood")
        if count == 1 and "too big for a patch" in self._said():
            (store,) = (self.folder / "home").glob("runs/*/git")
            batch = ("git", "-C", str(store), "cat-file", "--batch-all-objects", "--batch-check=%(objectsize)")
            kept = subprocess.run(batch, check=True, capture_output=True, text=True).stdout.split()
            if str(self.size) not in kept:
                yield f"no file of {self.size} bytes is among the changes that are kept"
            return
        clone, patch = self.folder / "clone", self.folder / "out"
        subprocess.run(["git", "clone", "-q", str(self.folder / "tree"), str(clone)], check=True)
        taken = subprocess.run(["git", "apply", str(patch)], cwd=clone, capture_output=True, check=False)
        sizes = [file.stat().st_size for file in (clone / "made").rglob("*") if file.is_file()]
        if taken.returncode or len(sizes) != count or (count == 1 and sizes != [self.size]):
            yield f"diff ended with {code}, its patch is not taken: {taken.stderr[-200:]!r} {sizes[:3]} {self._said()}"
        shutil.rmtree(clone)

    def _peaks(self) -> tuple[float, float]:
        own, git = (self.folder / "peak").read_text().split()
        return round(int(own) / 1024, 1), round(int(git) / 1024, 1)

    def _said(self) -> str:
        return (self.folder / "err").read_text(errors="replace")[-300:]


if __name__ == "__main__":
    sys.exit(main())
