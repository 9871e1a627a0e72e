"""What was changed since a ref, on real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import ChangedFile, path_text
from forkjoin.sources import changed_since, lines_at, renames_since, repository_of


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=x", "-c", "user.email=x", "-c", "protocol.file.allow=always")
    done = subprocess.run(("git", "-C", str(folder), *names, *arguments), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "more") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one commit on main: ten numbered lines in two files."""
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    for name in ("a.py", "src/b.py"):
        (root / name).write_text("".join(f"line {number} of {name}\n" for number in range(1, 11)))
    commit(root, "first")
    return root


def edit(file: Path, number: int, text: str | None) -> None:
    """Put *text* in the place of a line; None takes it out."""
    lines = file.read_text().split("\n")
    lines[number - 1 : number] = [] if text is None else text.split("\n")
    file.write_text("\n".join(lines))


def since(root: Path, ref: str, *, seen_from: Path | None = None) -> dict[str, ChangedFile]:
    known = repository_of(root)
    assert known is not None
    return {file.path: file for file in changed_since(ref, git=known, root=seen_from or root).files}


def test_committed_staged_uncommitted_and_untracked_lines_all_count(tree):
    git(tree, "checkout", "-qb", "work")
    edit(tree / "a.py", 2, "committed")
    commit(tree)
    edit(tree / "a.py", 5, "staged")
    git(tree, "add", "a.py")
    edit(tree / "a.py", 8, "neither\nnor")
    (tree / "new.py").write_text("new\n")
    found = since(tree, "main")
    assert found["a.py"].lines == ((2, 2), (5, 5), (8, 9))
    assert found["new.py"] == ChangedFile(path="new.py", new=True)
    assert set(found) == {"a.py", "new.py"}


def test_what_the_ref_got_after_the_merge_base_is_no_change_of_ours(tree):
    git(tree, "checkout", "-qb", "work")
    edit(tree / "src/b.py", 3, "ours")
    commit(tree)
    git(tree, "checkout", "-q", "main")
    edit(tree / "a.py", 3, "theirs")
    commit(tree)
    git(tree, "checkout", "-q", "work")
    assert {path: file.lines for path, file in since(tree, "main").items()} == {"src/b.py": ((3, 3),)}


def test_a_line_that_was_taken_out_leaves_no_changed_line(tree):
    edit(tree / "a.py", 4, None)
    assert since(tree, "HEAD")["a.py"].lines == ()


def test_a_renamed_file_keeps_its_lines_and_names_where_it_came_from(tree):
    git(tree, "mv", "a.py", "moved to.py")
    edit(tree / "moved to.py", 6, "changed")
    found = since(tree, "HEAD")
    assert found == {"moved to.py": ChangedFile(path="moved to.py", lines=((6, 6),), was="a.py")}


def test_deleted_and_ignored_files_are_not_there(tree):
    (tree / "a.py").unlink()
    (tree / ".gitignore").write_text("*.log\n")
    (tree / "noise.log").write_text("x\n")
    assert set(since(tree, "HEAD")) == {".gitignore"}


