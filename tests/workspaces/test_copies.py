"""Trees outside git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from workspaces.sites import hows

from forkjoin.errors import CannotHere, NoRoom, PlanError
from forkjoin.model import Task, TaskId
from forkjoin.workspaces import copies


def test_a_copy_has_files_modes_times_links_and_empty_folders(plain):
    os.utime(plain.tree / "a.txt", ns=(10**18, 10**18))
    (plain.tree / "src").chmod(0o750)
    (plain.tree / "a.txt").chmod(0o604)
    run = plain.run()
    place = run.open()
    root = Path(place.root)
    assert (place.kind, place.root, place.cwd) == ("copy", str(root), str(root))
    assert run.base.note == "base: a copy of 4 files (no git repository)"
    assert (root / "a.txt").stat().st_mtime_ns == 10**18
    assert ((root / "a.txt").stat().st_mode & 0o777, (root / "src").stat().st_mode & 0o777) == (0o604, 0o750)
    assert (root / "empty").is_dir()
    assert (root / "link").readlink() == Path("a.txt")
    assert os.access(root / "tool", os.X_OK)
    assert not (root / ".git").exists()


def test_what_an_agent_changes_in_a_copy_is_named(plain):
    run = plain.run()
    place = run.open()
    assert run.harvest(place).files == ()
    root = Path(place.root)
    (root / "a.txt").write_text("two\n")
    (root / "src/b.py").unlink()
    (root / "new.log").write_text("x\n")
    (root / "__pycache__").mkdir()
    (root / "__pycache__/x.pyc").write_text("x")
    changes = run.harvest(place)
    assert hows(changes) == {"a.txt": "modified", "new.log": "added", "src/b.py": "deleted"}
    assert b"+two" in (run.folder / changes.patch).read_bytes()


def test_ignore_files_mean_nothing_outside_git(plain):
    plain.write(".gitignore", "*\n")
    run = plain.run()
    place = run.open()
    (Path(place.root) / "new.txt").write_text("x\n")
    assert hows(run.harvest(place)) == {"new.txt": "added"}


def test_the_base_is_what_the_tree_was_when_it_was_taken(plain):
    run = plain.run()
    run.take()
    plain.write("a.txt", "later\n")
    (plain.tree / "src/b.py").unlink()
    root = Path(run.open().root)
    assert (root / "a.txt").read_text() == "one\n"
    assert (root / "src/b.py").exists()


def test_skipped_folders_can_be_carried(plain):
    plain.write("node_modules/x/index.js", "x\n")
    run = plain.run()
    task = Task(id=TaskId("a"), task="x", carry=("node_modules/**",))
    place = run.open(task)
    assert (Path(place.root) / "node_modules/x/index.js").exists()
    assert run.harvest(place, task).files == ()
    assert not (Path(run.open("b").root) / "node_modules").exists()


def test_an_empty_folder_is_a_tree(plain, tmp_path, home):
    (tmp_path / "nothing").mkdir()
    run = type(plain)(tree=tmp_path / "nothing", home=home).run()
    place = run.open()
    (Path(place.root) / "first").write_text("x\n")
    assert hows(run.harvest(place)) == {"first": "added"}


def test_a_folder_with_repositories_in_it_is_a_plain_tree(plain):
    inner = type(plain)(tree=plain.tree / "inner", home=plain.home)
    inner.write("x", "x\n")
    inner.git("init", "-q")
    run = plain.run()
    place = run.open()
    assert (Path(place.root) / "inner/x").exists()
    assert not (Path(place.root) / "inner/.git").exists()
    (Path(place.root) / "inner/x").write_text("y\n")
    assert hows(run.harvest(place)) == {"inner/x": "modified"}


def test_too_big_a_tree_is_refused_with_a_remedy(plain, monkeypatch):
    monkeypatch.setattr(copies, "MOST_FILES", 3)
    with pytest.raises(NoRoom, match="-C"):
        plain.run().take()


def test_there_is_no_ref_outside_git(plain):
    with pytest.raises(PlanError, match="no git repository"):
        plain.run().take("HEAD")


def test_without_git_no_copy_is_made(plain, monkeypatch):
    run = plain.run()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotHere, match="install it"):
        run.take()
