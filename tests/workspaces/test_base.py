"""What writers start from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from forkjoin.errors import CannotHere, NoRoom, PlanError
from forkjoin.sources import read_tree
from forkjoin.workspaces import separable, taking


def test_a_clean_tree_starts_from_its_head(site):
    run = site.run()
    base = run.take()
    head = site.git("rev-parse", "HEAD").strip()
    assert (base.kind, base.commit, base.note) == ("snapshot", head, f"base: HEAD {head[:7]}")


def test_a_snapshot_has_tracked_changes_and_new_files_but_no_ignored_ones(site):
    site.write("a.txt", "two\n")
    site.write("src/b.py", "b = 2\n")
    site.git("rm", "-q", "--cached", ".gitignore")
    site.write("new file.txt", "new\n")
    site.write("noise.log", "ignored\n")
    run = site.run()
    base = run.take()
    names = run.git("ls-tree", "-r", "--name-only", base.commit).splitlines()
    assert names == [".gitignore", "a.txt", "new file.txt", "src/b.py"]
    assert run.git("show", f"{base.commit}:a.txt") == "two\n"
    assert base.note.endswith("plus 2 changed and 1 new file")


def test_a_snapshot_has_deleted_staged_and_renamed_files_as_they_stand(site):
    site.write("staged.txt", "staged\n")
    site.git("add", "staged.txt")
    site.write("staged.txt", "later\n")
    site.git("mv", "a.txt", "c.txt")
    (site.tree / "src/b.py").unlink()
    run = site.run()
    commit = run.take().commit
    assert run.git("ls-tree", "-r", "--name-only", commit).splitlines() == [".gitignore", "c.txt", "staged.txt"]
    assert run.git("show", f"{commit}:staged.txt") == "later\n"


def test_a_staged_blob_survives_its_pruning_in_the_users_repository(site):
    site.write("staged.txt", "only staged\n")
    site.git("add", "staged.txt")
    run = site.run()
    commit = run.take().commit
    site.git("reset", "-q", "--hard")
    site.git("prune", "--expire=now")
    assert run.git("show", f"{commit}:staged.txt") == "only staged\n"


def test_the_base_survives_a_reset_and_a_prune_in_the_users_repository(site):
    site.write("a.txt", "two\n")
    second = site.commit()
    run = site.run()
    run.take()
    site.git("reset", "-q", "--hard", "HEAD~1")
    site.git("reflog", "expire", "--expire=now", "--all")
    site.git("gc", "-q", "--prune=now")
    place = run.open()
    assert place.base == second
    assert (Path(place.root) / "a.txt").read_text() == "two\n"


def test_a_change_within_the_time_grain_of_the_index_is_seen(site):
    for n in range(20):
        site.write("a.txt", f"{n:04}\n")
        site.git("add", "a.txt")
        site.write("a.txt", f"{n + 1:04}\n")
        run = site.run()
        assert run.git("show", f"{run.take().commit}:a.txt") == f"{n + 1:04}\n"


def test_head_or_a_ref_is_pinned_to_its_commit(site):
    first = site.git("rev-parse", "HEAD").strip()
    site.git("tag", "v1")
    site.write("a.txt", "two\n")
    site.commit()
    site.write("a.txt", "dirty\n")
    base = site.run().take("v1")
    assert (base.kind, base.commit) == ("head", first)
    assert site.git("rev-parse", base.ref).strip() == first


@pytest.mark.parametrize("how", ["nowhere", "--all", "-h", "HEAD:a.txt", ""])
def test_a_ref_that_is_no_commit_is_named(site, how):
    with pytest.raises(PlanError, match="no commit"):
        site.run().take(how)


def test_a_repository_without_a_commit_can_be_a_base(tmp_path, home, site):
    (tmp_path / "young").mkdir()
    young = type(site)(tree=tmp_path / "young", home=home)
    young.git("init", "-q", "-b", "trunk")
    young.write("a.txt", "one\n")
    run = young.run()
    base = run.take()
    assert (base.ref, base.note) == ("", "base: no commit yet plus 1 new file")
    place = run.open()
    assert (Path(place.root) / "a.txt").read_text() == "one\n"
    (Path(place.root) / "a.txt").write_text("two\n")
    assert [c.path for c in run.harvest(place).files] == ["a.txt"]


def test_an_empty_repository_can_be_a_base(tmp_path, home, site):
    (tmp_path / "young").mkdir()
    young = type(site)(tree=tmp_path / "young", home=home)
    young.git("init", "-q")
    run = young.run()
    place = run.open()
    (Path(place.root) / "first.txt").write_text("one\n")
    assert [c.path for c in run.harvest(place).files] == ["first.txt"]


def test_a_conflicted_merge_can_be_a_base(site):
    site.git("checkout", "-q", "-b", "other")
    site.write("a.txt", "other\n")
    site.commit()
    site.git("checkout", "-q", "main")
    site.write("a.txt", "mine\n")
    site.commit()
    subprocess.run(("git", "-C", str(site.tree), "merge", "-q", "other"), capture_output=True, check=False)
    run = site.run()
    assert "<<<<<<<" in run.git("show", f"{run.take().commit}:a.txt")


def test_a_split_index_is_read(site):
    site.write("a.txt", "two\n")
    site.git("update-index", "--split-index")
    site.write("new.txt", "new\n")
    run = site.run()
    assert run.take().note.endswith("plus 1 changed and 1 new file")


def test_nested_repositories_are_left_out_and_counted(site, tmp_path):
    nested = type(site)(tree=site.tree / "vendor", home=site.home)
    nested.write("x", "x")
    nested.git("init", "-q")
    nested.git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "x")
    run = site.run()
    base = run.take()
    assert base.note.endswith("; left out: 1 nested repository")
    assert "vendor" not in run.git("ls-tree", "-r", "--name-only", base.commit)


def test_a_folder_that_became_a_link_is_one(site):
    (site.tree / "src/b.py").rename(site.tree / "kept.py")
    (site.tree / "src").rmdir()
    (site.tree / "other").mkdir()
    site.write("other/b.py", "b = 1\n")
    (site.tree / "src").symlink_to("other")
    run = site.run()
    commit = run.take().commit
    assert run.git("ls-tree", "--name-only", commit).splitlines() == [".gitignore", "a.txt", "kept.py", "other", "src"]
    assert run.git("cat-file", "-p", f"{commit}:src") == "other"


def test_line_ends_of_uncommitted_files_go_in_as_the_users_git_would_have_them(site):
    site.git("config", "core.autocrlf", "true")
    site.write("a.txt", "one\r\ntwo\r\n")
    run = site.run()
    assert run.git("cat-file", "-p", f"{run.take().commit}:a.txt") == "one\ntwo\n"


def test_a_filter_of_the_users_is_not_run(site, tmp_path):
    site.write(".gitattributes", "*.bin filter=loud\n")
    site.write("x.bin", "data\n")
    site.git("config", "filter.loud.clean", f"touch {tmp_path}/ran; cat")
    run = site.run()
    assert run.git("cat-file", "-p", f"{run.take().commit}:x.bin") == "data\n"
    assert not (tmp_path / "ran").exists()


def test_the_users_own_excludes_count(site, home):
    (home.parent / "ignored-everywhere").write_text("*.secret\n")
    site.git("config", "--global", "core.excludesFile", "~/ignored-everywhere")
    (site.tree / ".git/info/exclude").write_text("local.txt\n")
    for name in ("key.secret", "local.txt", "new.txt"):
        site.write(name, "x")
    run = site.run()
    names = run.git("ls-tree", "-r", "--name-only", run.take().commit).splitlines()
    assert names == [".gitignore", "a.txt", "new.txt", "src/b.py"]


def test_too_much_that_is_not_committed_is_refused_with_a_remedy(site, monkeypatch):
    monkeypatch.setattr(taking, "MOST_BYTES", 10)
    site.write("big.bin", "x" * 11)
    with pytest.raises(NoRoom, match=r"\.gitignore"):
        site.run().take()


def test_a_partial_clone_that_lacks_objects_is_refused_with_the_command(site, tmp_path, home):
    site.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    subprocess.run(
        ("git", "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{site.tree}", str(clone)), check=True
    )
    with pytest.raises(CannotHere, match=r"git -C .*partial fetch --refetch --no-filter"):
        type(site)(tree=clone, home=home).run().take("HEAD")
    subprocess.run(("git", "-C", str(clone), "fetch", "-q", "--refetch", "--no-filter"), check=True)
    assert type(site)(tree=clone, home=home / "again").run().take("HEAD").commit


def test_a_partial_clone_is_asked_for_what_the_task_starts_from_not_for_its_head(site, tmp_path, home):
    site.git("config", "uploadpack.allowFilter", "true")
    site.git("checkout", "-q", "-b", "other")
    site.write("a.txt", "only there\n")
    site.commit()
    site.git("checkout", "-q", "-")
    clone = tmp_path / "partial"
    subprocess.run(("git", "clone", "-q", "--filter=blob:none", f"file://{site.tree}", str(clone)), check=True)
    run = type(site)(tree=clone, home=home).run()
    with pytest.raises(CannotHere, match="lacks 1 object of"):
        run.take("origin/other")
    assert run.take("HEAD").commit


def test_a_shallow_clone_can_be_a_base(site, tmp_path, home):
    for text in ("two\n", "three\n"):
        site.write("a.txt", text)
        site.commit()
    shallow = tmp_path / "shallow"
    subprocess.run(("git", "clone", "-q", "--depth=1", f"file://{site.tree}", str(shallow)), check=True)
    run = type(site)(tree=shallow, home=home).run()
    place = run.open()
    root = Path(place.root)
    (root / "a.txt").write_text("four\n")
    other = run.open("other")
    (Path(other.root) / "new.txt").write_text("new\n")
    commits = [run.harvest(place).commit, run.harvest(other, "other").commit]
    assert run.rooms.merged(place.base, commits, name="m")
    log = subprocess.run(("git", "-C", str(root), "log", "--oneline"), capture_output=True, text=True, check=True)
    assert (len(log.stdout.splitlines()), log.stderr) == (1, "")


def test_without_git_a_writer_is_refused_and_a_reader_is_not(site, monkeypatch):
    run, tree = site.run(), read_tree(site.tree)
    assert separable(tree)
    monkeypatch.setenv("PATH", "")
    assert not separable(tree)
    with pytest.raises(CannotHere, match=r"git 2\.38 or newer"):
        run.take()


def test_a_read_only_repository_gets_no_ref_and_is_a_base_all_the_same(site):
    (site.tree / ".git/refs/forkjoin").write_text("in the way of a folder")
    base = site.run().take()
    assert base.ref == ""
    assert base.commit


def test_the_commit_of_a_snapshot_says_to_an_agent_what_it_is(site):
    site.write("new.txt", "x\n")
    run = site.run()
    subject, _, told = run.git("log", "-1", "--format=%B", run.take().commit).partition("\n")
    assert subject.startswith("forkjoin: uncommitted changes of the user")
    assert "never landed" in told
