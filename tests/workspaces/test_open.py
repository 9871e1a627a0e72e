"""Workspaces opened."""

from __future__ import annotations

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from workspaces.sites import Run, Site, a_task, git_in

from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import Changes, Task, TaskId
from forkjoin.workspaces.git import Git


def test_readers_share_the_tree(site):
    for task in (Task(id=TaskId("r"), task="x", writes=()), Task(id=TaskId("r"), task="x", permission="read-only")):
        place = site.run().rooms.open(task, 1, base="")
        assert (place.kind, place.root, place.cwd) == ("shared", str(site.tree), str(site.tree))


def test_a_reader_starts_in_its_cwd(site):
    task = Task(id=TaskId("r"), task="x", writes=(), cwd="src")
    assert site.run().rooms.open(task, 1, base="").cwd == str(site.tree / "src")


def test_a_reader_that_asks_for_a_clone_gets_one(site):
    assert site.run().open(Task(id=TaskId("r"), task="x", writes=(), isolation="clone")).kind == "clone"


def test_a_writer_never_shares_the_tree(site):
    with pytest.raises(PlanError, match="never shares"):
        site.run().open(Task(id=TaskId("w"), task="x", isolation="shared"))


def test_a_clone_has_the_base_the_history_and_nothing_to_push_to(site):
    site.git("tag", "v1")
    site.git("remote", "add", "origin", "https://example.invalid/x")
    site.write("a.txt", "dirty\n")
    run = site.run()
    place = run.open()
    root = Path(place.root)
    assert root == site.home / "workspaces" / "run1" / "a-1" / "project"
    assert (place.kind, place.level, place.base) == ("clone", "audited", run.base.commit)
    assert (root / "a.txt").read_text() == "dirty\n"
    assert git_in(root, "status", "--porcelain", "--ignored") == ""
    assert git_in(root, "rev-parse", "HEAD", "v1").split() == [place.base, site.git("rev-parse", "HEAD").strip()]
    assert git_in(root, "branch", "--show-current") == "main\n"
    assert git_in(root, "remote") == ""
    assert git_in(root, "fsck", "--no-dangling") == ""


def test_an_agent_can_commit_in_its_clone_as_the_user(site):
    root = Path(site.run().open().root)
    (root / "a.txt").write_text("two\n")
    git_in(root, "commit", "-qam", "Two")
    git_in(root, "checkout", "-q", "-b", "other")
    assert git_in(root, "log", "-1", "--format=%an <%ae>") == "A Tester <tester@example.org>\n"


