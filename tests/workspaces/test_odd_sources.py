"""Odd sources, each really opened, changed and harvested: what was done is told, and nothing of theirs moves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces.sites import Site, hows, made_repository

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 5\n"


def cloned(site: Site, *words: str) -> Site:
    """A clone of the site over a transport, as of a server."""
    site.git("config", "uploadpack.allowFilter", "true")
    target = site.tree.with_name("cloned")
    subprocess.run(("git", "clone", "-q", *words, site.tree.as_uri(), str(target)), check=True)
    return Site(tree=target, home=site.home)


def submodule(site: Site) -> Site:
    other = made_repository(site.tree.with_name("other"), site.home)
    site.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.tree), "sub")
    site.commit()
    return site


def lfs(site: Site) -> Site:
    site.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    site.write("big.bin", POINTER)
    site.commit()
    site.git("config", "filter.lfs.smudge", "false")
    site.git("config", "filter.lfs.clean", "false")
    site.git("config", "filter.lfs.required", "true")
    return site


def sparse(site: Site) -> Site:
    site.write("far/away.txt", "far\n")
    site.commit()
    site.git("sparse-checkout", "set", "src")
    assert not (site.tree / "far").exists()
    return site


def sparse_index(site: Site) -> Site:
    made = sparse(site)
    site.git("sparse-checkout", "set", "--sparse-index", "src")
    return made


def written_outside_its_cone(site: Site) -> Site:
    made = sparse(site)
    made.write("far/away.txt", "mine all the same\n")
    return made


def empty(site: Site) -> Site:
    bare = Site(tree=site.tree.with_name("empty"), home=site.home)
    bare.write("a.txt", "one\n")
    bare.write("src/b.py", "b = 1\n")
    bare.git("init", "-q")
    return bare


def detached(site: Site) -> Site:
    site.git("checkout", "-q", "--detach")
    return site


def dirty(site: Site) -> Site:
    site.write("src/b.py", "b = 2\n")
    site.write("staged.txt", "staged\n")
    site.git("add", "staged.txt")
    site.write("new.txt", "new\n")
    (site.tree / ".gitignore").unlink()
    return site


def nested(site: Site) -> Site:
    made_repository(site.tree / "inner", site.home)
    return site


def odd_names(site: Site) -> Site:
    for name in (b"line\nbreak", b"caf\xe9", b"-dash", b'"quoted"', b" lead", b":(top)x"):
        site.write(name, name)
    site.commit()
    return site


def case_only(site: Site) -> Site:
    site.write("Readme", "one\n")
    site.write("README", "two\n")
    site.commit()
    return site


def links_out(site: Site) -> Site:
    (site.tree / "out").symlink_to("/etc")
    (site.tree / "up").symlink_to("../..")
    site.commit()
    return site


def line_endings(site: Site) -> Site:
    site.write(".gitattributes", "*.bat text eol=crlf\n*.txt filter=loud ident\n")
    site.write("x.bat", "a\r\nb\r\n")
    site.commit()
    site.git("config", "core.autocrlf", "true")
    site.git("config", "filter.loud.smudge", f"touch {site.tree.parent}/ran; cat")
    site.git("config", "filter.loud.clean", f"touch {site.tree.parent}/ran; cat")
    return site


def hooked(site: Site) -> Site:
    hooks = site.tree.with_name("hooks")
    hooks.mkdir()
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {site.tree.parent}/ran\n")
        (hooks / name).chmod(0o755)
    site.git("config", "--global", "core.hooksPath", str(hooks))
    site.git("config", "core.fsmonitor", f"touch {site.tree.parent}/ran; false")
    return site


SOURCES: dict[str, Callable[[Site], Site]] = {
    "submodule": submodule,
    "LFS pointers": lfs,
    "sparse": sparse,
    "sparse with a sparse index": sparse_index,
    "sparse and written outside its cone": written_outside_its_cone,
    "shallow": lambda site: cloned(site, "--depth=1"),
    "partial": lambda site: cloned(site, "--filter=blob:none"),
    "empty repository": empty,
    "detached HEAD": detached,
    "dirty": dirty,
    "nested repository": nested,
    "odd names": odd_names,
    "case alone": case_only,
    "links out of the tree": links_out,
    "line endings and filters": line_endings,
    "hooks of the user's": hooked,
}


@pytest.mark.parametrize("name", SOURCES)
def test_an_odd_source_is_opened_changed_and_harvested(site, name):
    source = SOURCES[name](site)
    before = source.fingerprint()
    run = source.run()
    place = run.open()
    root = Path(place.root)
    assert run.harvest(place).files == (), "nothing was changed yet"
    for path in sorted(source.tree.rglob("*")):
        inside = path.relative_to(source.tree)
        if path.is_file() and not path.is_symlink() and inside.parts[0] not in (".git", "inner", "sub"):
            assert (root / inside).read_bytes() == path.read_bytes().replace(b"\r\n", b"\n")
    with (root / "a.txt").open("ab") as file:
        file.write(b"more\n")
    (root / "src/b.py").rename(root / "src/c.py")
    (root / os.fsdecode(b"n\xe9w\n")).write_text("new\n")
    changes = run.harvest(place)
    assert hows(changes) == {
        "a.txt": "modified", "src/b.py": "deleted", "src/c.py": "renamed", '"n\\351w\\012"': "added"
    }  # fmt: skip
    again = run.open("again", base=changes.commit)
    assert (Path(again.root) / "src/c.py").read_bytes() == (root / "src/c.py").read_bytes()
    run.rooms.release()
    assert source.fingerprint() == before
    assert not (site.tree.parent / "ran").exists()


def test_the_files_that_a_sparse_source_does_not_show_are_in_a_workspace(site):
    root = Path(sparse(site).run().open().root)
    assert (root / "far/away.txt").read_text() == "far\n"
