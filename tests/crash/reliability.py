"""Runs the trials in their long forms and writes docs/reliability.md from what they say.

    python tests/crash/reliability.py [--scale 1.0] [--only points,soak] [--out docs]

With --scale 1 it takes an hour or two on two cores. What each part said, with its date, commit and load, is kept in
docs/reliability.json, and the page is made of that: so one part can be run again alone (--only), or none to make the
page anew (--only none). Exit 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench"))
from measuring import here  # noqa: E402 - found by the line above

Said = dict[str, object]
COUNTS = ("finished_rerun", "lost", "duplicated", "orphans", "leaks", "untrue")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One kind of trial: its script and words at a scale, and the figures of it that stand on the page.

    No `columns`: the script's rows are a table of their own.
    """

    title: str
    script: str
    words: Callable[[float], tuple[str, ...]]
    columns: tuple[str, ...] = ()


def many(count: int, scale: float) -> str:
    """Return *count* at a scale, at least 4."""
    return str(max(4, round(count * scale)))


PARTS: dict[str, Part] = {
    "points": Part(
        title="Kills at fail points, four of ten resumes killed too",
        script="tests/crash/points.py",
        words=lambda scale: ("--random", many(1000, scale)),
        columns=("points", "trials", "kills", *COUNTS, "longest_resume_s"),
    ),
    "kills": Part(
        title="Kills from outside, at moments of chance: owner, nursery, shim, agent, and several of them",
        script="tests/crash/kills.py",
        words=lambda scale: ("--trials", many(60, scale)),
    ),
    "power": Part(
        title="Power cuts, replayed from what a run did to its files",
        script="tests/crash/power.py",
        words=lambda scale: ("--replays", many(500, scale)),
        columns=("replays", "cuts_after_told", "lost", "untrue", "unopened"),
    ),
    "faults": Part(
        title="I/O faults (ENOSPC, EIO, EMFILE, EROFS)",
        script="tests/crash/faults.py",
        words=lambda scale: ("--most", many(200, scale)),
        columns=("trials", "hit", "lost", "untrue", "orphans", "finished_rerun"),
    ),
    "races": Part(
        title="Two to eight runs started at once on one repository",
        script="tests/crash/races.py",
        words=lambda scale: ("--races", many(200, scale)),
        columns=("races", "starts", "owners", "tasks", "waited", "killed", "double_claims", "stuck"),
    ),
    "floods": Part(
        title="Floods of output and files: growth of the owner's and the readers' peak memory",
        script="tests/crash/floods.py",
        words=lambda scale: ("--scale", str(scale)),
    ),
    "casualties": Part(
        title="Shims, agents and nurseries killed while their owner lives",
        script="tests/crash/casualties.py",
        words=lambda scale: ("--trials", many(200, scale)),
        columns=("trials", "killed", "struck", "survivors", "untrue", "hurt", "longest_alone_s"),
    ),
    "escapes": Part(
        title="Fourteen ways to outlive an attempt, after its end, a timeout and a stop",
        script="tests/crash/escapes.py",
        words=lambda scale: ("--trials", many(60, scale)),
        columns=("trials", "escapes", "survivors"),
    ),
    "signals": Part(
        title="Signals at moments of chance, on a terminal and without",
        script="tests/crash/signals.py",
        words=lambda scale: ("--trials", many(300, scale)),
        columns=("trials", "landed", "survivors", "rerun", "left", "longest_second_s", "longest_alone_s", "skipped"),
    ),
    "strangers": Part(
        title="Pids of killed processes, given to strangers",
        script="tests/crash/strangers.py",
        words=lambda scale: ("--trials", many(200, scale)),
        columns=("trials", "strangers", "signalled", "survivors", "skipped"),
    ),
    "stale": Part(
        title="Locks whose holders were killed",
        script="tests/crash/stale.py",
        words=lambda scale: ("--trials", many(200, scale)),
        columns=("trials", "held", "stuck", "removed", "survivors", "longest_next_s"),
    ),
    "clocks": Part(
        title="Clocks that jump, processes halted past a deadline, a machine that sleeps",
        script="tests/crash/clocks.py",
        words=lambda scale: ("--trials", many(200, scale)),
        columns=("trials", "false_timeouts", "missed", "insane", "survivors", "longest_overdue_s", "skipped"),
    ),
    "users": Part(
        title="Another user of the machine",
        script="tests/crash/users.py",
        words=lambda scale: ("--trials", many(60, scale)),
        columns=("trials", "operations", "succeeded", "open_modes", "refused", "run_for_others", "skipped"),
    ),
    "fulldisk": Part(
        title="Full disks: a file system of 16 KiB to 4 MiB below the state folder, or one that fills up",
        script="tests/crash/fulldisk.py",
        words=lambda _: (),
    ),
    "workspaces": Part(
        title="Sixteen workspaces at once, whole and sparse",
        script="tests/crash/workspaces16.py",
        words=lambda scale: ("--rounds", many(50, scale)),
        columns=("rounds", "workspaces", "failures", "moved", "left", "longest_s"),
    ),
    "workspaces-as-worktrees": Part(
        title="Sixteen worktrees at once",
        script="tests/crash/workspaces16.py",
        words=lambda scale: ("--worktrees", "--rounds", many(50, scale)),
        columns=("rounds", "workspaces", "failures", "moved", "left", "longest_s"),
    ),
    "soak": Part(
        title="A soak: one run of short tasks, something killed every 5 to 40 s",
        script="tests/crash/soak.py",
        words=lambda scale: ("--tasks", many(10_000, scale)),
        columns=(
            "tasks", "completed", "kills", "owners", *COUNTS, "memory_drift", "descriptor_drift", "disk_left_bytes",
            "longest_resume_s",
        ),
    ),
    "peer": Part(
        title="The same kill beside GNU parallel --joblog --resume",
        script="bench/kill_peer.py",
        words=lambda scale: ("--trials", many(12, scale)),
    ),
}  # fmt: skip

