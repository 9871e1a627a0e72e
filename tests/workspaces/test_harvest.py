"""What an attempt changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from workspaces.sites import Site, git_in, hows

from forkjoin.errors import CannotHere, NoRoom
from forkjoin.model import Changes, Task, TaskId, to_json
from forkjoin.workspaces import taking


def test_nothing_changed_is_no_changes(site):
    run = site.run()
    place = run.open()
    os.utime(Path(place.root) / "a.txt")
    assert run.harvest(place) == Changes()
    assert not (run.folder / "tasks/a/1/changes.patch").exists()


def test_every_kind_of_change_is_named(site):
    site.write("mode.sh", "x\n")
    site.write("type.txt", "x\n")
    site.write("bin.dat", b"\0\1\2")
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "a.txt").write_text("one\ntwo\n")
    (root / "src/b.py").unlink()
    (root / "mode.sh").chmod(0o755)
    (root / "type.txt").unlink()
    (root / "type.txt").symlink_to("a.txt")
    (root / "bin.dat").write_bytes(b"\0\3")
    (root / "new/deep").mkdir(parents=True)
    (root / "new/deep/x").write_text("1\n2\n3\n")
    changes = run.harvest(place)
    assert hows(changes) == {
        "a.txt": "modified", "bin.dat": "modified", "mode.sh": "mode", "new/deep/x": "added", "src/b.py": "deleted",
        "type.txt": "type",
    }  # fmt: skip
    lines = {c.path: (c.insertions, c.deletions) for c in changes.files}
    assert (lines["a.txt"], lines["src/b.py"], lines["new/deep/x"], lines["bin.dat"]) == (
        (1, 0),
        (0, 1),
        (3, 0),
        (0, 0),
    )


def test_the_commit_has_the_base_as_parent_the_user_as_author_and_the_description_as_subject(site):
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("two\n")
    changes = run.harvest(place)
    said = run.git("log", "-1", "--format=%P|%an <%ae>|%cn|%s", changes.commit).strip()
    assert said == f"{place.base}|A Tester <tester@example.org>|A Tester|Change something here"
    assert run.git("rev-parse", "refs/forkjoin/run1/task/a/1").strip() == changes.commit
    assert git_in(site.tree, "cat-file", "-e", changes.commit, code=None) == ""
    assert changes.base == place.base


def test_a_user_without_a_name_is_nobody_in_particular(site):
    site.git("config", "--unset", "user.name")
    site.git("config", "--unset", "user.email")
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("two\n")
    assert run.git("log", "-1", "--format=%an <%ae>", run.harvest(place).commit) == "forkjoin <forkjoin@localhost>\n"


def test_the_patch_applies_to_the_base_and_gives_the_same_tree(site):
    site.write("bin.dat", bytes(range(256)) * 40)
    site.write("no-end", "no line end")
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "bin.dat").write_bytes(bytes(range(255, -1, -1)) * 40)
    (root / "no-end").write_text("still none")
    (root / "a.txt").unlink()
    (root / "line\nbreak").write_text("x\n")
    (root / "link").symlink_to("/etc/passwd")
    changes = run.harvest(place)
    patch = run.folder / changes.patch
    clean = run.open("other")
    git_in(Path(clean.root), "apply", "--index", str(patch))
    assert git_in(Path(clean.root), "write-tree") == run.git("rev-parse", f"{changes.commit}^{{tree}}")


def test_what_the_agent_committed_staged_or_stashed_is_judged_by_the_files_alone(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "a.txt").write_text("committed\n")
    git_in(root, "commit", "-qam", "Mine")
    (root / "new.txt").write_text("staged\n")
    git_in(root, "add", "new.txt")
    (root / "src/b.py").write_text("stashed\n")
    git_in(root, "stash", "-q", "--", "src/b.py")
    git_in(root, "gc", "-q")
    assert hows(run.harvest(place)) == {"a.txt": "modified", "new.txt": "added"}


def test_a_harvest_can_be_repeated_and_sees_what_came_since(site):
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("two\n")
    first = run.harvest(place)
    assert run.harvest(place).files == first.files
    (Path(place.root) / "b.txt").write_text("b\n")
    assert [c.path for c in run.harvest(place).files] == ["a.txt", "b.txt"]


def test_another_process_can_harvest(site):
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("two\n")
    fresh = type(run.rooms)(run.rooms._store.run, run.folder, site.home, run.rooms._tree)
    assert hows(fresh.harvest(Task(id=TaskId("a"), task="x"), 1, place)) == {"a.txt": "modified"}


def test_a_change_that_keeps_size_and_time_is_seen(site):
    run = site.run()
    place = run.open()
    path = Path(place.root) / "a.txt"
    state = path.stat()
    path.write_text("eno\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert hows(run.harvest(place)) == {"a.txt": "modified"}


def test_ignored_files_are_left_out_by_the_rules_of_the_base(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "noise.log").write_text("n")
    (root / ".gitignore").write_text("*.tmp\n")
    for name in (":(top)x.log", "x.tmp", "new.txt", ":!new.txt"):
        (root / name).write_text("x")
    assert hows(run.harvest(place)) == {".gitignore": "modified", ":!new.txt": "added", "new.txt": "added"}


def test_a_tracked_file_that_is_ignored_is_harvested(site):
    site.write("kept.log", "1\n")
    site.git("add", "-f", "kept.log")
    site.commit()
    run = site.run()
    place = run.open()
    (Path(place.root) / "kept.log").write_text("2\n")
    assert hows(run.harvest(place)) == {"kept.log": "modified"}


def test_a_rename_by_case_alone_is_seen(site):
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").rename(Path(place.root) / "A.txt")
    assert hows(run.harvest(place)) == {"A.txt": "renamed", "a.txt": "deleted"}


def test_names_of_any_bytes_are_named_and_fit_into_json(site):
    run = site.run()
    place = run.open()
    names = [b"caf\xe9", b"line\nbreak", b'"quoted"', b"-dash", b"tab\t", b"e\xcc\x81", b" lead", b"back\\slash"]
    for name in names:
        (Path(place.root) / os.fsdecode(name)).write_bytes(b"x")
    changes = run.harvest(place)
    assert {c.path for c in changes.files} == {
        '"caf\\351"', "line\nbreak", '"\\042quoted\\042"', "-dash", "tab\t", "e\u0301", " lead", "back\\slash",
    }  # fmt: skip
    assert to_json(changes)


def test_files_that_became_folders_and_folders_that_became_files_are_seen(site):
    site.write("d/x", "x\n")
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()
    (root / "a.txt/inner").write_text("i\n")
    (root / "d/x").unlink()
    (root / "d").rmdir()
    (root / "d").write_text("file\n")
    assert hows(run.harvest(place)) == {"a.txt": "deleted", "a.txt/inner": "added", "d": "added", "d/x": "deleted"}


@pytest.mark.parametrize("target", ["moved", "/etc"])
def test_a_folder_that_became_a_link_is_a_link_and_is_not_followed(site, target):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "src").rename(root / "moved")
    (root / "src").symlink_to(target)
    changes = run.harvest(place)
    assert hows(changes) == {"moved/b.py": "renamed", "src": "added", "src/b.py": "deleted"}
    assert run.git("cat-file", "-p", f"{changes.commit}:src") == target


def test_pipes_and_sockets_are_left_out_and_named(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    os.mkfifo(root / "pipe")
    (root / "a.txt").unlink()
    os.mkfifo(root / "a.txt")
    changes = run.harvest(place)
    assert hows(changes) == {"a.txt": "deleted"}
    assert changes.notes == ("pipes, sockets and unreadable files were left out: a.txt",)


def test_repositories_made_inside_are_plain_folders(site):
    run = site.run()
    place = run.open()
    inner = Path(place.root) / "inner"
    inner.mkdir()
    (inner / "x.py").write_text("x\n")
    (inner / "x.log").write_text("ignored\n")
    git_in(inner, "init", "-q")
    git_in(inner, "add", "x.py")
    git_in(inner, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x")
    changes = run.harvest(place)
    assert hows(changes) == {"inner/x.py": "added"}
    assert changes.notes == ("repositories made inside the workspace were taken as plain folders: inner",)


def test_writes_outside_the_declared_ones_are_violations(site):
    task = Task(id=TaskId("a"), task="x", writes=("src/**", "docs"))
    run = site.run()
    place = run.open(task)
    root = Path(place.root)
    (root / "a.txt").unlink()
    (root / "src/c.py").write_text("c\n")
    (root / "docs/deep").mkdir(parents=True)
    (root / "docs/deep/x.md").write_text("x\n")
    (root / "srcs").write_text("x\n")
    assert run.harvest(place, task).violations == ("a.txt", "srcs")


def test_nothing_is_a_violation_where_nothing_was_declared(site):
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").unlink()
    assert run.harvest(place).violations == ()


def test_files_that_run_by_themselves_are_flagged(site):
    run = site.run("src")
    place = run.open()
    root = Path(place.root)
    runs = [
        ".claude/settings.json",
        "src/.mcp.json",
        ".github/workflows/ci.yml",
        "Makefile",
        "src/conftest.py",
        ".envrc",
    ]
    for name in [*runs, "src/main.py"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    flagged = {c.path for c in run.harvest(place).files if c.runs}
    assert flagged == {
        "../.claude/settings.json",
        ".mcp.json",
        "../.github/workflows/ci.yml",
        "../Makefile",
        "conftest.py",
        "../.envrc",
    }


def test_too_big_a_change_is_refused_and_stays_where_it_is(site, monkeypatch):
    run = site.run()
    place = run.open()
    (Path(place.root) / "big").write_text("x" * 100)
    monkeypatch.setattr(taking, "MOST_BYTES", 50)
    with pytest.raises(NoRoom, match="changes of a"):
        run.harvest(place)
    assert (Path(place.root) / "big").exists()


@pytest.mark.parametrize("how", ["gone", "link", "file"])
def test_a_workspace_that_is_no_longer_there_is_an_error_not_a_deletion_of_all(site, tmp_path, how):
    run = site.run()
    place = run.open()
    Path(place.root).rename(tmp_path / "moved")
    if how == "link":
        Path(place.root).symlink_to(tmp_path / "moved")
    elif how == "file":
        Path(place.root).write_text("x")
    with pytest.raises(CannotHere, match="gone"):
        run.harvest(place)


def test_a_shared_place_has_no_changes(site):
    run = site.run()
    task = Task(id=TaskId("r"), task="x", writes=())
    assert run.harvest(run.rooms.open(task, 1, base=""), task) == Changes()


def test_an_attempt_that_was_never_opened_has_nothing_to_harvest(site):
    run = site.run()
    place = run.open()
    with pytest.raises(CannotHere, match="nothing is known"):
        run.harvest(replace(place, root=place.root.replace("a-1", "a-2")))


def test_a_description_of_any_kind_is_one_line(site: Site):
    run = site.run()
    task = Task(id=TaskId("a"), task="x", description="Zwei\ndata 5\n\ud800 Zeilen\0")
    place = run.open(task)
    (Path(place.root) / "a.txt").write_text("two\n")
    assert run.git("log", "-1", "--format=%s", run.harvest(place, task).commit) == "Zwei\n"


def test_a_rename_is_told_with_both_names_and_each_is_held_against_the_declared_writes(site):
    site.write("src/long.py", "".join(f"line {n}\n" for n in range(40)))
    site.write("empty", "")
    run = site.run("src")
    place = run.open()
    root = Path(place.root)
    text = (root / "src/long.py").read_text()
    (root / "src/long.py").unlink()
    (root / "src/other name.py").write_text(text + "one more\n")
    (root / "a.txt").rename(root / "src/a.txt")
    (root / "empty").rename(root / "src/empty")
    task = Task(id=TaskId("a"), task="x", writes=("*",))
    changes = run.harvest(place, task)
    told = {c.path: (c.how, c.was, c.became, c.insertions, c.deletions) for c in changes.files}
    assert told["other name.py"] == ("renamed", "long.py", "", 1, 0)
    assert told["long.py"] == ("deleted", "", "other name.py", 0, 0)
    assert told["a.txt"][:2] == ("renamed", "../a.txt")
    assert told["empty"][:2] == ("added", "")
    assert {(one.old, one.new) for one in changes.renamed} == {("long.py", "other name.py"), ("../a.txt", "a.txt")}
    assert changes.violations == ("../a.txt", "../empty")


def test_ignored_files_count_where_the_task_says_so_and_no_others(site):
    site.write("vendor/.gitignore", "*\n")
    site.git("add", "-f", "vendor/.gitignore")
    site.commit()
    site.write("carried.log", "theirs\n")
    task = Task(id=TaskId("a"), task="x", keep_ignored=("*.log", "out/**", "vendor/**"), carry=("carried.log",))
    run = site.run()
    place = run.open(task)
    root = Path(place.root)
    for name in ("kept.log", "carried.log", "src/deep.log", "out/x.log", "vendor/lib"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x")
    (root / "fifo.log").unlink(missing_ok=True)
    os.mkfifo(root / "fifo.log")
    git_in(root, "init", "-q", "vendor/nested")
    (root / "vendor/nested/in").write_text("x")
    (root / "vendor/nested/.git/hooks/post-commit").write_text("x")
    (root / ".gitignore").unlink()
    changes = run.harvest(place, task)
    expected = dict.fromkeys(("kept.log", "out/x.log", "vendor/lib", "vendor/nested/in"), "added")
    assert hows(changes) == {**expected, ".gitignore": "deleted"}


def test_outside_git_what_is_skipped_counts_where_the_task_says_so(plain):
    run = plain.run()
    task = Task(id=TaskId("a"), task="x", keep_ignored=("node_modules/**",))
    place = run.open(task)
    for name in ("node_modules/a/b.js", ".venv/lib"):
        (Path(place.root) / name).parent.mkdir(parents=True)
        (Path(place.root) / name).write_text("x")
    assert hows(run.harvest(place, task)) == {"node_modules/a/b.js": "added"}


def test_files_that_run_by_themselves_are_named_together(site):
    run = site.run()
    place = run.open()
    for name in (
        ".envrc",
        "Makefile",
        ".github/workflows/ci.yml",
        "sub/package.json",
        ".vscode/tasks.json",
        "plain.txt",
    ):
        (Path(place.root) / name).parent.mkdir(parents=True, exist_ok=True)
        (Path(place.root) / name).write_text("x")
    assert set(run.harvest(place).runs) == {
        ".envrc", "Makefile", ".github/workflows/ci.yml", "sub/package.json", ".vscode/tasks.json"
    }  # fmt: skip
