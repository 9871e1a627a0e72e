"""The comparison that stands around every end-to-end test sees each thing that somebody could leave in a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from endtoend.conftest import fingerprint

LEFT = {
    "HEAD": "git checkout -q -b other",
    "index": "git rm -q --cached app.py",
    "status": "echo x > new",
    "stash": "echo x >> app.py; git stash -q",
    "refs": "git tag v1",
    "worktrees": "git worktree add -q ../beside",
    ".git/config": "git config core.fsmonitor x",
    ".git/hooks/pre-commit": "mkdir -p .git/hooks; echo x > .git/hooks/pre-commit",
    ".git/info/exclude": "mkdir -p .git/info; echo new >> .git/info/exclude",
    "app.py": "printf x | dd of=app.py conv=notrunc 2>/dev/null",
    "docs/guide.md": "chmod +x docs/guide.md",
}


@pytest.mark.edits("", "refs", "HEAD", "index", "status", "stash", "worktrees")
@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_in_a_checkout_is_seen(repository: Path, what: str) -> None:
    identity = "git config user.name n; git config user.email n@example.org"
    subprocess.run(identity, shell=True, cwd=repository, check=True)
    before = fingerprint(repository, set())
    subprocess.run(LEFT[what], shell=True, cwd=repository, check=True)
    after = fingerprint(repository, set())
    assert before.get(what) != after.get(what)


def test_our_hidden_refs_are_not_looked_at(repository: Path) -> None:
    before = fingerprint(repository, set())
    subprocess.run(["git", "-C", str(repository), "update-ref", "refs/forkjoin/x/base", "HEAD"], check=True)
    assert fingerprint(repository, set()) == before
