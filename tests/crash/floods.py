"""Floods: what programs print and write without end must not hurt their owner, their siblings or the truth.

    python tests/crash/floods.py [--scale 1.0] [--json FILE]

With --scale 1 a program prints 5 GB, another one line of 1 GB. Each case is a run of its own, with a sibling beside it.
The owner's memory is its own peak (VmHWM, as it reads it when it ends) less that of a run in which nothing happens; the
readers' (`log`, `output`, `show`, `report`) likewise. What was cut is held against the true length and hash.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/floods.py`
from crash.looking import environ, marked, repository

MIB = 1024 * 1024
MOST_MIB = 64
KEPT_MIB = 64 + 8  # of a stream on the disk: the cap, and the segments that are being written
_MEASURED = (
    "import atexit, os, pathlib\n"
    "def peak():\n"
    "    said = pathlib.Path('/proc/self/status').read_text()\n"
    "    pathlib.Path(os.environ['PEAK']).write_text(said.split('VmHWM:')[1].split()[0])\n"
    "atexit.register(peak)\n"
    "from forkjoin.interfaces.cli.main import main\n"
    "main()\n"
)
FINDING = '{"title": "t%d", "path": "a.py", "line": 1, "severity": "low", "message": "' + "m" * 400 + '"}'
FINDINGS = f"""
import sys
print('{{"findings": [')
for n in range(int(sys.argv[1]) // 500):
    print(('' if n == 0 else ',') + '{FINDING}' % n)
print(']}}')
"""
DRIP = "import time\nwhile True:\n    print('.', end='', flush=True)\n    time.sleep(0.02)"
BYTES = "import os, sys\nfor n in range(int(sys.argv[1]) // 65536):\n    os.write(1, bytes(range(256)) * 256)"
FILES = (
    "import os, sys\nfor n in range(int(sys.argv[1])):\n"
    "    os.makedirs(f'd{n % 97}', exist_ok=True)\n    open(f'd{n % 97}/f{n}', 'w').write(f'{n}\\n')"
)
BIG = """
import os, sys
with open('big', 'wb') as file:
    for n in range(int(sys.argv[1])):
        file.write(os.urandom(2**20))
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One flood: the task's keys, the true states, the bytes it prints (None: any), how many files it makes."""

    name: str
    task: dict[str, object]
    states: tuple[str, ...]
    prints: Callable[[], Iterator[bytes]] | None = None
    writes: int = 0


@dataclass
class Seen:
    """What one case showed. `owner_mib` and `reader_mib` are growths of the peak."""

    name: str
    state: str = ""
    printed: int = 0
    kept_mib: float = 0.0
    owner_mib: float = 0.0
    reader_mib: float = 0.0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


def cases(scale: float) -> list[Case]:
    """Return the floods, *scale* times as large as the long form's."""
    zeros, line = int(5000 * scale) * MIB, int(1000 * scale) * MIB
    noise, findings = int(400 * scale) * MIB, int(300 * scale) * MIB
    files, big = int(10_000 * max(scale, 0.2)), int(300 * scale)
    python = lambda code, *words: [sys.executable, "-c", code, *map(str, words)]  # noqa: E731 - a line, five uses
    return [
        Case(name="zeros", task={"command": ["head", "-c", str(zeros), "/dev/zero"]}, states=("completed",),
             prints=lambda: _chunks(b"\0", zeros)),
        Case(name="one line", task={"shell": f"head -c {line} /dev/zero | tr '\\0' x"}, states=("completed",),
             prints=lambda: _chunks(b"x", line)),
        Case(name="no text", task={"command": python(BYTES, noise)}, states=("completed",),
             prints=lambda: (bytes(range(256)) * 256 for _ in range(noise // 65536))),
        Case(name="drip", task={"command": python(DRIP), "timeout": 3}, states=("timed_out",)),
        Case(name="findings", task={"command": python(FINDINGS, findings), "output": "findings"}, states=("failed",)),
        Case(name="schema", task={"command": python(FINDINGS, findings), "output": {"type": "object"}},
             states=("failed",)),
        Case(name="files", task={"command": python(FILES, files), "writes": ["**"]}, states=("completed",),
             writes=files),
        Case(name="one big file", task={"command": python(BIG, big), "writes": ["**"]}, states=("completed",),
             writes=1),
    ]  # fmt: skip


def main() -> int:
    """Run all of them; exit 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--only", default="")
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    top = Path(tempfile.mkdtemp(prefix="forkjoin-floods-"))
    seen = trials(top, scale=given.scale, only=given.only)
    for one in seen:
        print(
            f"{one.name:14} {one.state:10} printed {one.printed / MIB:8.1f} MiB, kept {one.kept_mib:5.1f}; owner "
            f"+{one.owner_mib:5.1f} MiB, readers +{one.reader_mib:5.1f} MiB; {one.seconds:.1f} s  {one.broken or ''}"
        )
    broken = [f"{one.name}: {what}" for one in seen for what in one.broken]
    if not broken:
        shutil.rmtree(top)
    if given.json:
        rows = [{key: value for key, value in vars(one).items() if key != "broken"} for one in seen]
        Path(given.json).write_text(json.dumps({"rows": rows, "broken": broken}))
    return 1 if broken else 0


def trials(top: Path, *, scale: float, only: str = "") -> list[Seen]:
    """Return what each case showed, in a state folder of its own below *top*."""
    nothing = _run(top / "nothing", Case(name="nothing", task={"command": ["true"]}, states=("completed",)))
    quiet = _reading(top / "nothing")
    seen = []
    for number, case in enumerate(cases(scale)):
        if only and only not in case.name:
            continue
        folder = top / str(number)
        found = _run(folder, case)
        found.owner_mib -= nothing.owner_mib
        found.reader_mib = max(now - before for now, before in zip(_reading(folder), quiet, strict=True))
        for who, grown in (("owner", found.owner_mib), ("readers", found.reader_mib)):
            if grown > MOST_MIB:
                found.broken.append(f"the {who} grew by {grown:.1f} MiB")
        seen.append(found)
        if not found.broken:
            shutil.rmtree(folder)
    return seen


def _run(folder: Path, case: Case) -> Seen:
    """Run a case beside its sibling and judge it."""
    repository(folder / "tree")
    sibling = {"id": "sibling", "shell": "sleep 1; echo fine", "writes": []}
    flood = {"id": "flood", "writes": [], **case.task}
    (folder / "plan.json").write_text(json.dumps({"tasks": [flood, sibling]}))
    began = time.monotonic()
    done = _forkjoin(folder, "run", "-q", "--json", str(folder / "plan.json"))
    seen = Seen(name=case.name, seconds=round(time.monotonic() - began, 2), owner_mib=_peak(folder))
    shown = json.loads(done.stdout) if done.stdout.startswith("{") else {"tasks": []}
    tasks = {task["id"]: task for task in shown["tasks"]}
    if set(tasks) != {"flood", "sibling"}:
        seen.broken.append(f"run ended with {done.returncode} and no result: {done.stderr[-300:]}")
        return seen
    seen.state = tasks["flood"]["state"]
    seen.broken += list(_wrong(case, tasks))
    seen.broken += list(_wrong_on_disk(folder, case, seen))
    if left := marked(folder / "home"):
        seen.broken.append(f"still alive: {left}")
    return seen


def _wrong(case: Case, tasks: dict[str, dict[str, object]]) -> Iterator[str]:
    flood, sibling = tasks["flood"], tasks["sibling"]
    if sibling["state"] != "completed" or str(sibling["answer"]).strip() != "fine":
        yield f"its sibling is {sibling['state']}: {sibling['reason']}"
    if flood["state"] not in case.states:
        yield f"it is {flood['state']}: {flood['reason']}"
    if len(str(flood["answer"])) > 2 * MIB:
        yield f"its answer has {len(str(flood['answer']))} characters"
    changed = len(flood["changes"]["files"])  # type: ignore[index, arg-type]
    if changed != case.writes:
        yield f"{changed} files changed, not {case.writes}"


def _wrong_on_disk(folder: Path, case: Case, seen: Seen) -> Iterator[str]:
    attempt = next((folder / "home" / "runs").glob("*/tasks/flood/1"))
    record = json.loads((attempt / "exit.json").read_text())
    seen.printed = record["stdout"]["bytes"]
    seen.kept_mib = round(sum(path.stat().st_size for path in attempt.glob("stdout.*")) / MIB, 1)
    if seen.kept_mib > KEPT_MIB:
        yield f"{seen.kept_mib} MiB of its output are kept"
    if record["stdout"].get("cut", 0) + seen.kept_mib * MIB < seen.printed - MIB:
        yield f"the cut of {record['stdout'].get('cut', 0)} bytes is not all that is missing"
    if case.prints is None:
        return
    length, digest = 0, hashlib.sha256()
    for chunk in case.prints():
        length += len(chunk)
        digest.update(chunk)
    if (seen.printed, record["stdout"]["sha256"]) != (length, digest.hexdigest()):
        yield f"the record says {seen.printed} bytes, it printed {length}, or the hash differs"


def _reading(folder: Path) -> list[float]:
    """Return the peaks of the verbs that read the flood."""
    peaks = []
    for words in (("log", "flood"), ("output", "flood"), ("show", "flood"), ("show",), ("report",), ("diff", "flood")):
        _forkjoin(folder, *words)
        peaks.append(_peak(folder))
    return peaks


def _forkjoin(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, *words, "-C", str(folder / "tree")],
            env=environ(folder / "home") | {"PEAK": str(folder / "peak")},
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=900, check=False,
        )  # fmt: skip
        size = os.fstat(out.fileno()).st_size
        out.seek(0)
        err.seek(0)
        text = out.read() if size < 64 * MIB else f"({size} bytes)"
        return subprocess.CompletedProcess(done.args, done.returncode, text, err.read())


def _peak(folder: Path) -> float:
    return int((folder / "peak").read_text()) / 1024


def _chunks(byte: bytes, total: int) -> Iterator[bytes]:
    chunk = byte * MIB
    return (chunk for _ in range(total // MIB))


if __name__ == "__main__":
    sys.exit(main())
