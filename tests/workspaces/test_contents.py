"""Files read out of commits: what is missing, odd, or too big."""

from __future__ import annotations

import os
from pathlib import Path

from workspaces.sites import Site, git_in

from forkjoin.model import Tree
from forkjoin.workspaces import changes as module
from forkjoin.workspaces.contents import contents
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
    monkeypatch.setattr(module, "LARGEST", 50)
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
    assert made.notes == ("too big for the patch, and landed all the same: b[i]g, was big",)
    patch = (run.folder / made.patch).read_text()
    assert "a.txt" in patch
    assert "big" not in patch
    assert "b[i]g" in git_in(run.folder / "git", "ls-tree", "--name-only", made.commit)
