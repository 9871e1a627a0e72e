"""Commits that an agent made keep author and message, whatever it made of its repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from workspaces.sites import git_in, hows


def committed(root: Path, name: str, message: str, author: str) -> None:
    (root / name).write_text(f"{message}\n")
    git_in(root, "add", "--", name)
    git_in(root, "commit", "-q", "-m", message, "--author", author)


def test_commits_are_kept_with_author_and_message_and_survive_the_workspace(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    committed(root, "one.txt", "First: do it\n\nWith a body.", "Ann Agent <ann@example.org>")
    git_in(root, "gc", "-q", "--prune=now")
    committed(root, "two.txt", "Second ☃", "Bo Bot <bo@example.org>")
    (root / "a.txt").write_text("not committed\n")
    changes = run.harvest(place)
    assert hows(changes) == {"one.txt": "added", "two.txt": "added", "a.txt": "modified"}
    assert [(one.author, one.message) for one in changes.commits] == [
        ("Ann Agent <ann@example.org>", "First: do it\n\nWith a body."),
        ("Bo Bot <bo@example.org>", "Second ☃"),
    ]
    assert changes.notes == ()
    run.rooms.discard(place)
    last = changes.commits[-1].commit
    assert run.git("show", "-s", "--format=%an %s", last) == "Bo Bot Second ☃\n"
    assert run.git("show", f"{last}:one.txt") == "First: do it\n\nWith a body.\n"
    run.git("fsck", "--no-dangling")


def test_a_harvest_again_sees_the_same_commits(site):
    run = site.run()
    place = run.open()
    committed(Path(place.root), "one.txt", "First", "Ann Agent <ann@example.org>")
    assert run.harvest(place).commits == run.harvest(place).commits


def test_no_commits_are_none(site):
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("changed\n")
    assert run.harvest(place).commits == ()
    git_in(Path(place.root), "checkout", "-q", "--orphan", "empty")
    assert run.harvest(place).commits == ()


def test_another_branch_and_a_history_rewritten_are_kept(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    git_in(root, "checkout", "-q", "-b", "feature/x")
    committed(root, "one.txt", "On a branch", "Ann Agent <ann@example.org>")
    git_in(root, "pack-refs", "--all")
    assert [one.message for one in run.harvest(place).commits] == ["On a branch"]
    git_in(root, "checkout", "-q", "--orphan", "new")
    git_in(root, "commit", "-q", "-m", "From nothing")
    assert [one.message for one in run.harvest(place).commits] == ["From nothing"]


def broken_head(root: Path) -> None:
    (root / ".git/HEAD").write_text("ref: refs/heads/../../../../x\n")


def linked_ref(root: Path) -> None:
    (root.parent / "ref").write_text("0" * 40)
    shutil.rmtree(root / ".git/refs/heads")
    (root / ".git/refs/heads").symlink_to(root.parent)


def no_objects(root: Path) -> None:
    shutil.rmtree(root / ".git/objects")
    (root / ".git/refs/heads/main").write_text("1" * 40 + "\n")


def linked_objects(root: Path) -> None:
    (root / ".git/objects").rename(root.parent / "objects")
    (root / ".git/objects").symlink_to(root.parent / "objects")


def damaged(root: Path) -> None:
    for path in (root / ".git/objects").rglob("*"):
        if path.is_file() and len(path.name) == 38:
            path.chmod(0o644)
            path.write_bytes(b"damaged")


@pytest.mark.parametrize("harm", [broken_head, linked_ref, no_objects, linked_objects, damaged])
def test_a_repository_that_cannot_be_read_costs_its_commits_and_nothing_else(site, harm):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    committed(root, "one.txt", "First", "Ann Agent <ann@example.org>")
    harm(root)
    changes = run.harvest(place)
    assert hows(changes) == {"one.txt": "added"}
    assert changes.commits == ()
    assert all("could not be kept" in note for note in changes.notes)
