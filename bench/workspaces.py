"""A workspace of a large repository: opened sparse and whole, beside what git itself does, in one run.

    python bench/workspaces.py [--files 100000] [--json]

The repository is made for it (folders of 100 files) and packed, as one that was cloned is. Walls in seconds, the middle
of three for what is quick.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import told

from forkjoin.model import RunId, Task, TaskId
from forkjoin.sources import read_tree
from forkjoin.workspaces import Workspaces

TIMES = 3


def main() -> int:
    """Print a row for each way; exit 1 where a sparse workspace takes a second or more."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="forkjoin-bench-") as scratch:
        top = Path(scratch)
        tree = made(top / "tree", options.files)
        rows = [*ours(tree, top / "home"), *gits(tree, top)]
    told(rows, as_json=options.json, notes=["The base (what is not committed) is taken once a run, not once a task."])
    return 0 if float(str(rows[1]["s"])) < 1 else 1


def made(tree: Path, files: int) -> Path:
    """Make a repository with so many files."""
    for number in range(files // 100):
        folder = tree / f"package{number // 10:03}" / f"part{number % 10}"
        folder.mkdir(parents=True)
        for name in range(100):
            (folder / f"module{name:02}.py").write_text(f"x = {number * 100 + name}\n" * 5)
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "All of it")
    git(tree, "gc", "-q")
    return tree


def ours(tree: Path, home: Path) -> list[dict[str, object]]:
    """Return what the base and the two kinds of workspaces take, and what a harvest of the sparse one does."""
    folder = home / "runs" / "bench"
    folder.mkdir(parents=True)
    rooms = Workspaces(RunId("bench"), folder, home, read_tree(tree))
    began = time.perf_counter()
    base = rooms.take_base()
    rows = [row("forkjoin: base, once a run", time.perf_counter() - began)]
    sparse = [Task(id=TaskId(f"s{n}"), task="x", sparse=True, writes=("package003/part4/**",)) for n in range(TIMES)]
    walls, places = [], []
    for task in sparse:
        began = time.perf_counter()
        places.append(rooms.open(task, 1, base=base))
        walls.append(time.perf_counter() - began)
    rows.append(row("forkjoin: sparse: true, one folder of 100 files", statistics.median(walls)))
    Path(places[0].root, "package003/part4/new.py").write_text("new\n")
    rows.append(row("forkjoin: harvest of it", timed(lambda: rooms.harvest(sparse[0], 1, places[0]))))
    task = Task(id=TaskId("whole"), task="x")
    began = time.perf_counter()
    rooms.open(task, 1, base=base)
    rows.append(row("forkjoin: whole", time.perf_counter() - began))
    rooms.release()
    return rows


def gits(tree: Path, top: Path) -> list[dict[str, object]]:
    """Return what git takes for a clone and for a worktree."""
    rows = []
    for name, words in (
        ("git clone --shared", ("clone", "-q", "--shared", str(tree), str(top / "shared"))),
        ("git clone (hard links)", ("clone", "-q", str(tree), str(top / "linked"))),
        ("git worktree add", ("-C", str(tree), "worktree", "add", "-q", "--detach", str(top / "worktree"))),
    ):
        wall = timed(lambda words=words: git(top, *words))  # type: ignore[misc]  # bound now, called now
        rows.append(row(name, wall))
        shutil.rmtree(words[-1])
    return rows


def row(way: str, wall: float) -> dict[str, object]:
    """Return a row."""
    return {"way": way, "s": round(wall, 2)}


def timed(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def git(folder: Path, *words: str) -> None:
    """Run git there."""
    subprocess.run(("git", "-c", "gc.auto=0", *words), cwd=folder, check=True, stdout=subprocess.DEVNULL)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
