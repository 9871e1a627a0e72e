"""Which files of a tree an analyser looks at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from forkjoin.agents.analysers.analyser import Look
from forkjoin.errors import PlanError

# Folders that hold other people's code, caches or products, wherever they lie.
SKIPPED = frozenset(
    (".git", ".hg", ".svn", ".bzr", "CVS", "node_modules", "bower_components", "__pycache__", "__pypackages__",
     "site-packages", ".venv", ".direnv", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache",
     ".complexipy_cache", ".hypothesis", ".ipynb_checkpoints", ".terraform", ".gradle", ".idea")
)  # fmt: skip
_PRODUCTS = re.compile(
    r"(?:.*/)?build/(?:lib(?:\.[^/]*)?|(?:bdist|temp)\.[^/]*)|(?:.*/)?[^/]+\.(?:egg-info|egg)", re.DOTALL
)
CONFIGS = frozenset(
    ("pyproject.toml", "ruff.toml", ".ruff.toml", ".bandit", "bandit.yaml", "bandit.yml", ".bandit.yml", ".bandit.yaml")
)
_MOST_ARGUMENTS = 900_000  # bytes; Linux gives about 2 MiB to arguments and environment, macOS 1 MiB
_GLOB = re.compile(r"[*?\[{]")


def look_at(root: str, scratch: str, files: Sequence[str], reads: Sequence[str] | None) -> Look:
    """Return what to look at: the tree, less what is not the project's own code, within *reads* where given.

    *files* are the tree's files; where there are none the tree is walked. Raise PlanError where *reads* matches more
    files than a command line holds.
    """
    every = tuple(files) or tuple(sorted(_walked(root)))
    skipped = _skipped_folders(every)
    own = tuple(path for path in every if not _below(path, skipped))
    configs = {path for path in own if PurePosixPath(path).name in CONFIGS}
    if _everything(reads):
        return Look(
            root=root, scratch=scratch, files=own, excludes=tuple(sorted(skipped)), configs=tuple(sorted(configs))
        )
    # Of a part, *files* may hold that part alone; what is configured above it holds there, too.
    configs |= {path for path in _beside(_above(own), CONFIGS) if Path(root, path).is_file()}
    asked = within(reads)
    inside = tuple(path for path in own if asked(path))
    return Look(
        root=root,
        scratch=scratch,
        files=inside,
        targets=_targets(reads or (), inside),
        whole=False,
        excludes=tuple(sorted(skipped)),
        configs=tuple(sorted(configs)),
    )


def within(reads: Sequence[str] | None) -> Callable[[str], bool]:
    """Return whether a path lies within *reads*; all do where that is everything."""
    if _everything(reads):
        return lambda _: True
    matches = [_matcher(pattern) for pattern in reads or ()]
    return lambda path: any(match.fullmatch(path) for match in matches)


def _everything(reads: Sequence[str] | None) -> bool:
    return not reads or any(pattern.strip("/") in ("**", "**/*", ".", "") for pattern in reads)


def argument(path: str) -> str:
    """Return *path* so that no program takes it for an option, nor for a list of arguments (`@file`)."""
    return f"./{path}" if path[:1] in ("-", "@", "+") else path


def _targets(reads: Sequence[str], inside: tuple[str, ...]) -> tuple[str, ...]:
    folders = {
        pattern.rstrip("/").removesuffix("/**") for pattern in reads if not _GLOB.search(pattern.removesuffix("/**"))
    }
    loose = [path for path in inside if not any(path.startswith(f"{folder}/") for folder in folders)]
    whole = sorted(folder for folder in folders if any(path.startswith(f"{folder}/") for path in inside))
    chosen = tuple(argument(path) for path in (*whole, *loose))
    if sum(len(os.fsencode(path)) + 9 for path in chosen) > _MOST_ARGUMENTS:
        raise PlanError(
            f"reads matches {len(chosen)} single files, more than a command line holds",
            next_step='name whole folders instead, such as reads: ["src/**"]',
        )
    return chosen


def _skipped_folders(files: Sequence[str]) -> frozenset[str]:
    """Return the topmost folders to leave out: by their names, and virtual environments by their pyvenv.cfg."""
    environments = {path.rpartition("/")[0] for path in files if path.endswith("/pyvenv.cfg")}
    return frozenset(top for folder in _folders(files) if (top := _skipped_top(folder, environments)))


def _folders(files: Iterable[str]) -> set[str]:
    return {path.rpartition("/")[0] for path in files} - {""}


def _above(files: Iterable[str]) -> set[str]:
    """Return every folder that files lie in, with the tree's own ("") and all between."""
    found: set[str] = {""}
    for folder in _folders(files):
        above = folder
        while above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


def _beside(folders: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    listed = tuple(names)
    return (f"{folder}/{name}" if folder else name for folder in folders for name in listed)


def _skipped_top(folder: str, environments: set[str]) -> str:
    parts = folder.split("/")
    for depth, part in enumerate(parts, start=1):
        here = "/".join(parts[:depth])
        if part in SKIPPED or here in environments or _PRODUCTS.fullmatch(here):
            return here
    return ""


def _below(path: str, folders: frozenset[str]) -> bool:
    if not folders:
        return False
    cut = path.find("/")
    while cut != -1:
        if path[:cut] in folders:
            return True
        cut = path.find("/", cut + 1)
    return False


def _walked(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        base = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in names:
            yield name if base == "." else f"{base}/{name}"


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> re.Pattern[str]:
    """Return a path or glob of `reads` as a pattern: `**` crosses folders, a plain folder means all below it."""
    clean = pattern.removeprefix("./").rstrip("/")
    if not _GLOB.search(clean):
        return re.compile(f"{re.escape(clean)}(?:/.*)?", re.DOTALL)
    out, at = "", 0
    while at < len(clean):
        if clean.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif clean.startswith("**", at):
            out, at = out + ".*", at + 2
        else:
            out, at = out + {"*": "[^/]*", "?": "[^/]"}.get(clean[at], re.escape(clean[at])), at + 1
    return re.compile(out, re.DOTALL)
