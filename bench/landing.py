"""Landing replayed on a history of merges: both parents of each as two tasks, beside git's own merge of them.

    .venv/bin/python bench/landing.py [--merges 300] [--seed 1] [--repository DIR] [--json]

Without --repository a history is generated: edits, new, deleted and renamed files, mode bits, some of them in the same
place on both sides. The tree must be git's own where its merge is clean; where it is not, the same files must be
named. Left out are merges with several merge bases or none (the tasks of a run have one), and those where one side is
the base.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from forkjoin.model import GitTree, RunId, Tree
from forkjoin.workspaces.landing import Piece, Replay
from forkjoin.workspaces.store import Store

AIM_MS = 50.0


@dataclass
class Figures:
    """What came of it. Times are milliseconds of one merge: ours for both steps, git's for its own merge."""

    clean: int = 0
    conflicting: int = 0
    other_bases: int = 0
    wrong: list[str] = field(default_factory=list)
    ours_ms: list[float] = field(default_factory=list)
    git_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)  # ours beyond git's own, children too: that no load changes much

    def summary(self) -> dict[str, object]:
        extra = [ours - own for ours, own in zip(self.ours_ms, self.git_ms, strict=True)]
        return {
            "merges": self.clean + self.conflicting,
            "clean": self.clean,
            "conflicting": self.conflicting,
            "left_out_other_bases": self.other_bases,
            "wrong": len(self.wrong),
            "git_ms": round(statistics.median(self.git_ms), 1),
            "ours_ms": round(statistics.median(self.ours_ms), 1),
            "extra_ms": round(statistics.median(extra), 1),
            "extra_ms_p95": round(sorted(extra)[int(len(extra) * 0.95)], 1),
            "extra_cpu_ms": round(statistics.median(self.cpu_ms), 1),
            "extra_cpu_ms_p95": round(sorted(self.cpu_ms)[int(len(self.cpu_ms) * 0.95)], 1),
            "load": round(os.getloadavg()[0], 1),
        }


def main() -> int:
    """Measure, print, and say by the exit code whether every merge came out as git's own."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--merges", type=int, default=300)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--repository", default="")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="forkjoin-bench-") as scratch:
        repository = (
            Path(given.repository)
            if given.repository
            else generated(Path(scratch) / "history", merges=given.merges, seed=given.seed)
        )
        figures = replayed(repository, Path(scratch), merges=given.merges)
    summary = figures.summary()
    for line in figures.wrong[:20]:
        print(line, file=sys.stderr)
    print(json.dumps(summary) if given.json else "\n".join(f"{name:24} {value}" for name, value in summary.items()))
    return 1 if figures.wrong else 0


def replayed(repository: Path, scratch: Path, *, merges: int) -> Figures:
    """Land the parents of the newest *merges* concurrent merges of a repository (no bare one) as two tasks each."""
    common = Path(_git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    tree = Tree(root=str(repository), git=GitTree(top=str(repository), common_dir=str(common)))
    store = Store(RunId("bench"), scratch / "git", tree)
    replay, figures = Replay(store), Figures()
    for merge, first, second in _merges(repository):
        if len(figures.ours_ms) == merges:
            break
        bases = _bases(repository, first, second)
        if len(bases) != 1:
            figures.other_bases += 1
            continue
        if bases[0] in (first, second):
            continue  # one side had nothing of its own: nothing was made side by side
        before, start = _cpu_s(), time.perf_counter()
        own_tree, own_files = _own(repository, first, second)
        middle, between = _cpu_s(), time.perf_counter()
        replay.know((bases[0], first, second))  # as a landing does for all its tasks
        landed = replay.step(replay.tree_of(bases[0]), Piece(base=bases[0], commit=first))
        assert isinstance(landed, str), "a change does not merge into what it was made on"
        landed = replay.step(landed, Piece(base=bases[0], commit=second))
        figures.git_ms.append((between - start) * 1000)
        figures.ours_ms.append((time.perf_counter() - between) * 1000)
        figures.cpu_ms.append((_cpu_s() - middle - (middle - before)) * 1000)
        if isinstance(landed, str):
            figures.clean += 1
            if own_files or landed != own_tree:
                figures.wrong.append(f"{merge}: clean with us as {landed}, git: {own_tree} {own_files}")
        else:
            figures.conflicting += 1
            named = {clash.path for clash in landed}
            if not own_files or not own_files <= named:
                figures.wrong.append(f"{merge}: {sorted(named)} with us, git: {sorted(own_files)}")
    return figures


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _merges(repository: Path) -> Iterator[tuple[str, str, str]]:
    """Yield merges of two parents, the newest first."""
    words = ("rev-list", "--all", "--merges", "--max-parents=2", "--parents")
    for line in _git(repository, *words).splitlines():
        merge, first, second = line.split()
        yield merge, first, second


def _bases(repository: Path, first: str, second: str) -> list[str]:
    """Return the merge bases; none where the histories have nothing in common."""
    words = ("git", "-C", str(repository), "merge-base", "--all", first, second)
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()


def _own(repository: Path, first: str, second: str) -> tuple[str, set[str]]:
    """Return the tree of git's own merge, and the files in which it conflicts."""
    words = (
        "git",
        "-C",
        str(repository),
        "merge-tree",
        "--write-tree",
        "--name-only",
        "--no-messages",
        "-z",
        first,
        second,
    )
    done = subprocess.run(words, capture_output=True, check=False)
    tree, *files = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return tree, {file for file in files if file} if done.returncode else set()


