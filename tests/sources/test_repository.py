"""Where git stands: asked by one call, or by several where that one does not tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from forkjoin.sources import repository_of
from forkjoin.sources.repository import _at_once, _one_by_one


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder), *words),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/src").mkdir(parents=True)
    _git(tmp_path, "init", "-q", "-b", "main", "tree")
    _git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "One")
    return tmp_path / "tree"


def test_one_call_tells_what_several_tell(tree: Path) -> None:
    _git(tree, "worktree", "add", "-q", "-b", "feature/HEAD", "../other")
    for folder in (tree, tree / "src", tree.parent / "other"):
        assert _at_once(folder) == _one_by_one(folder)
    found = repository_of(tree.parent / "other")
    assert found is not None
    assert (found.branch, found.common_dir) == ("feature/HEAD", str(tree / ".git"))
    assert (found.head, found.subdir) == (_git(tree, "rev-parse", "HEAD"), "")


def test_where_one_call_does_not_tell_several_do(tree: Path, tmp_path: Path) -> None:
    odd = tmp_path / "two\nlines"
    tree.rename(odd)
    found = repository_of(odd / "src")
    assert found is not None
    assert (found.top, found.subdir, found.branch) == (str(odd), "src", "main")
    _git(odd, "checkout", "-q", "--detach")
    _git(tmp_path, "init", "-q", "-b", "trunk", "new")
    detached, unborn = repository_of(odd), repository_of(tmp_path / "new")
    assert detached is not None
    assert unborn is not None
    assert (detached.branch, detached.head) == ("", _git(odd, "rev-parse", "HEAD"))
    assert (unborn.branch, unborn.head) == ("trunk", "")
    assert repository_of(tmp_path) is None
