"""Sparse workspaces: only what a task declares is written out, and what is not there is no deletion."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from workspaces.sites import Run, Site, git_in, hows

from forkjoin.model import Place, Task, TaskId
from forkjoin.workspaces.sparse import cone_of

FILES = ("top.md", "a/one.py", "a/in/two.py", "b/three.py", "b/in/four.py", "c/five.py", "c/six.py", "c/.gitignore")


@pytest.fixture
def opened(site: Site) -> tuple[Run, Place, Task]:
    for name in FILES:
        site.write(name, "*.tmp\n" if name.endswith("ignore") else f"{name}\n")
    site.commit()
    run = site.run()
    task = Task(id=TaskId("a"), task="x", sparse=True, writes=("b/in/**",))
    return run, run.open(task), task


def written(place: Place) -> set[str]:
    root = Path(place.root)
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and ".git/" not in f"{p}/"}


@pytest.mark.parametrize(
    ("globs", "folders"),
    [
        (("a/b/**",), {"a/b"}),
        (("a/*.py", "a/b/c"), {"a"}),
        (("a/b.py",), {"a/b.py"}),
        (("{a,b}/c/**",), {"a/c", "b/c"}),
        ((r"a/\*/x?",), {"a/*"}),
        (("*.md", "a/**"), {"*.md", "a"}),
        (("**/x.py", "a"), {""}),
        (("a\nb/c",), {""}),
    ],
)
def test_a_cone_holds_the_folders_that_the_globs_stay_in(globs, folders):
    cone = cone_of(Task(id=TaskId("t"), task="x", sparse=True, writes=globs), "")
    assert {"/".join(folder) for folder in cone.folders} == folders
    assert cone.everything is (folders == {""})


def test_a_sparse_workspace_has_what_is_declared_and_the_files_above_and_says_so(opened):
    _, place, _ = opened
    assert written(place) == {".gitignore", "a.txt", "b/in/four.py", "b/three.py", "top.md"}
    assert place.notes[0].startswith("sparse: only b/in and the files beside and above are written out; git sparse")
    assert git_in(Path(place.root), "status", "--porcelain") == ""


def test_what_was_not_written_out_is_no_deletion_and_what_is_written_there_counts(opened):
    run, place, task = opened
    assert run.harvest(place, task).files == ()
    root = Path(place.root)
    (root / "b/in/four.py").unlink()
    (root / "c").mkdir()
    (root / "c/five.py").write_text("over one that is not there\n")
    (root / "c/new.py").write_text("new\n")
    (root / "c/ignored.tmp").write_text("by the rules of a folder that is not there\n")
    changes = run.harvest(place, task)
    assert hows(changes) == {"b/in/four.py": "deleted", "c/five.py": "modified", "c/new.py": "added"}
    assert changes.violations == ("c/five.py", "c/new.py")
    assert "c/six.py" in run.git("ls-tree", "-r", "--name-only", changes.commit)


def test_an_agent_that_needs_more_brings_it_and_what_it_removes_then_is_deleted(opened):
    run, place, task = opened
    root = Path(place.root)
    git_in(root, "sparse-checkout", "add", "c")
    assert (root / "c/five.py").read_text() == "c/five.py\n"
    assert run.harvest(place, task).files == ()
    (root / "c/five.py").unlink()
    git_in(root, "rm", "-q", "--sparse", "a/one.py")
    assert hows(run.harvest(place, task)) == {"a/one.py": "deleted", "c/five.py": "deleted"}
    git_in(root, "sparse-checkout", "disable")
    (root / "a/in/two.py").unlink()
    assert hows(run.harvest(place, task)) == dict.fromkeys(("a/one.py", "a/in/two.py", "c/five.py"), "deleted")


@pytest.mark.parametrize("sparse", [True, False])
def test_what_an_agent_takes_out_by_git_is_no_deletion_and_is_said(opened, sparse):
    run, _, _ = opened
    place = run.open(Task(id=TaskId("s"), task="x", sparse=sparse, writes=("b/in/**",)))
    git_in(Path(place.root), "sparse-checkout", "set", "c")
    changes = run.harvest(place, "s")
    assert (changes.files, len(changes.notes)) == ((), 1)
    assert "git sparse-checkout took out" in changes.notes[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda own: (own / "index").unlink(),
        lambda own: (own / "index").write_bytes(b"DIRC no index"),
        lambda own: ((own / "index").unlink(), os.mkfifo(own / "index")),
        lambda own: ((own / "index").unlink(), (own / "index").symlink_to("/dev/zero")),
        lambda own: (own.rename(own.with_name("away")), own.symlink_to("away")),
        lambda own: (shutil.rmtree(own), git_in(own.parent, "init", "-q"), git_in(own.parent, "add", "-A")),
    ],
)
def test_an_index_that_tells_nothing_makes_no_deletions_and_is_said(opened, spoil):
    run, place, task = opened
    spoil(Path(place.root, ".git"))
    changes = run.harvest(place, task)
    assert not [file for file in changes.files if file.how == "deleted"]
    assert any("not written out" in note for note in changes.notes)


def test_a_sparse_task_stands_on_others_and_lies_in_a_folder_of_the_repository(site, opened):
    run, _, _ = opened
    other = run.open("other")
    (Path(other.root) / "c/five.py").write_text("of another\n")
    base = run.rooms.merged(other.base, [run.harvest(other, "other").commit], name="m")
    place = run.open(Task(id=TaskId("then"), task="x", sparse=True, reads=("c/*.py",), writes=("n/**",)), base=base)
    assert (Path(place.root) / "c/five.py").read_text() == "of another\n"
    assert "a/one.py" not in written(place)
    below = site.run("b").open(Task(id=TaskId("a"), task="x", sparse=True, writes=("new/deep/**",)))
    assert (Path(below.cwd).name, written(below)) == ("b", {".gitignore", "a.txt", "b/three.py", "top.md"})


def test_outside_git_all_is_there_and_it_is_said(plain):
    place = plain.run().open(Task(id=TaskId("a"), task="x", sparse=True, writes=("src/**",)))
    assert (written(place) >= {"a.txt", "src/b.py"}, place.notes) == (True, ("sparse: outside git all is copied",))


def test_where_globs_begin_at_the_top_all_is_there_and_it_is_said(site):
    place = site.run().open(Task(id=TaskId("a"), task="x", sparse=True, writes=("**/*.py",)))
    assert (Path(place.root, "src/b.py").exists(), len(place.notes)) == (True, 1)
