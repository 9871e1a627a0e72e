"""Runs the trials in their long forms and writes docs/reliability.md from what they say.

    python tests/crash/reliability.py [--scale 1.0] [--out docs/reliability.md]

With --scale 1 it takes about an hour on two cores: 1,000 kills at points, 60 kills from outside, 500 power cuts,
200 I/O faults, 200 races, a soak of 10,000 tasks, and the same kill beside GNU parallel. Exit 1 where a promise was
broken.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench"))
from measuring import here  # noqa: E402 - found by the line above

Figures = Mapping[str, object]
POINTS = (
    "points", "trials", "kills", "finished_rerun", "lost", "duplicated", "orphans", "leaks", "untrue",
    "longest_resume_s", "seconds",
)  # fmt: skip
SOAK = (
    "tasks", "completed", "kills", "owners", "finished_rerun", "duplicated", "lost", "untrue", "orphans", "leaks",
    "memory_drift", "descriptor_drift", "disk_left_bytes", "longest_resume_s", "seconds",
)  # fmt: skip


def main() -> int:
    """Run all of them, one after another, and write the page."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--out", default=str(ROOT / "docs" / "reliability.md"))
    given = asked.parse_args()
    many = lambda count: str(max(4, round(count * given.scale)))  # noqa: E731 - one line, four uses
    found = {
        "points": figures("crash/points.py", "--random", many(1000)),
        "power": figures("crash/power.py", "--replays", many(500)),
        "faults": figures("crash/faults.py", "--most", many(200)),
        "races": figures("crash/races.py", "--races", many(200)),
        "floods": figures("crash/floods.py", "--scale", str(given.scale)),
        "soak": figures("crash/soak.py", "--tasks", many(10_000)),
    }
    trials = many(60)
    kills = subprocess.run(
        [sys.executable, str(HERE / "kills.py"), "--trials", trials], capture_output=True, text=True, check=False
    )
    peer = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "kill_peer.py"), "--json"], capture_output=True, text=True, check=False
    )
    text = page(found, kills.stdout.strip().rpartition("\n")[2], json.loads(peer.stdout))
    Path(given.out).write_text(text, encoding="utf-8")
    print(text)
    broken = any(one.get("broken") for one in found.values()) or kills.returncode or peer.returncode
    return 1 if broken else 0


def figures(script: str, *words: str) -> dict[str, object]:
    """Return what a script wrote with --json, and how long it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "figures.json")
        argv = [sys.executable, str(ROOT / "tests" / script), *words, "--json", str(out)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if not out.exists():
            return {"broken": [done.stderr[-300:]], "seconds": 0}
        said: dict[str, object] = json.loads(out.read_text())
    return said | {"seconds": round(time.monotonic() - began)}


def page(found: Mapping[str, Figures], kills: str, peer: Mapping[str, object]) -> str:
    """Return the page."""
    place = here()
    rows = peer["rows"]
    lines = [
        "# Reliability, measured",
        "",
        "Written by `.venv/bin/python tests/crash/reliability.py`; do not edit. What the words mean is said below the",
        "tables; how the trials work, in the head of each script in `tests/crash/`.",
        "",
        f"{place['date']}, {place['machine']}, Python {place['python']}, load {place['load']} at the end.",
        "",
        "## Kills at fail points, four of ten resumes killed too",
        "",
        *table(found["points"], POINTS),
        "",
        "## Kills from outside, at moments of chance",
        "",
        f"{kills} (`tests/crash/kills.py`: owner, nursery, shim, agent and what they are in combination).",
        "",
        "## Power cuts",
        "",
        *table(found["power"], ("replays", "cuts_after_told", "lost", "untrue", "unopened", "seconds")),
        "",
        "## I/O faults (ENOSPC, EIO, EMFILE, EROFS)",
        "",
        *table(found["faults"], ("trials", "hit", "lost", "untrue", "orphans", "finished_rerun", "seconds")),
        "",
        "## Runs started at once on one repository",
        "",
        *table(found["races"], tuple(name for name in found["races"] if name != "broken")),
        "",
        "## Floods of output and files",
        "",
        *rows_table(found["floods"].get("rows")),
        "",
        "## A soak: one run of short tasks, something killed every 5 to 40 s",
        "",
        *table(found["soak"], SOAK),
        "",
        "## The same kill beside GNU parallel --joblog --resume",
        "",
        *rows_table(rows),
        "",
        "## Words",
        "",
        "- finished re-run: a task that had come to its end ran again. duplicated: one was started more often than it",
        "  may. lost: a result, a change or an event that was told is not there. untrue: something told is not so.",
        "- orphans: processes alive two seconds after the end. leaks: folders, workspaces, refs or locks left by `rm`.",
        "- longest resume: from the start of the last resume until an owner had collected all that had ended.",
        "- drift: how much more memory or descriptors an owner held in the later half of its life than in the earlier.",
        "- A shim that is killed between its program's end and its record leaves none: that task is `lost`, and tried",
        "  again only where `retries` allows. It is the one case in which a finished program may run twice.",
        "",
        *(f"- BROKEN: {what}" for one in found.values() for what in one.get("broken", ())),  # type: ignore[attr-defined]
    ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def table(row: Figures, names: Sequence[str]) -> list[str]:
    heads = [name.replace("_", " ") for name in names]
    cells = [str(row.get(name, "?")) for name in names]
    return ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads), "| " + " | ".join(cells) + " |"]


def rows_table(rows: object) -> list[str]:
    """Return a table of rows that name their own columns."""
    assert isinstance(rows, list)
    names = list(dict.fromkeys(name for one in rows for name in one))
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|" + " --- |" * len(names)]
    return lines + ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]


if __name__ == "__main__":
    sys.exit(main())
