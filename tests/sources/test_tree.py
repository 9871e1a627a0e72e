"""A tree read once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forkjoin.errors import CannotHere, NoRoom, PlanError
from forkjoin.model import Link, Tree, to_json
from forkjoin.sources import read_tree, repository_of


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=x", "-c", "user.email=x", "-c", "protocol.file.allow=always")
    done = subprocess.run(("git", "-C", str(folder), *names, *arguments), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(path: Path, content: str = "x\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_git_says_what_is_there(repository):
    write(repository / "new.txt")
    write(repository / ".gitignore", "*.log\n")
    write(repository / "noise.log")
    write(repository / ".venv/lib.py")
    (repository / "app.py").unlink()
    tree = read_tree(repository)
    assert tree.files == (".gitignore", ".venv/lib.py", "docs/guide.md", "new.txt", "tests/test_app.py")
    assert tree.root == str(repository)
    assert tree.git is not None
    assert (tree.git.top, tree.git.subdir, tree.git.branch) == (str(repository), "", "main")
    assert tree.git.common_dir == str(repository / ".git")
    assert tree.git.head == git(repository, "rev-parse", "HEAD")


def test_a_folder_of_a_repository_is_a_tree_of_its_own(repository):
    tree = read_tree(repository / "docs")
    assert tree.files == ("guide.md",)
    assert tree.git is not None
    assert (tree.git.top, tree.git.subdir) == (str(repository), "docs")


def test_a_file_is_a_tree_of_one_file(repository):
    tree = read_tree(repository / "docs/guide.md")
    assert (tree.root, tree.files, tree.total_bytes) == (str(repository / "docs"), ("guide.md",), 8)


def test_an_ignored_file_that_is_named_is_read(repository):
    write(repository / ".gitignore", "*.log\n")
    assert read_tree(write(repository / "noise.log")).files == ("noise.log",)


def test_a_folder_that_the_repository_around_it_ignores_is_outside_git(repository):
    write(repository / ".gitignore", "build/\n")
    write(repository / "build/out.c")
    tree = read_tree(repository / "build")
    assert (tree.git, tree.files) == (None, ("out.c",))


def test_an_empty_folder_of_a_repository_is_in_git(repository):
    (repository / "empty").mkdir()
    tree = read_tree(repository / "empty")
    assert tree.git is not None
    assert tree.files == ()


def test_outside_git_everything_is_there_but_what_tools_make_again(tmp_path):
    for name in (
        "a",
        "b/.hidden",
        "b/c.log",
        ".gitignore",
        "node_modules/x.js",
        "__pycache__/y",
        ".venv/z",
        "b/.git/q",
    ):
        write(tmp_path / name, "*\n")
    write(tmp_path / "sub/.git", "gitdir: elsewhere\n")
    tree = read_tree(tmp_path)
    assert (tree.git, tree.files) == (None, (".gitignore", "a", "b/.hidden", "b/c.log"))


def test_an_empty_folder_is_an_empty_tree(tmp_path):
    assert read_tree(tmp_path) == Tree(root=str(tmp_path))


def test_a_repository_without_a_commit_has_no_head(tmp_path):
    git(tmp_path, "init", "-q", "-b", "trunk")
    write(tmp_path / "a")
    tree = read_tree(tmp_path)
    assert tree.files == ("a",)
    assert tree.git is not None
    assert (tree.git.head, tree.git.branch) == ("", "trunk")


def test_a_detached_head_has_no_branch(repository):
    git(repository, "checkout", "-q", "--detach")
    found = repository_of(repository)
    assert found is not None
    assert (found.branch, found.head) == ("", git(repository, "rev-parse", "HEAD"))


def test_a_worktree_shares_the_common_folder(repository, tmp_path):
    git(repository, "worktree", "add", "-q", str(tmp_path / "wt"))
    found = repository_of(tmp_path / "wt")
    assert found is not None
    assert (found.top, found.common_dir) == (str(tmp_path / "wt"), str(repository / ".git"))


def test_submodules_and_nested_repositories_are_no_part(repository, tmp_path):
    git(tmp_path, "clone", "-q", str(repository), "other")
    git(repository, "submodule", "--quiet", "add", str(tmp_path / "other"), "module")
    git(repository, "clone", "-q", str(tmp_path / "other"), "nested")
    assert not [name for name in read_tree(repository).files if name.startswith(("module", "nested"))]


def test_links_lead_to_a_place_in_the_tree_or_nowhere(tmp_path, repository):
    links = {
        "in": "docs/guide.md", "up/in": "../docs", "out": "/etc", "deep/out": "../../x", "gone": "nowhere",
        "loop": "loop",
    }  # fmt: skip
    for name, target in links.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).symlink_to(target)
    (repository / "absolute").symlink_to(repository / "app.py")
    (repository / "self").symlink_to(".")
    (repository / "twice").symlink_to("out/passwd")
    tree = read_tree(repository)
    assert {link.path: link.target for link in tree.links} == {
        "in": "docs/guide.md", "up/in": "docs", "out": "", "deep/out": "", "gone": "nowhere", "loop": "loop",
        "absolute": "app.py", "self": ".", "twice": "",
    }  # fmt: skip
    assert {link.path for link in tree.links} <= set(tree.files)


def test_links_to_folders_are_not_followed_outside_git(tmp_path):
    write(tmp_path / "real/a")
    (tmp_path / "link").symlink_to("real")
    tree = read_tree(tmp_path)
    assert (tree.files, tree.links) == (("link", "real/a"), (Link(path="link", target="real"),))


def test_hard_links_stand_together(repository):
    os.link(repository / "app.py", repository / "same.py")
    os.link(repository / "docs/guide.md", repository.parent / "outside")
    assert read_tree(repository).hardlinks == (("app.py", "same.py"),)


def test_names_of_any_bytes_are_text_that_fits_into_json(tmp_path):
    names = [b"caf\xe9", b"line\nbreak", b'"quoted"', b"-dash", b"e\xcc\x81", b"\xc3\xa9", b"\xed\xa0\x80"]
    expected = {'"caf\\351"', "line\nbreak", '"\\042quoted\\042"', "-dash", "e\u0301", "\u00e9", '"\\355\\240\\200"'}
    for folder, in_git in ((tmp_path / "plain", False), (tmp_path / "git", True)):
        folder.mkdir()
        if in_git:
            git(folder, "init", "-q")
        for name in names:
            (folder / os.fsdecode(name)).write_text("x")
        tree = read_tree(folder)
        assert set(tree.files) == expected
        assert to_json(tree)


def test_languages_are_counted_by_ending_and_first_line(tmp_path):
    for name in ("a.py", "b.PY", "c.ts", "d.md", "e.json", "Makefile", "f.rs"):
        write(tmp_path / name)
    programs = {
        "run": "#!/usr/bin/env python3.11", "go.sh": "x", "sh": "#! /bin/bash -e", "env": "#!/usr/bin/env -S A=1 node",
        "no": "text",
    }  # fmt: skip
    for name, first in programs.items():
        write(tmp_path / name, f"{first}\n").chmod(0o755)
    found = read_tree(tmp_path).languages
    assert found == (("python", 3), ("shell", 2), ("javascript", 1), ("rust", 1), ("typescript", 1))


def test_bytes_are_those_of_regular_files(tmp_path):
    write(tmp_path / "a", "12345")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    tree = read_tree(tmp_path)
    assert (tree.total_bytes, tree.files) == (5, ("a", "link"))


def test_a_file_system_that_folds_case_is_seen_without_writing(tmp_path, monkeypatch):
    write(tmp_path / "name")
    assert not read_tree(tmp_path).folds_case
    true_lstat = os.lstat

    def folding(path, **more):
        return true_lstat(os.fsencode(path).replace(b"NAME", b"name"), **more)

    monkeypatch.setattr(os, "lstat", folding)
    assert read_tree(tmp_path).folds_case


def test_two_names_that_differ_by_case_alone_are_no_folding(tmp_path):
    write(tmp_path / "name")
    os.link(tmp_path / "name", tmp_path / "NAME")
    assert not read_tree(tmp_path).folds_case


def test_folders_that_cannot_be_opened_are_named(tmp_path, monkeypatch):
    write(tmp_path / "open/a")
    write(tmp_path / "closed/b")
    true_scandir = os.scandir

    def closed(path):
        if os.fsencode(path).endswith(b"closed"):
            raise PermissionError(13, "Permission denied", path)
        return true_scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    tree = read_tree(tmp_path)
    assert (tree.files, tree.unreadable) == (("open/a",), ("closed",))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_folders_that_git_cannot_open_are_named(repository, monkeypatch):
    write(repository / "closed/inner/a").parent.chmod(0)
    program = (
        "import sys; from pathlib import Path; from forkjoin.sources import read_tree; "
        "print(read_tree(Path(sys.argv[1])).unreadable)"
    )
    for path in (repository, *repository.parents[:3]):
        path.chmod(0o755)
    git(repository, "config", "--global", "--add", "safe.directory", "*")
    Path(os.environ["HOME"]).chmod(0o755)
    Path(os.environ["HOME"]).parent.chmod(0o755)
    done = subprocess.run(
        ("setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", program, str(repository)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"cannot become another user here: {done.stderr[-200:]}")
    assert done.stdout == "('closed/inner',)\n"


@pytest.mark.parametrize("name", ["nowhere", "a\0b", "file/below"])
def test_a_path_that_is_not_there_is_named(tmp_path, name):
    write(tmp_path / "file")
    with pytest.raises(PlanError, match="cannot be read"):
        read_tree(tmp_path / name)


def test_a_link_that_leads_in_circles_and_a_pipe_are_refused(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PlanError, match="cannot be read"):
        read_tree(tmp_path / "loop")
    with pytest.raises(PlanError, match="neither a folder nor a file"):
        read_tree(tmp_path / "pipe")


def test_a_root_that_is_not_utf8_is_refused(tmp_path):
    root = tmp_path / os.fsdecode(b"caf\xe9")
    root.mkdir()
    with pytest.raises(PlanError, match="not valid UTF-8"):
        read_tree(root)


def test_too_many_files_are_refused_with_a_remedy(tmp_path, repository):
    for n in range(5):
        write(tmp_path / f"many/{n}")
    for root in (tmp_path / "many", repository):
        with pytest.raises(NoRoom, match="-C"):
            read_tree(root, limit_files=2)
    assert len(read_tree(tmp_path / "many", limit_files=5).files) == 5


def test_without_a_git_program_a_repository_is_a_plain_folder(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    tree = read_tree(repository)
    assert (tree.git, tree.files) == (None, ("app.py", "docs/guide.md", "tests/test_app.py"))


def test_a_broken_repository_is_an_error_not_a_plain_folder(repository):
    (repository / ".git/config").write_text("[core\n")
    with pytest.raises(CannotHere, match="git cannot read"):
        read_tree(repository)


def test_another_users_repository_is_refused_with_the_command(repository, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr("forkjoin.sources.repository._KEPT", ("GIT_TEST_ASSUME_DIFFERENT_OWNER",))
    with pytest.raises(CannotHere, match=r"safe\.directory"):
        repository_of(repository)


def test_nothing_of_the_repository_runs_and_nothing_is_written(repository, tmp_path, monkeypatch):
    payload = write(tmp_path / "payload", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    payload.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(payload))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    os.utime(repository / "app.py")
    before = {p: (p.lstat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in repository.rglob("*")}
    assert "app.py" in read_tree(repository).files
    assert {p: (p.lstat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in repository.rglob("*")} == before
    assert not (tmp_path / "ran").exists()