def test_the_users_hooks_and_templates_do_not_run_in_a_clone(site, tmp_path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-$$\n")
        (hooks / name).chmod(0o755)
    site.git("config", "--global", "core.hooksPath", str(hooks))
    site.git("config", "core.hooksPath", str(hooks))
    site.git("config", "core.fsmonitor", f"touch {tmp_path}/ran-watch; false")
    for name, value in (
        ("core.fsmonitor", f"touch {tmp_path}/ran-here; false"),
        ("commit.gpgSign", "true"),
        ("gpg.program", str(hooks / "pre-commit")),
    ):
        site.git("config", "--global", name, value)
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("two\n")
    assert run.harvest(place).commit
    git_in(Path(place.root), "commit", "-qam", "Two")
    run.rooms.release()
    assert list(tmp_path.glob("ran*")) == []


def test_a_detached_head_gives_a_detached_clone(site):
    site.git("checkout", "-q", "--detach")
    root = Path(site.run().open().root)
    assert git_in(root, "branch", "--show-current") == ""
    assert git_in(root, "rev-parse", "HEAD") == site.git("rev-parse", "HEAD")


def test_a_branch_in_folders_is_named_the_same_in_a_clone(site):
    site.git("checkout", "-q", "-b", "feature/x/y")
    root = Path(site.run().open().root)
    assert git_in(root, "branch", "--show-current") == "feature/x/y\n"


def test_a_tree_below_the_repository_is_cloned_whole_and_entered(site):
    run = site.run("src")
    place = run.open()
    assert Path(place.cwd) == Path(place.root) / "src"
    assert (Path(place.root) / "a.txt").exists()
    (Path(place.root) / "src/b.py").write_text("b = 2\n")
    (Path(place.root) / "a.txt").write_text("two\n")
    task = Task(id=TaskId("a"), task="x", writes=("b.py",))
    assert [(c.path, c.violation) for c in run.harvest(place, task).files] == [("../a.txt", True), ("b.py", False)]


@pytest.mark.parametrize("cwd", ["..", "../..", "/", "/etc", "nowhere", "a.txt", "out"])
def test_a_cwd_that_leaves_the_tree_or_is_none_is_refused_and_nothing_is_left(site, cwd):
    (site.tree / "out").symlink_to("/")
    run = site.run()
    with pytest.raises(PlanError, match="cwd"):
        run.open(Task(id=TaskId("a"), task="x", cwd=cwd))
    assert list((site.home / "workspaces/run1").iterdir()) == []


def test_a_worktree_of_the_users_is_a_tree_like_any_other(site, tmp_path):
    site.git("worktree", "add", "-q", str(tmp_path / "wt"), "-b", "side")
    (tmp_path / "wt/a.txt").write_text("dirty in the worktree\n")
    run = Site(tree=tmp_path / "wt", home=site.home).run()
    place = run.open()
    assert (Path(place.root) / "a.txt").read_text() == "dirty in the worktree\n"
    assert git_in(Path(place.root), "branch", "--show-current") == "side\n"


def test_strange_names_modes_and_links_arrive_as_they_are(site, tmp_path):
    names = [
        b"line\nbreak",
        b"tab\tand space ",
        b"caf\xe9",
        b"-rf",
        b"\xf0\x9f\x8d\xb4",
        b'quo"te',
        b"back\\slash",
        b'"q"',
        b"e\xcc\x81",
    ]
    for name in names:
        site.write(name, name)
    site.write("run.sh", "#!/bin/sh\n", mode=0o755)
    (site.tree / "out").symlink_to(tmp_path)
    (site.tree / "gone").symlink_to("nowhere")
    run = site.run()
    root = Path(run.open().root)
    for name in names:
        assert (root / os.fsdecode(name)).read_bytes() == name
    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "out").readlink() == tmp_path
    assert (root / "gone").readlink() == Path("nowhere")


def test_no_bytes_are_converted_in_a_clone_whatever_attributes_say(site):
    site.write(".gitattributes", "*.bat text eol=crlf\n*.txt ident\n*.u text working-tree-encoding=UTF-16\n")
    site.write("x.bat", "a\r\nb\r\n")
    site.write("k.txt", "$Id$\n")
    site.write("x.u", "ab\n".encode("utf-16"))
    site.commit()
    run = site.run()
    place = run.open()
    root = Path(place.root)
    assert (root / "x.bat").read_bytes() == b"a\nb\n"
    assert (root / "k.txt").read_bytes() == b"$Id$\n"
    git_in(root, "checkout", "-q", "HEAD~0", "--", ".")
    os.utime(root / "x.bat")
    assert run.harvest(place).files == ()
    assert git_in(root, "status", "--porcelain") == ""


def test_submodules_are_empty_folders_and_the_base_says_so(site, tmp_path):
    other = Site(tree=tmp_path / "other", home=site.home)
    other.write("x", "x")
    other.git("init", "-q")
    other.git("add", "-A")
    other.git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x")
    site.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.tree), "sub")
    site.commit()
    run = site.run()
    place = run.open()
    assert run.base.note.endswith("submodules are empty folders in workspaces")
    assert list((Path(place.root) / "sub").iterdir()) == []
    assert run.harvest(place) == Changes()
    (Path(place.root) / "sub/lost").write_text("x")
    assert run.harvest(place) == Changes(notes=("what was made inside submodules was left out: sub",))


