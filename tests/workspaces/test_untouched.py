"""The user's repository and tree are read-only to us."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from workspaces.sites import Site, git_in

from forkjoin.model import Task, TaskId


def dirty(site: Site) -> None:
    """Make a tree as people have them: staged, changed, new, ignored, deleted, stashed, linked."""
    site.write("stashed.txt", "s\n")
    site.git("add", "stashed.txt")
    site.git("stash", "-q")
    site.git("tag", "v1")
    site.write("staged.txt", "s\n")
    site.git("add", "staged.txt")
    site.write("a.txt", "changed\n")
    (site.tree / "src/b.py").unlink()
    site.write("new dir/new.txt", "n\n")
    site.write("noise.log", "n\n")
    (site.tree / "link").symlink_to("a.txt")
    site.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n", mode=0o755)


def state(site: Site) -> tuple[str, ...]:
    asked = (("status", "--porcelain"), ("stash", "list"), ("rev-parse", "HEAD"), ("config", "--list", "--local"))
    refs = [line for line in site.git("for-each-ref").splitlines() if "refs/forkjoin/" not in line]
    return (*(site.git("--no-optional-locks", *words) for words in asked), *refs)


@pytest.mark.parametrize("how", ["snapshot", "HEAD", "v1"])
def test_no_operation_leaves_a_trace_but_the_hidden_ref(site, how):
    dirty(site)
    known, before = state(site), site.fingerprint()
    run = site.run()

    def same() -> bool:
        now = site.fingerprint()
        assert {k: (before.get(k), now.get(k)) for k in before.keys() | now.keys() if before.get(k) != now.get(k)} == {}
        return True

    run.take(how)
    assert same()
    task = Task(id=TaskId("a"), task="x", carry=("*.log",))
    place, other = run.open(task), run.open("b")
    assert same()
    for opened, text in ((place, "mine\n"), (other, "theirs\n")):
        root = Path(opened.root)
        (root / "a.txt").write_text(text)
        git_in(root, "commit", "-qam", "x")
        git_in(root, "stash", "list")
        git_in(root, "gc", "-q", "--prune=now")
        git_in(root, "tag", "-d", "v1")
    changes = run.harvest(place, task)
    assert changes.commit
    assert same()
    run.rooms.merged(place.base, [changes.commit], name="m")
    run.rooms.discard(place)
    assert same()
    run.rooms.release()
    assert same()
    assert state(site) == known
    assert "forkjoin" not in site.git("for-each-ref")
    site.git("fsck", "--no-dangling")


def test_reading_and_sharing_leave_no_trace_at_all(site):
    dirty(site)
    before = site.fingerprint()
    site.run().rooms.open(Task(id=TaskId("r"), task="x", writes=()), 1, base="")
    assert site.fingerprint() == before
    assert "forkjoin" not in site.git("for-each-ref")


def test_a_tree_outside_git_is_left_as_it_is(plain):
    before = plain.fingerprint()
    run = plain.run()
    place = run.open()
    shutil.rmtree(place.root)
    Path(place.root).mkdir()
    run.harvest(place)
    run.rooms.release()
    assert plain.fingerprint() == before


def test_release_twice_or_before_anything_was_made_is_fine(site):
    run = site.run()
    run.rooms.release()
    run.open()
    run.rooms.release()
    run.rooms.release()
    assert not (site.home / "workspaces/run1").exists()
