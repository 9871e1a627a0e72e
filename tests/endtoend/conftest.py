"""The user's checkout is the same after every end-to-end test as it was before."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def untouched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare what git and the file system say of `repository` before and after the test that uses it.

    A test that changes files of it itself names their beginnings, or `refs`: `@pytest.mark.edits("name", ...)`.
    """
    if "repository" not in request.fixturenames:
        yield
        return
    tree: Path = request.getfixturevalue("repository")
    mark = request.node.get_closest_marker("edits")
    edited = set(mark.args) if mark else set()
    before = fingerprint(tree, edited)
    yield
    after = fingerprint(tree, edited)
    assert {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {}


def fingerprint(tree: Path, edited: set[str]) -> dict[str, str]:
    """Return HEAD, index, status, stash, refs but our hidden ones, and every file, settings and hooks too."""
    asked = {
        "HEAD": ("rev-parse", "--symbolic-full-name", "HEAD"),
        "index": ("ls-files", "--stage", "-v"),
        "status": ("status", "--porcelain", "--ignored"),
        "stash": ("stash", "list"),
        "refs": ("for-each-ref",),
        "worktrees": ("worktree", "list", "--porcelain"),
    }
    seen = {}
    for name, words in asked.items():
        done = subprocess.run(("git", "--no-optional-locks", "-C", tree, *words), capture_output=True, check=True)
        lines = done.stdout.decode("utf-8", "backslashreplace").splitlines()
        kept = (line for line in lines if "refs/forkjoin/" not in line and not line[3:].startswith((*edited, "\0")))
        seen[name] = "\n".join(kept)
    for name in edited:
        seen.pop(name, None)
    for folder, inner, files in os.walk(tree):
        links = [name for name in inner if Path(folder, name).is_symlink()]
        for name in (*files, *links):
            path = Path(folder, name)
            inside = path.relative_to(tree).as_posix()
            if inside.startswith((*edited, ".git/objects/", ".git/refs/", ".git/index", ".git/packed-refs")):
                continue
            data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            seen[inside] = f"{path.lstat().st_mode:o} {hashlib.sha256(data).hexdigest()}"
    return seen