def test_carried_files_come_along_and_are_never_harvested(site):
    site.write("noise.log", "n\n")
    site.write("deep/er/.env", "KEY=1\n")
    site.write("other.log", "o\n")
    (site.tree / "l.log").symlink_to("noise.log")
    site.write("deep/.gitignore", ".env\n")
    run = site.run()
    task = Task(id=TaskId("a"), task="x", carry=("{noise,l}.log", "deep/**/.env"))
    place = run.open(task)
    root = Path(place.root)
    assert (root / "deep/er/.env").read_text() == "KEY=1\n"
    assert (root / "l.log").is_symlink()
    assert not (root / "other.log").exists()
    (root / "deep/er/.env").write_text("KEY=2\n")
    (root / "deep/.gitignore").unlink()
    (root / ".gitignore").unlink()
    assert [c.path for c in run.harvest(place, task).files] == [".gitignore", "deep/.gitignore"]


def test_worktreeinclude_says_what_is_carried_where_the_task_does_not(site):
    site.write(".worktreeinclude", "*.log\n!b.log\n")
    site.write("deep/a.log", "a\n")
    site.write("b.log", "b\n")
    root = Path(site.run().open().root)
    assert (root / "deep/a.log").exists()
    assert not (root / "b.log").exists()


def test_carried_files_of_a_tree_below_the_repository_are_found_below_it(site):
    for name in ("x.log", "src/x.log", "src/deep/x.log"):
        site.write(name, "x")
    root = Path(site.run("src").open(Task(id=TaskId("a"), task="x", carry=("x.log",))).root)
    assert sorted(p.relative_to(root).as_posix() for p in root.rglob("*.log")) == ["src/x.log"]


def test_sixteen_at_once_are_all_whole(site):
    for n in range(100):
        site.write(f"many/{n}.txt", f"{n}\n")
    run = site.run()
    run.take()

    def one(n: int) -> tuple[str, ...]:
        task = a_task(f"t{n}")
        place = run.open(task)
        (Path(place.root) / f"many/{n}.txt").write_text("changed\n")
        return tuple(c.path for c in run.harvest(place, task).files)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(one, range(16))) == [(f"many/{n}.txt",) for n in range(16)]


def test_two_runs_at_once_do_not_meet(site):
    one, two = site.run(), site.run()
    site.write("a.txt", "later\n")
    assert one.take().ref != two.take().ref
    one.open(), two.open()
    one.rooms.release()
    assert (site.home / "workspaces/run2/a-1/project/a.txt").read_text() == "later\n"
    assert "run2" in site.git("for-each-ref")
    assert "run1" not in site.git("for-each-ref")


def test_what_an_interrupted_creation_left_is_made_again_and_a_whole_one_is_not_touched(site):
    run = site.run()
    left = site.home / "workspaces/run1/a-1/project"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    place = run.open()
    assert not (left / "half").exists()
    with pytest.raises(CannotHere, match="there already"):
        run.open()
    assert Path(place.root, "a.txt").exists()


def test_a_checkout_that_is_not_its_base_is_refused(site, monkeypatch):
    run = site.run()
    run.take()
    blob = site.git("rev-parse", "HEAD:a.txt").strip()
    (site.tree / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CannotHere, match="read-tree failed"):
        run.open()
    assert list((site.home / "workspaces/run1").iterdir()) == []


def test_a_base_of_sha256_objects_works(tmp_path, home):
    made = Site(tree=tmp_path / "new", home=home)
    made.write("a.txt", "one\n")
    subprocess.run(("git", "init", "-q", "--object-format=sha256", str(made.tree)), check=True)
    made.write("b.txt", "one\n")
    run = made.run()
    place = run.open()
    (Path(place.root) / "b.txt").write_text("two\n")
    changes = run.harvest(place)
    assert [len(changes.commit), [c.path for c in changes.files]] == [64, ["b.txt"]]
    assert git_in(Path(place.root), "status", "--porcelain") == " M b.txt\n"


