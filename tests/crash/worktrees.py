"""Owners of runs whose tasks work in worktrees, killed -9 at any moment: the user's repository is as it was after `rm`.

    python tests/crash/worktrees.py [--trials 40] [--seed 1] [--json FILE]

Each trial starts a run of six tasks, kills its owner at a moment of chance (within seven tenths of what such a run
takes here), resumes it (killed again in four of ten), lets it end, and removes it. Then git must list the user's own
worktree and no other, their locks, refs, settings and files must be as before, every task must be completed, and
`git fsck` must find nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
TASKS, LATEST = 6, 0.7


def main() -> int:
    """Run them, print what broke and the figures."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--trials", type=int, default=40)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", default="")
    given = asked.parse_args()
    figures = trials(given.trials, given.seed)
    print(json.dumps(figures, indent=1))
    if given.json:
        Path(given.json).write_text(json.dumps(figures))
    return 1 if figures["broken"] else 0


def trials(count: int, seed: int) -> dict[str, Any]:
    """Return what came of so many: `trials`, `kills`, `broken` (what, and in which)."""
    chance, kills, broken = random.Random(seed), 0, []
    within_s = LATEST * unkilled_s()
    for number in range(count):
        folder = Path(tempfile.mkdtemp(prefix="forkjoin-worktrees-"))
        killed, wrong = trial(folder, chance, within_s)
        kills += killed
        broken += [f"{number}: {line} ({folder})" for line in wrong]
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    return {"trials": count, "kills": kills, "broken": broken}


def unkilled_s() -> float:
    """Return how long such a run takes here where nobody kills it."""
    with tempfile.TemporaryDirectory(prefix="forkjoin-worktrees-") as folder:
        tree, environ = made(Path(folder))
        began = time.monotonic()
        said(["run", "--json", f"{folder}/plan.json"], tree, environ)
        return time.monotonic() - began


def made(folder: Path) -> tuple[Path, dict[str, str]]:
    """Make the repository and the plan of a trial; return the repository, and the environment of commands there."""
    tree = folder / "tree"
    tree.mkdir()
    repository(tree, folder)
    tasks = [{"id": f"t{n}", "shell": f"echo {n} > {n}; sleep 0.2", "isolation": "worktree"} for n in range(TASKS)]
    (folder / "plan.json").write_text(json.dumps({"tasks": tasks, "max_parallel": 3}))
    return tree, os.environ | {"FORKJOIN_HOME": str(folder / "home"), "HOME": str(folder)}


def trial(folder: Path, chance: random.Random, within_s: float) -> tuple[int, list[str]]:
    """Kill, resume, remove; return the kills and what was broken."""
    tree, environ = made(folder)
    before = seen(tree)
    kills = killed(["run", "-q", str(folder / "plan.json")], tree, environ, chance.uniform(0.1, 1.0) * within_s)
    if chance.random() < 0.4:
        kills += killed(["resume"], tree, environ, chance.uniform(0.1, 1.0) * within_s)
    runs = json.loads(said(["ls", "--json"], tree, environ))["runs"]
    wrong = []
    for run in runs:
        subprocess.run(
            [*FORKJOIN, "resume", run["run"]], cwd=tree, env=environ, capture_output=True, check=False, timeout=120
        )
        view = json.loads(said(["show", run["run"], "--json"], tree, environ))
        states = [task["state"] for task in view["tasks"]]
        wrong += [] if states == ["completed"] * TASKS else [f"tasks ended as {states}"]
        said(["rm", "--discard", run["run"]], tree, environ)
    said(["doctor", "--fix"], tree, environ)
    after = seen(tree)
    wrong += [f"{name}: {before.get(name)!r} is now {after.get(name)!r}"
              for name in before.keys() | after.keys() if before.get(name) != after.get(name)]  # fmt: skip
    return kills, wrong


def killed(words: list[str], tree: Path, environ: dict[str, str], after_s: float) -> int:
    """Start a command, kill its session after so long; return 1 where it had not ended by then."""
    process = subprocess.Popen([*FORKJOIN, *words], cwd=tree, env=environ, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    time.sleep(after_s)
    if process.poll() is not None:
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.3)  # a git that it had started, in a session of its own, ends by itself
    return 1


def said(words: list[str], tree: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        [*FORKJOIN, *words], cwd=tree, env=environ, capture_output=True, text=True, check=False, timeout=120
    )
    if not done.stdout and done.returncode:
        raise RuntimeError(f"forkjoin {' '.join(words)}: {done.stderr}")
    return done.stdout


def repository(tree: Path, folder: Path) -> None:
    """A repository with a commit, a change, and a locked worktree of the user's whose folder is gone."""
    for line in (
        "git init -q -b main", "git config user.name U", "git config user.email u@example.org", "echo a > a",
        "git add a", "git commit -qm a", "echo b > b", f"git worktree add -q --detach --lock '{folder}/own'",
    ):  # fmt: skip
        subprocess.run(line, shell=True, cwd=tree, check=True)
    shutil.rmtree(folder / "own")


def seen(tree: Path) -> dict[str, str]:
    """Return what git says of a repository, and the bytes of its files but objects."""
    found = {}
    for words in (
        "worktree list --porcelain",
        "for-each-ref",
        "status --porcelain",
        "stash list",
        "fsck --no-dangling",
    ):
        done = subprocess.run(
            ["git", "--no-optional-locks", *words.split()], cwd=tree, capture_output=True, text=True, check=False
        )
        found[words] = done.stdout
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_file() and not name.startswith(".git/objects/"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


if __name__ == "__main__":
    sys.exit(main())