def _git(repository: Path, *words: str) -> str:
    return subprocess.run(("git", "-C", str(repository), *words), capture_output=True, text=True, check=True).stdout


# -- a history made up


def generated(folder: Path, *, merges: int, seed: int) -> Path:
    """Make a repository with so many merges of two branches that were made side by side; return it."""
    subprocess.run(("git", "init", "-q", str(folder)), check=True)
    stream = "".join(_stream(random.Random(seed), merges)).encode()
    subprocess.run(("git", "-C", str(folder), "fast-import", "--quiet"), input=stream, check=True)
    return folder


def _stream(chance: random.Random, merges: int) -> Iterator[str]:
    files = {f"src/{name}/file{n}.txt": [f"{name} {n} line {row}" for row in range(60)]
             for name in ("core", "web", "docs") for n in range(12)}  # fmt: skip
    yield _commit(1, "Begin", "".join(_modify(path, lines) for path, lines in files.items()), ())
    mark, base = 1, 1
    for _ in range(merges):
        shared = chance.random() < 0.4  # both sides look at the same few files
        there = chance.sample(sorted(files), 2) if shared else []
        sides = []
        for _side in range(2):
            changed, said = dict(files), ""
            for _edit in range(chance.randint(1, 4)):
                said += _edited(changed, chance, there)
            mark += 1
            yield _commit(mark, "Change", said, (base,))
            sides.append((mark, changed))
        mark += 1
        files = sides[0][1]
        yield _commit(mark, "Merge", "", (sides[0][0], sides[1][0]))
        base = mark


def _edited(files: dict[str, list[str]], chance: random.Random, there: list[str]) -> str:
    """Change *files*, and return how that is said; a path is never given two meanings."""
    path = chance.choice([one for one in there if one in files] or sorted(files))
    kind = chance.random()
    lines = list(files[path])
    if kind < 0.08 and len(files) > 20:
        del files[path]
        return f"D {path}\n"
    if kind < 0.16:
        moved = path.rpartition("/")[0] + f"/moved{chance.randint(0, 10**6)}.txt"
        files[moved] = files.pop(path)
        return f"R {path} {moved}\n"
    if kind < 0.24:
        path, lines = f"src/new/file{chance.randint(0, 40)}.txt", [f"new {chance.random()}" for _ in range(20)]
    elif kind < 0.3:
        return _modify(path, lines, mode="100755")
    else:
        at = chance.randrange(len(lines))
        lines[at : at + chance.randint(0, 3)] = [f"changed {chance.random()}" for _ in range(chance.randint(0, 3))]
        lines = lines or ["one"]
    files[path] = lines
    return _modify(path, lines)


def _modify(path: str, lines: list[str], mode: str = "100644") -> str:
    text = "\n".join(lines) + "\n"
    return f"M {mode} inline {path}\ndata {len(text)}\n{text}\n"


def _commit(mark: int, message: str, said: str, parents: tuple[int, ...]) -> str:
    who = f"A Bench <bench@example.org> {1_700_000_000 + mark} +0000"
    above = "".join(f"{'from' if n == 0 else 'merge'} :{parent}\n" for n, parent in enumerate(parents))
    return (
        f"commit refs/heads/main\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata {len(message)}\n{message}\n"
        f"{above}{said}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