def test_a_folder_with_a_strange_name_is_a_tree(tmp_path, home, site):
    moved = site.tree.rename(tmp_path / 'odd "name\nof #a tree ')
    run = Site(tree=moved, home=home).run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("two\n")
    assert [c.path for c in run.harvest(place).files] == ["a.txt"]
    assert git_in(Path(place.root), "status", "--porcelain") == " M a.txt\n"


@pytest.mark.parametrize("name", ["../x", "", ".", "a/b", "-x", "a.lock", "a..b", "a\n"])
def test_a_task_whose_id_is_no_folder_name_is_refused(site, name):
    with pytest.raises(PlanError, match="cannot name a folder"):
        site.run().open(Task(id=TaskId(name), task="x"))


def test_discard_removes_what_an_agent_locked_and_follows_no_link(site, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    run = site.run()
    place = run.open()
    root = Path(place.root)
    (root / "link").symlink_to(outside)
    (root / "locked").mkdir()
    (root / "locked/file").write_text("x")
    (root / "locked").chmod(0)
    run.rooms.discard(place)
    assert not root.parent.exists()
    assert (outside / "kept").exists()


def test_discard_leaves_alone_what_is_not_ours(site, tmp_path):
    run: Run = site.run()
    place = run.open()
    shared = run.rooms.open(Task(id=TaskId("r"), task="x", writes=()), 1, base="")
    run.rooms.discard(shared)
    for root in (str(tmp_path), f"{place.root}/../../../..", "/", str(site.tree)):
        with pytest.raises(CannotHere, match="left alone"):
            run.rooms.discard(type(place)(kind="clone", root=root, cwd=root))
    assert site.tree.exists()
    assert Path(place.root).exists()


def test_lfs_content_comes_from_the_local_store_and_what_it_lacks_stays_a_pointer(site):
    data = b"the whole content\n"
    oid = hashlib.sha256(data).hexdigest()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
    site.write(".gitattributes", "*.bin filter=lfs -text\n")
    for name in ("has.bin", "line\nbreak.bin", "no-attribute.txt"):
        site.write(name, pointer.format(oid, len(data)), mode=0o755 if name == "has.bin" else None)
    site.write("lacks.bin", pointer.format("a" * 64, 5))
    site.write("other-size.bin", pointer.format(oid, 5))
    site.write("plain.bin", "no pointer\n")
    site.commit()
    site.write(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", data, mode=0o444)
    before = site.fingerprint()
    task = Task(id=TaskId("a"), task="x", lfs=True)
    run = site.run()
    place = run.open(task)
    root = Path(place.root)
    assert (root / "has.bin").read_bytes() == (root / "line\nbreak.bin").read_bytes() == data
    assert os.access(root / "has.bin", os.X_OK | os.W_OK)
    assert (root / "no-attribute.txt").read_text().startswith("version")
    assert place.notes == (
        "LFS files that the local store does not have stay pointers (git lfs fetch): lacks.bin, other-size.bin",
    )
    assert "lfs: true" in run.base.note
    assert run.harvest(place, task).files == ()
    assert git_in(root, "status", "--porcelain") == ""
    (root / "has.bin").write_bytes(b"changed\n")
    (root / "line\nbreak.bin").unlink()
    changes = run.harvest(place, task)
    assert [(c.path, c.how) for c in changes.files] == [("has.bin", "modified"), ("line\nbreak.bin", "deleted")]
    assert "has.bin" in changes.notes[0]
    assert run.git("show", f"{changes.commit}:has.bin") == pointer.format(hashlib.sha256(b"changed\n").hexdigest(), 8)
    assert (Path(run.open("plain").root) / "has.bin").read_text().startswith("version")
    assert site.fingerprint() == before


def test_the_form_of_the_repositorys_objects_is_asked_once_a_run(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    line = Git.line
    monkeypatch.setattr(Git, "line", lambda git, *words, **more: asked.append(words) or line(git, *words, **more))
    run = site.run()
    for task in "ab":
        run.open(task)
    assert asked.count(("rev-parse", "--show-object-format")) == 1