WORDS = """\
## Words

- finished rerun: a task that had come to its end ran again. duplicated: one was started more often than it may. lost: a
  result, a change or an event that was told is not there. untrue: something told is not so.
- orphans: processes alive two seconds after the end. leaks: folders, workspaces, refs or locks left by `rm`.
- struck: tasks whose shim or agent was killed. hurt: others that did not complete. survivors: as orphans.
- landed: signals that met a run under way. longest second: from the second Ctrl-C to the end, where 2 s are allowed
  (FORKJOIN_SECOND_S). longest alone: from an end until nothing was alive. skipped: kinds that this machine cannot try,
  with the reason.
- insane: durations that are negative or longer than the trial. overdue: how late a deadline that was due was held.
- longest resume: from the start of the last resume until an owner had collected all that had ended.
- drift: how much more memory or descriptors an owner held in the later half of its life than in the earlier.
- A shim that is killed between its program's end and its record leaves none: that task is `lost`, and tried again only
  where `retries` allows. It is the one case in which a finished program may run twice.
"""


def main() -> int:
    """Run the parts asked for, one after another; keep what they say, and write the page."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}, or none")
    asked.add_argument("--out", default=str(ROOT / "docs"))
    given = asked.parse_args()
    # A background job of a script inherits that they are ignored; the trials send them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores that one: the product would let it be, as it should
    kept = Path(given.out, "reliability.json")
    broken: list[str] = []
    for name in given.only.split(",") if given.only != "none" else ():
        said = figures(PARTS[name], given.scale)
        broken += [f"{name}: {what}" for what in said.get("broken") or ()]  # type: ignore[attr-defined]  # a list
        found = json.loads(kept.read_text()) if kept.exists() else {}
        kept.write_text(json.dumps(found | {name: said}, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {said['broken'] or 'nothing broken'}", flush=True)
    text = page(json.loads(kept.read_text()))
    Path(given.out, "reliability.md").write_text(text, encoding="utf-8")
    return 1 if broken else 0


def figures(part: Part, scale: float) -> Said:
    """Return what a script says with --json, and of when, where and what code that is."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "figures.json")
        bench = part.script.startswith("bench/")  # those print their figures
        argv = [sys.executable, str(ROOT / part.script), *part.words(scale), "--json", *(() if bench else (str(out),))]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        text = done.stdout if bench else out.read_text() if out.exists() else ""
        said: Said = json.loads(text or "{}") | ({} if text else {"broken": [done.stderr[-300:] or "said nothing"]})
    if done.returncode and not said.get("broken"):
        said["broken"] = [f"exit code {done.returncode}"]
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {"broken": []} | said | here() | {
        "seconds": round(time.monotonic() - began), "scale": scale, "commit": commit.stdout.strip(),
    }  # fmt: skip


def page(found: Mapping[str, Said]) -> str:
    """Return the page of all that is kept; a part that was never run says so."""
    lines = [
        "# Reliability, measured",
        "",
        "Written by `.venv/bin/python tests/crash/reliability.py`; do not edit. The",
    ]
    lines += ["words are explained at the end; how each trial works, in the head of its script.", ""]
    for name, part in PARTS.items():
        lines += [f"## {part.title}", "", *section(part, found.get(name)), ""]
    return "\n".join(lines) + "\n" + WORDS


def section(part: Part, said: Said | None) -> list[str]:
    """Return the table of one part, and what it was measured on."""
    if said is None:
        return [f"Not measured yet (`{part.script}`)."]
    rows = [{name: said.get(name, "?") for name in part.columns}] if part.columns else said.get("rows") or []
    assert isinstance(rows, list)
    names = list(dict.fromkeys(name for row in rows for name in row))
    broken = said["broken"]
    assert isinstance(broken, list)
    return [
        "| " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "|" + " --- |" * len(names),
        *("| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows),
        "",
        *([f"BROKEN: {what}" for what in broken] or ["Nothing broken."]),
        f"`{part.script} {' '.join(part.words(float(str(said['scale']))))}`, commit {said['commit']}, {said['date']},",
        f"{said['machine']}, Python {said['python']}, load {said['load']} at its end, {said['seconds']} s.",
    ]


if __name__ == "__main__":
    sys.exit(main())
