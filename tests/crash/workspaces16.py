"""Sixteen workspaces at once on one dirty repository, whole and sparse ones mixed: opened, changed, harvested, removed.

`python tests/crash/workspaces16.py --rounds 50 --json FILE` is the long form: fifty runs of sixteen. With `--worktrees`
all are worktrees of the repository, and so whole. The keys of FILE:

rounds, workspaces  how many runs, and how many workspaces were opened
failures            workspaces that could not be opened, held something else than their base, or were harvested wrongly
moved               rounds after which the user's files, index, refs or settings were not as before; must be 0
left                workspaces, hidden refs and worktrees that were there after a run was removed; must be 0
broken              what was wrong, in words; must be empty
longest_s           the longest round
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/workspaces16.py`
from workspaces.sites import Run, Site, hows, made_repository

from forkjoin.model import Task, TaskId

AT_ONCE = 16


def main() -> int:
    """Run the rounds, say what came of them; exit 1 where something was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--worktrees", action="store_true")
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    broken: list[str] = []
    counts = {"failures": 0, "moved": 0, "left": 0}
    longest = 0.0
    with tempfile.TemporaryDirectory(prefix="forkjoin-trials-") as scratch:
        site = made(Path(scratch))
        for number in range(given.rounds):
            began = time.monotonic()
            one(site, number, counts, broken, worktrees=given.worktrees)
            longest = max(longest, time.monotonic() - began)
    said = {"rounds": given.rounds, "workspaces": AT_ONCE * given.rounds, **counts, "broken": broken}
    said |= {"longest_s": round(longest, 2), "load": os.getloadavg()[0]}
    if given.json:
        Path(given.json).write_text(json.dumps(said, indent=2) + "\n")
    print(json.dumps(said))
    return 1 if broken else 0


def made(top: Path) -> Site:
    """Make a repository that is not clean: changed, staged, new, deleted and ignored files."""
    site = made_repository(top / "project", top / "home")
    for number in range(AT_ONCE):
        for name in range(20):
            site.write(f"part{number}/file{name}.txt", f"{number} {name}\n")
    site.commit()
    site.write("staged.txt", "staged\n")
    site.git("add", "staged.txt")
    site.write("part0/file0.txt", "changed\n")
    site.write("new.txt", "new\n")
    site.write("carried.log", "carried\n")
    (site.tree / "part1/file1.txt").unlink()
    return site


def one(site: Site, number: int, counts: dict[str, int], broken: list[str], *, worktrees: bool) -> None:
    """Run a round: one run with sixteen workspaces at once."""
    before = seen(site, objects=not worktrees)
    run = site.run()
    run.take()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [what for what in pool.map(lambda n: tried(run, n, worktree=worktrees), range(AT_ONCE)) if what]
    counts["failures"] += len(wrong)
    run.rooms.release()
    left = [*(site.home / "workspaces").glob("*/*"), *site.git("for-each-ref", "refs/forkjoin").splitlines()]
    left += site.git("worktree", "list").splitlines()[1:]
    counts["left"] += len(left)
    moved = seen(site, objects=not worktrees) != before
    counts["moved"] += moved
    wrong += [f"left: {left}"] if left else []
    wrong += ["the user's repository is not as it was"] if moved else []
    broken += [f"round {number}: {what}" for what in wrong]


def seen(site: Site, *, objects: bool) -> dict[str, str]:
    """Return the fingerprint; worktrees leave the objects of a snapshot, to which no ref leads: without *objects*."""
    found = site.fingerprint()
    return found if objects else {name: one for name, one in found.items() if not name.startswith(".git/objects/")}


def tried(run: Run, number: int, *, worktree: bool) -> str:
    """Open a workspace, change it, harvest it; return what was wrong, "" where nothing was."""
    own, sparse = f"part{number}", number % 2 == 1 and not worktree
    task = Task(
        id=TaskId(f"t{number}"), task="x", sparse=sparse, writes=(f"{own}/**",), carry=("carried.log",),
        isolation="worktree" if worktree else "auto",
    )  # fmt: skip
    try:
        place = run.open(task)
        root = Path(place.root)
        parts = {path.name for path in root.glob("part*")}
        if len(parts) != (1 if sparse else AT_ONCE) or own not in parts:
            return f"{task.id}: it holds {sorted(parts)}"
        if not all((root / name).is_file() for name in ("staged.txt", "new.txt", "carried.log")):
            return f"{task.id}: what is not committed or carried is missing"
        if files := run.harvest(place, task).files:
            return f"{task.id}: it differs before anything was done: {files[:3]}"
        (root / own / "file5.txt").write_text("changed\n")
        (root / own / "file6.txt").rename(root / own / "renamed.txt")
        (root / own / "file7.txt").unlink()
        found = hows(run.harvest(place, task))
        run.rooms.discard(place)
    except Exception as error:
        return f"{task.id}: {type(error).__name__}: {error}"
    expected = {f"{own}/file5.txt": "modified", f"{own}/file6.txt": "deleted", f"{own}/file7.txt": "deleted"}
    return "" if found == {**expected, f"{own}/renamed.txt": "renamed"} else f"{task.id}: harvested as {found}"


if __name__ == "__main__":
    sys.exit(main())
