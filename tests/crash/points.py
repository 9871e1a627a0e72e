"""Kill trials at fail points: every point once, then random ones; a resume is killed too in 40 of 100 cases.

    python tests/crash/points.py [--random 200] [--only NAME,...] [--workers 4] [--seed 1] [--json FILE]

What one trial is, trials.py tells; the oracles are in looking.py. `--json` writes one object: `points` (how many there
are), `unreached` (those that no trial came by), `trials`, `kills`, `finished_rerun`, `lost`, `duplicated`, `orphans`,
`leaks`, `untrue`, `longest_resume_s`, `seconds` (what all of them took), and `broken` (what, with its trial).
"""

from __future__ import annotations

import argparse
import collections
import gc
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/points.py`
from crash.forms import import_all
from crash.looking import repository
from crash.trials import PLANS, Trial, trial

import forkjoin

# Points at which the first resume is killed, when the run was killed while programs ran.
RESUMED = (
    "adopt.before", "lease.written", "nursery.opened", "collect.read", "settle.judged", "harvest.committed",
    "turn.decided", "turn.committed", "run.joined", "report.written",
)  # fmt: skip
KILLED_BEFORE = "turn.done#3"  # then three programs run, a writer among them
Way: TypeAlias = tuple[str, bool]  # a plan of trials.py, and whether it is a light one
HITS, LIGHT_HITS = 400, 220  # in a run without a kill, about


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
    began = time.monotonic()
    ready()
    top = Path(tempfile.mkdtemp(prefix="forkjoin-points-"))
    repository(top / "template")
    clean: list[Trial] = []
    if given.only:
        todo = named(top, {one: [(PLANS[0], False)] for one in given.only.split(",") if one != "none"}, seed=given.seed)
    else:
        clean = clean_runs(top)
        todo = named(top, ways_by_point(clean), seed=given.seed)
    points = len(todo)
    todo += [] if given.only else resumed(top, seed=given.seed)
    todo += at_random(top, given.random, seed=given.seed)
    done = [*clean, *run_all(top, todo, workers=given.workers, keep=given.keep)]
    figures = {"points": points} | summary(done)
    if not given.only:
        figures["unreached"] = sorted(in_the_source() - {name for made in done for name in made.reached})
    figures["seconds"] = round(time.monotonic() - began)
    for line in figures["broken"]:  # type: ignore[attr-defined]  # a list, see summary
        print(line)
    print(json.dumps({name: value for name, value in figures.items() if name != "broken"}))
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=1))
    if not figures["broken"] and not given.keep:
        shutil.rmtree(top, ignore_errors=True)
    return 1 if figures["broken"] else 0


# -- which trials


def clean_runs(top: Path) -> list[Trial]:
    """Run each plan without a kill, light and whole, to learn which points it comes by."""
    return [
        trial(Trial(folder=top / f"clean-{plan}-{light}", plan=plan, kill="", seed="clean", light=light))
        for light in (True, False)
        for plan in PLANS
    ]


def ways_by_point(clean: Sequence[Trial]) -> dict[str, tuple[Way, ...]]:
    """Return the points in the order in which runs came by them, each with the ways there: light ones, if there are."""
    found = dict.fromkeys(name for made in clean for name in made.hits())
    ways = {name: [(one.plan, one.light) for one in clean if name in one.reached] for name in found}
    return {name: tuple(way for way in some if way[1] == some[0][1]) for name, some in ways.items()}


def named(top: Path, points: Mapping[str, Sequence[Way]], *, seed: int) -> list[Trial]:
    """Return a trial for each point: killed there the first time (or as NAME#3 says), on one of the ways there."""
    made = []
    for number, (name, ways) in enumerate(points.items()):
        folder = top / f"point-{name.replace('#', '-')}"  # a # would end the path in SQLite's URI
        kill = name if "#" in name else f"{name}#1"
        plan, light = ways[_turn(number) % len(ways)]
        made.append(Trial(folder=folder, plan=plan, kill=kill, seed=f"{seed} {name}", light=light))
    return made


def _turn(number: int) -> int:
    """Return which plan's turn it is: a supervisor is an interpreter of its own, most of the cost, so that is rare."""
    return (0, 2, 0, 1, 0, 2, 0, 2)[number % 8]


def resumed(top: Path, *, seed: int) -> list[Trial]:
    """Return trials whose run is killed while programs run, and whose resume is killed at one point each."""
    return [
        Trial(folder=top / f"resume-{name}", plan="attached", kill=KILLED_BEFORE, again=name, seed=f"{seed} {name}")
        for name in RESUMED
    ]


def at_random(top: Path, chances: int, *, seed: int) -> list[Trial]:
    """Return trials killed at the point of a random number, whatever it is."""
    chance = random.Random(seed)
    made = []
    for number in range(chances):
        plan, light = PLANS[_turn(number)], number % 7 > 0
        kill = str(chance.randint(1, LIGHT_HITS if light else HITS))
        made.append(Trial(folder=top / f"random-{number}", plan=plan, kill=kill, seed=f"{seed} {number}", light=light))
    return made


def in_the_source() -> set[str]:
    """Return the names of all points, but for those that tests of repairs and of worktrees kill at."""
    texts = (path.read_text(encoding="utf-8") for path in Path(forkjoin.__file__).parent.rglob("*.py"))
    names = {name for text in texts for name in re.findall(r'\breached\("([^"]+)"\)', text)}
    return {name for name in names if not name.startswith(("repair.", "worktree."))}


# -- many of them


def run_all(top: Path, todo: Sequence[Trial], *, workers: int, keep: bool = False) -> list[Trial]:
    """Run trials in so many processes; return them as they were after it."""
    pids = {}
    for number in range(workers):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with (top / f"worker-{number}").open("w") as out:
                    for made in todo[number::workers]:
                        one_done(made, out, keep=keep)
                code = 0
            finally:
                os._exit(code)
        pids[pid] = top / f"worker-{number}"
    done = []
    for pid, file in pids.items():
        if os.waitpid(pid, 0)[1]:
            raise SystemExit(f"a worker of the trials died, see {file}")
        for line in file.read_text().splitlines():
            said = json.loads(line)
            done.append(
                Trial(**said | {"folder": Path(said["folder"]), "broken": [tuple(one) for one in said["broken"]]})
            )
    return done


def one_done(made: Trial, out: TextIO, *, keep: bool) -> None:
    try:
        trial(made)
    except Exception as error:
        made.broke("untrue", f"the trial itself failed: {type(error).__name__}: {error}")
    print(json.dumps(asdict(made) | {"folder": str(made.folder)}), file=out, flush=True)
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


def ready() -> None:
    """Import all that a run needs, so that forked owners have it: most of what a command costs."""
    import_all()
    gc.set_threshold(100_000, 20, 20)  # as a command has it
    gc.freeze()  # else each fork's first collection writes to, and so copies, every page of what was imported


if __name__ == "__main__":
    sys.exit(main())
