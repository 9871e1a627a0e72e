"""A state folder is its user's alone, or it is not used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forkjoin.engine.folder import find_run, new_run_folder, refuse_others, run_folders
from forkjoin.errors import CannotHere


@pytest.fixture(autouse=True)
def _open_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "above" / "home"
    folder = new_run_folder(home)
    made = (home.parent, home, home / "runs", home / "unfinished", folder.path)
    assert {oct(path.stat().st_mode & 0o777) for path in made} == {"0o700"}


@pytest.mark.parametrize("shelf", ["", "runs", "unfinished", "workspaces", "claims"])
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_one_that_others_may_write_is_refused_with_the_remedy(shelf: str, mode: int, tmp_path: Path) -> None:
    home = tmp_path / "a home"
    new_run_folder(home)
    (home / shelf).mkdir(exist_ok=True)
    (home / shelf).chmod(mode)
    for use in (lambda: new_run_folder(home), lambda: list(run_folders(home)), lambda: find_run(home, "2026")):
        with pytest.raises(CannotHere, match=r"by others.*chmod 700 '.*a home.*FORKJOIN_HOME"):
            use()


def test_one_that_others_may_only_read_is_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert new_run_folder(tmp_path).path.exists()


def test_a_link_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    new_run_folder(tmp_path / "home")
    assert (tmp_path / "disk" / "runs").is_dir()


@pytest.mark.parametrize("place", ["dangling", "loop", "long"])
def test_one_that_can_be_no_folder_is_refused_with_the_remedy(place: str, tmp_path: Path) -> None:
    home = tmp_path / ("x" * 300 if place == "long" else "home")
    if place != "long":
        home.symlink_to(home if place == "loop" else tmp_path / "unmounted")
    for use in (lambda: new_run_folder(home), lambda: list(run_folders(home))):
        with pytest.raises(
            CannotHere, match=r"(unmounted, which is not there|no folder to keep runs in).*FORKJOIN_HOME"
        ):
            use()


def test_one_whose_path_is_no_text_is_refused_with_the_remedy(tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"caf\xe9")
    for use in (lambda: new_run_folder(home), lambda: list(run_folders(home))):
        with pytest.raises(CannotHere, match=r"caf\\udce9 is not valid UTF-8; set FORKJOIN_HOME") as raised:
            use()
        assert str(raised.value).encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("place", ["folder", "link", "dangling", "shelf"])
def test_one_of_somebody_else_is_refused(place: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    given = home / "runs" if place == "shelf" else home
    if place in ("folder", "shelf"):
        given.mkdir(parents=True, mode=0o700)
        home.chmod(0o700)
    else:
        target = tmp_path / "ours"
        if place == "link":
            target.mkdir(mode=0o700)
        home.symlink_to(target)
    os.chown(given, 65534, 65534, follow_symlinks=False)
    with pytest.raises(CannotHere, match="another user"):
        refuse_others(home)
    with pytest.raises(CannotHere, match="another user"):
        list(run_folders(home))
