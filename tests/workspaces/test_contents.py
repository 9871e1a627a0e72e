"""Files read out of commits: what is missing, odd, or too big."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
from workspaces.sites import Site, git_in

from forkjoin.model import Tree
from forkjoin.workspaces import changes as module
from forkjoin.workspaces import harvest as harvesting
from forkjoin.workspaces import streaming
from forkjoin.workspaces.contents import contents
from forkjoin.workspaces.git import GitFailed
from forkjoin.workspaces.store import Store


def test_what_is_there_is_read_and_what_is_missing_no_file_or_too_big_is_not(site: Site, tmp_path: Path) -> None:
    for name, text in (("new\nline", "n"), ("x missing", "m"), ("big", "b" * 100), ("empty", "")):
        site.write(name, text)
    head = site.commit().encode()
    git = Store("r", tmp_path / "git", Tree(root=str(site.tree))).git()
    git = type(git)(folder=git.folder, environ={**git.environ, "GIT_DIR": str(site.tree / ".git")})
    wanted = ("a.txt", "no", "no\nline", "new\nline", "x missing", "src", "big", "empty", "src/b.py")
    names = [b"%s:%s" % (head, os.fsencode(name)) for name in wanted]
    found = contents(git, names, most=99, total=1000)
    assert found == [b"one\n", b"", b"", b"n", b"m", b"", None, b"", b"b = 1\n"]
    assert contents(git, names, most=1000, total=4) == [b"one\n", b"", b"", None, None, b"", None, b"", None]
    assert contents(git, [], most=1, total=1) == []


def test_a_file_too_big_for_a_patch_is_in_the_commit_and_named(site: Site, monkeypatch) -> None:
    monkeypatch.setattr(module, "IN_PATCHES", 50)
    site.write("was big", b"\0" * 51)
    site.commit()
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "b[i]g").write_bytes(b"\0\1" * 40)
    (root / "was big").write_bytes(b"small")
    (root / "a.txt").write_text("two\n")
    made = run.harvest(place)
    assert [change.path for change in made.files] == ["a.txt", "b[i]g", "was big"]
    assert made.notes == ("landed, but too big for a patch, which is without: b[i]g, was big",)
    patch = (run.folder / made.patch).read_text()
    assert "a.txt" in patch
    assert "big" not in patch
    assert module.IN_PATCHES < module.LARGEST, "what is not merged is in no patch"
    assert "b[i]g" in git_in(run.folder / "git", "ls-tree", "--name-only", made.commit)


@pytest.mark.parametrize(("unit", "shrinks"), [(b"", False), (b"a line that comes again\n", True)])
def test_a_big_file_is_read_once_into_a_pack_as_it_is_or_smaller_where_that_pays(
    site: Site, monkeypatch, unit: bytes, shrinks: bool
) -> None:
    monkeypatch.setattr(streaming, "STREAMED", 1_000_000)
    monkeypatch.setattr(harvesting, "STREAMED", 1_000_000)
    content = (unit * 100_000 or random.Random(5).randbytes(2_000_000))[:2_000_000]
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "big").write_bytes(content)
    (root / "big").chmod(0o755)
    (root / "small").write_bytes(b"s")
    made = run.harvest(place)
    git_dir = run.folder / "git"
    assert git_in(git_dir, "ls-tree", made.commit, "big").startswith("100755 blob")
    done = subprocess.run(("git", "-C", git_dir, "show", f"{made.commit}:big"), capture_output=True, check=True)
    assert done.stdout == content
    packed = sum(path.stat().st_size for path in git_dir.glob("objects/pack/*.pack"))
    loose = sum(path.stat().st_size for path in git_dir.glob("objects/??/*"))
    assert loose < 100_000
    assert packed - 2_000_000 * (not shrinks) in range(100_000)
    git_in(git_dir, "fsck", "--strict")


def test_a_big_file_that_git_cannot_read_to_its_end_is_taken_as_it_is_found(site: Site, monkeypatch) -> None:
    def shortened(*_: object) -> str:
        raise GitFailed("git hash-object failed: short read")

    monkeypatch.setattr(harvesting, "STREAMED", 5)
    monkeypatch.setattr(harvesting, "stream_in", shortened)
    run = site.run()
    place = run.open()
    (Path(place.root) / "big").write_bytes(b"as it is")
    made = run.harvest(place)
    assert git_in(run.folder / "git", "show", f"{made.commit}:big") == "as it is"
