"""What a review's report tells: from flags to a scope, read before anything starts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from forkjoin.engine.preparing.baselines import read_baseline
from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Baseline, GitTree, Scope, Since, Tree, to_builtins
from forkjoin.sources import changed_since, renames_since


class Narrow(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks of a review beside where to look; "" and () = not said."""

    since: str | None = None
    baseline: Path | None = None
    sarif: tuple[Path, ...] = ()


def scope_of(asked: Narrow, tree: Tree) -> Scope:
    """Return the scope of a review of *tree*.

    Raises PlanError for an unknown ref, a missing or broken baseline, and a tree outside git; CannotHere without git.
    """
    since = None if asked.since is None else _since(asked.since, tree)
    baseline = None if asked.baseline is None else _baseline(asked.baseline, tree)
    return Scope(since=since, baseline=baseline, prefix=_prefix(tree))


def scope_notes(scope: Scope) -> tuple[str, ...]:
    """Say what the scope is, for whoever starts the review."""
    said = []
    if scope.since is not None:
        files = len(scope.since.files)
        said.append(
            f"findings count on lines changed since {scope.since.ref} (merge base {scope.since.base[:12]}): "
            f"{files:,} {'file' if files == 1 else 'files'}"
        )
    if scope.baseline is not None:
        known = len(scope.baseline.known)
        said.append(f"{known:,} {'finding is' if known == 1 else 'findings are'} known by {scope.baseline.file}")
    return tuple(said)


def scope_json(scope: Scope) -> dict[str, Any]:
    """Return what the scope is for a program: {} where it is the whole."""
    told: dict[str, Any] = {}
    if scope.since is not None:
        told["since"] = to_builtins(scope.since)
    if scope.baseline is not None:
        told["baseline"] = {"file": scope.baseline.file, "known": len(scope.baseline.known)}
    return told


def _since(ref: str, tree: Tree) -> Since:
    return changed_since(ref, git=_git(tree, f"--since {ref}"), root=Path(tree.root))


def _git(tree: Tree, where: str) -> GitTree:
    if tree.git is not None:
        return tree.git
    if shutil.which("git") is None:
        raise CannotHere(f"{where}: no git program was found, and only git knows what was changed; install git")
    raise PlanError(f"{tree.root} lies in no git repository", where=where, next_step="leave it out, or: git init")


def _baseline(file: Path, tree: Tree) -> Baseline:
    known = read_baseline(file)
    renames = renames_since(file, git=tree.git) if tree.git is not None else ()
    whole = file.resolve()
    root = Path(tree.root)
    own = whole.relative_to(root).as_posix() if whole.is_relative_to(root) else ""
    return Baseline(file=str(file), own=own, known=known, renames=renames)


def _prefix(tree: Tree) -> str:
    """Return the tree's place in its repository as the head of a path, "" at the top, above it and outside git."""
    if tree.git is None or tree.root == tree.git.top or not Path(tree.root).is_relative_to(tree.git.top):
        return ""
    return f"{Path(tree.root).relative_to(tree.git.top).as_posix()}/"
