"""Whatever is done to a workspace, the harvest names exactly the files that differ."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces.sites import Run, Site, git_in, made_repository

from forkjoin.model import path_bytes, path_text
from forkjoin.planning.globs import covering
from forkjoin.workspaces.declared import covered

NAMES = ("a", "b", "B", "d/x", "d/y", "d/e/z", "new", "d/new", "sp ace", "li\nne", "\udce9t", "-o", "n/e/w", "x.log")
STARTING = ("a", "b", "d/x", "d/y", "d/e/z", "sp ace", "\udce9t")
CONTENTS = (b"", b"1\n", b"2\n", b"\0\1", b"1\r\n")
NUMBER = itertools.count()

names = st.sampled_from(NAMES)
edits = st.one_of(
    st.tuples(st.just("write"), names, st.sampled_from(CONTENTS)),
    st.tuples(st.just("remove"), names, st.none()),
    st.tuples(st.just("chmod"), names, st.sampled_from((0o644, 0o755))),
    st.tuples(st.just("link"), names, st.sampled_from(("a", "nowhere", "/etc", "d"))),
    st.tuples(st.just("move"), names, names),
    st.tuples(st.just("touch"), names, st.none()),
)


def apply(root: Path, edit: tuple) -> None:
    """Do one thing to a tree; what cannot be done is not done."""
    kind, name, given_ = edit
    path = root / name
    try:
        if kind in ("write", "link", "move") and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "write":
            path.unlink(missing_ok=True)
            path.write_bytes(given_)
        elif kind == "remove":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        elif kind == "chmod" and path.is_file() and not path.is_symlink():
            path.chmod(given_)
        elif kind == "link":
            path.unlink(missing_ok=True)
            path.symlink_to(given_)
        elif kind == "move":
            (root / given_).rename(path)
        elif kind == "touch":
            os.utime(path, follow_symlinks=False)
    except OSError:
        return


def state(root: Path) -> dict[str, tuple]:
    """Return the files and links of a tree, by reading every one, without git."""
    found = {}
    for folder, inner, files in os.walk(root):
        if ".git" in inner:
            inner.remove(".git")
        links = [name for name in inner if (Path(folder) / name).is_symlink()]
        for name in (*files, *links):
            path = Path(folder) / name
            text = path_text(os.fsencode(path.relative_to(root)))
            mode = path.lstat().st_mode
            kind = "link" if stat.S_ISLNK(mode) else mode & 0o100
            found[text] = (kind, os.fsencode(path.readlink()) if kind == "link" else path.read_bytes())
    return found


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Run]:
    top = tmp_path_factory.mktemp("edits")
    site = made_repository(top / "project", top / "home")
    for number, name in enumerate(STARTING):
        site.write(name, CONTENTS[number % len(CONTENTS)])
    site.commit()
    run = site.run()
    run.take()
    return site, run


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(edits, max_size=12))
def test_a_harvest_names_exactly_the_files_that_differ(opened, script):
    _, run = opened
    name = f"t{next(NUMBER)}"
    place = run.open(name)
    root = Path(place.root)
    before = state(root)
    for edit in script:
        apply(root, edit)
    after = state(root)
    changes = run.harvest(place, name)
    differ = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {change.path for change in changes.files} == {path for path in differ if not path.endswith(".log")}
    rows = {change.path: change for change in changes.files}
    for one in changes.renamed:  # both names are there, each said once
        assert (one.old in before, one.old in after, one.new in before, one.new in after) == (True, False, False, True)
        assert (rows[one.old].how, rows[one.old].became, rows[one.new].how) == ("deleted", one.new, "renamed")
        assert before[one.old][1]
    for gone in (path for path, row in rows.items() if row.how == "deleted" and not row.became):  # no rename is missed
        assert not any(rows[new].how == "added" and after[new] == before[gone] and before[gone][1] for new in rows)
    if changes.commit:
        again = run.open(f"{name}-again", base=changes.commit)
        expected = {path: found for path, found in after.items() if not path.endswith(".log")}
        assert state(Path(again.root)) == expected
        patched = run.open(f"{name}-patched")
        git_in(Path(patched.root), "apply", str(run.folder / changes.patch))
        assert state(Path(patched.root)) == expected
    for folder in root.parent.parent.iterdir():
        shutil.rmtree(folder)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(edits, max_size=10))
def test_a_snapshot_is_the_tree_as_it_stands(tmp_path_factory, script):
    top = tmp_path_factory.mktemp("snapshot")
    site = made_repository(top / "project", top / "home")
    for edit in script:
        apply(site.tree, edit)
    before = site.fingerprint()
    run = site.run()
    place = run.open()
    expected = {path: found for path, found in state(site.tree).items() if not path.endswith(".log")}
    assert state(Path(place.root)) == expected
    assert site.fingerprint() == before


@given(raw=st.binary(max_size=20).map(lambda raw: raw.replace(b"\0", b"")))
def test_a_path_of_any_bytes_survives_as_text(raw):
    text = path_text(raw)
    text.encode()  # JSON can carry it
    assert path_bytes(text) == raw


@given(one=st.binary(max_size=6), other=st.binary(max_size=6))
def test_no_two_paths_have_one_text(one, other):
    assert (path_text(one) == path_text(other)) is (one == other)


pieces = st.sampled_from(("a", "b", "ab", "*", "?", "**", "[ab]", "[!a]", "a*", "{a,b}", r"\*", "/", "/", "."))
paths = st.lists(st.sampled_from(("a", "b", "ab", "c", "*", ".a")), min_size=1, max_size=4).map("/".join)


@settings(max_examples=400)
@given(glob=st.lists(pieces, min_size=1, max_size=6).map("".join), path=paths)
def test_a_declared_glob_covers_what_planning_says_it_covers(glob, path):
    assert covered((glob,))(path) is covering((glob,))(path)
