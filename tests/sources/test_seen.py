from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.sources import read_tree, seen_from


@pytest.fixture
def part(tmp_path: Path) -> Path:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "x.py").write_text("x = 1\n")
    (folder / "link").symlink_to("x.py")
    (folder / "out").symlink_to("/etc/hostname")
    return folder


def test_a_part_is_named_from_the_folder_above_it(tmp_path: Path, part: Path) -> None:
    tree = seen_from(read_tree(part), tmp_path)
    assert tree.root == str(tmp_path)
    assert set(tree.files) == {"a/b/x.py", "a/b/link", "a/b/out"}
    assert {link.path: link.target for link in tree.links} == {"a/b/link": "a/b/x.py", "a/b/out": ""}


def test_a_tree_seen_from_its_own_root_is_itself(part: Path) -> None:
    tree = read_tree(part)
    assert seen_from(tree, part) is tree


def test_a_folder_that_is_not_above_it_is_refused(tmp_path: Path, part: Path) -> None:
    with pytest.raises(ValueError, match="not in the subpath"):
        seen_from(read_tree(part), tmp_path / "elsewhere")


def test_a_single_file_is_a_part_too(tmp_path: Path, part: Path) -> None:
    assert seen_from(read_tree(part / "x.py"), tmp_path).files == ("a/b/x.py",)