ODD = (
    b"two words.py", b"-rf.py", b'quo"te.py', b"back\\slash n.py", b"new\nline.py", b"tab\t.py", b"\xc3\xa9.py",
    b"\xff.py", b"b/+++ b/c.py", b"\\n.py",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("quoted", ["true", "false"])
def test_odd_names_are_told_apart(tree, name, quoted):
    path = os.path.join(os.fsencode(tree), name)  # noqa: PTH118 - a name of bytes
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - as above
        with open(path, "wb") as file:  # noqa: PTH123 - as above
            file.write(b"one\ntwo\nthree\n")
    except OSError:
        pytest.skip("this file system takes no such names")
    git(tree, "config", "core.quotePath", quoted)
    commit(tree)
    with open(path, "wb") as file:  # noqa: PTH123 - as above
        file.write(b"one\n++ b/x.py\nthree\nfour\n")
    assert since(tree, "HEAD") == {path_text(name): ChangedFile(path=path_text(name), lines=((2, 2), (4, 4)))}


def test_a_diff_that_the_user_made_pretty_is_read_all_the_same(tree):
    for setting in ("diff.noprefix=true", "diff.mnemonicPrefix=true", "color.ui=always", "diff.context=9",
                    "diff.interHunkContext=50", "diff.renames=false", "diff.external=false"):  # fmt: skip
        git(tree, "config", *setting.split("=", 1))
    edit(tree / "a.py", 2, "x")
    edit(tree / "a.py", 4, "y")
    git(tree, "mv", "src/b.py", "c.py")
    assert {p: (f.lines, f.was) for p, f in since(tree, "HEAD").items()} == {
        "a.py": (((2, 2), (4, 4)), ""), "c.py": ((), "src/b.py"),
    }  # fmt: skip


def test_no_program_of_the_repository_is_started_by_a_diff(tree, tmp_path):
    mark = tmp_path / "ran"
    (tree / ".gitattributes").write_text("*.py diff=mine\n")
    git(tree, "config", "diff.mine.command", f"touch {mark}")
    git(tree, "config", "diff.mine.textconv", f"touch {mark}; cat")
    git(tree, "config", "core.fsmonitor", f"touch {mark}")
    edit(tree / "a.py", 2, "x")
    assert since(tree, "HEAD")["a.py"].lines == ((2, 2),)
    assert not mark.exists()


def test_files_are_named_from_where_one_stands(tree):
    edit(tree / "src/b.py", 2, "x")
    edit(tree / "a.py", 2, "x")
    assert set(since(tree / "src", "HEAD")) == {"b.py"}
    assert set(since(tree, "HEAD", seen_from=tree.parent)) == {"tree/a.py", "tree/src/b.py"}


def test_binary_files_links_and_modes_are_changed_without_lines(tree):
    (tree / "blob").write_bytes(b"\0" * 100)
    (tree / "link").symlink_to("a.py")
    commit(tree)
    (tree / "blob").write_bytes(b"\0" * 99 + b"\1")
    (tree / "link").unlink()
    (tree / "link").symlink_to("src/b.py")
    (tree / "a.py").chmod(0o755)
    found = since(tree, "HEAD")
    assert (found["blob"].lines, found["a.py"].lines, found["blob"].new) == ((), (), False)


@pytest.mark.parametrize("ref", ["nope", "", "--all", "HEAD:a.py", "-x", "HEAD x"])
def test_an_unknown_ref_is_a_mistake_of_the_caller_with_a_next_step(tree, ref):
    with pytest.raises(PlanError, match=r"--since .*git knows no such commit.*git branch -a"):
        since(tree, ref)


def test_a_repository_without_a_commit_says_so(tmp_path):
    git(tmp_path, "init", "-q", str(tmp_path / "empty"))
    with pytest.raises(PlanError, match="no commit yet"):
        since(tmp_path / "empty", "HEAD")


def test_a_shallow_clone_without_a_merge_base_is_told_how_to_get_one(tree, tmp_path):
    for number in range(3):
        edit(tree / "a.py", 1, f"main {number}")
        commit(tree)
    git(tree, "checkout", "-qb", "work", "main~2")
    edit(tree / "a.py", 1, "work")
    commit(tree)
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", tree.as_uri(), str(tmp_path / "shallow"))
    with pytest.raises(PlanError, match=r"share no history here.*shallow.*git fetch --unshallow"):
        since(tmp_path / "shallow", "origin/main")
    with pytest.raises(PlanError, match=r"no such commit.*shallow"):
        since(tmp_path / "shallow", "origin/main~2")


def test_unrelated_histories_share_none(tree):
    git(tree, "checkout", "-q", "--orphan", "other")
    commit(tree)
    with pytest.raises(PlanError, match="share no history here"):
        since(tree, "main")


def test_renames_are_those_since_the_file_was_committed(tree):
    (tree / "known.json").write_text("{}\n")
    git(tree, "mv", "a.py", "earlier.py")
    commit(tree)
    git(tree, "mv", "src/b.py", "src/later.py")
    commit(tree)
    known = repository_of(tree)
    assert renames_since(tree / "known.json", git=known) == (("src/later.py", "src/b.py"),)
    git(tree, "mv", "earlier.py", "now.py")
    assert renames_since(tree / "never.json", git=known) == (("now.py", "earlier.py"),)
    assert renames_since(tree.parent / "outside.json", git=known) == ()


def test_lines_are_read_from_files_of_the_tree_alone(tree):
    (tree.parent / "secret").write_text("secret\n")
    (tree / "out").symlink_to(tree.parent)
    (tree / "own.py").symlink_to(tree.parent / "secret")
    (tree / "odd.py").write_bytes(b"  caf\xe9\x0b  \r\n" + b"x" * 500)
    os.mkfifo(tree / "pipe")
    names = ("a.py", "odd.py", "../secret", "out/secret", "own.py", "pipe", "gone.py", "", "/etc/passwd", "a\0b")
    wanted = {name: frozenset((1, 2, 99)) for name in names}
    found = lines_at(tree, wanted)
    assert found["a.py"] == {"1": "line 1 of a.py", "2": "line 2 of a.py"}
    assert found["odd.py"] == {"1": "caf\ufffd", "2": "x" * 200}
    assert set(found) == {"a.py", "odd.py"}
