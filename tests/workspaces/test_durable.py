"""Names that may not be on the disk yet are flushed; those that are, are not flushed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forkjoin.workspaces import durable
from forkjoin.workspaces.durable import Names

LONG_AGO = 1_000_000_000


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    monkeypatch.setattr(durable, "flush", lambda paths: seen.extend(path.name for path in paths))
    return seen


def _aged(*folders: Path) -> None:
    for folder in folders:
        os.utime(folder, (LONG_AGO, LONG_AGO))


def test_only_folders_with_new_names_are_flushed_again(tmp_path: Path, flushed: list[str]) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    _aged(old, new, tmp_path)
    names = Names(tmp_path)
    names.flush()
    assert {"old", "new"} <= set(flushed)
    flushed.clear()
    (new / "object").touch()
    names.flush()
    assert "new" in flushed
    assert "old" not in flushed


def test_names_that_another_process_made_are_flushed_too(tmp_path: Path, flushed: list[str]) -> None:
    (tmp_path / "made before").mkdir()
    _aged(tmp_path / "made before")
    Names(tmp_path).flush()
    assert "made before" in flushed


def test_a_folder_that_changed_just_now_is_not_taken_for_done(tmp_path: Path, flushed: list[str]) -> None:
    busy = tmp_path / "busy"
    busy.mkdir()
    later = LONG_AGO * 4
    os.utime(busy, (later, later))  # not before the clock: a name may still come within the same tick
    names = Names(tmp_path)
    names.flush()
    flushed.clear()
    names.flush()
    assert "busy" in flushed
