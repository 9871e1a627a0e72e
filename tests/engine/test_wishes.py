"""Wishes that found no room in the journal: kept once, given once, forgotten when the journal has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.engine.driving.wishes import Wishes
from forkjoin.engine.folder import RunFolder
from forkjoin.model import RunId, StopAsked, TaskId


def stop(task: str = "", reason: str = "enough") -> StopAsked:
    return StopAsked(task=TaskId(task), reason=reason)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(home=tmp_path, run=RunId("r"))
    made.path.mkdir(parents=True)
    Wishes(made).set_aside()
    return made


def test_a_wish_is_given_once_and_to_the_next_owner_again_until_the_journal_has_it(folder: RunFolder) -> None:
    asker, owner = Wishes(folder), Wishes(folder)
    assert (owner.new(), asker.waiting) == ([], False)
    assert asker.keep([stop("a"), stop("b")])
    assert owner.new() == [stop("a"), stop("b")]
    assert owner.new() == []
    assert Wishes(folder).new() == [stop("a"), stop("b")], "the owner left before it could commit"
    assert asker.keep([stop("c")])
    owner.clear()
    assert (owner.new(), asker.waiting) == ([stop("c")], True)
    owner.clear()
    assert (owner.new(), asker.waiting) == ([], False)


def test_the_room_is_taken_once_and_never_more(folder: RunFolder) -> None:
    file = folder.path / "wishes"
    before = file.stat()
    assert Wishes(folder).keep([stop(reason="r" * 100_000)])
    after = file.stat()
    assert (after.st_size, after.st_blocks) == (before.st_size, before.st_blocks)
    assert not Wishes(folder).keep([stop(f"task-{number}") for number in range(100)]), "they do not fit"
    assert len(Wishes(folder).new()) == 1


def test_a_run_of_an_earlier_version_keeps_none_and_a_torn_file_says_nothing(folder: RunFolder) -> None:
    (folder.path / "wishes").write_bytes(b'[{"kind":"stop_asked","ta')
    assert (Wishes(folder).new(), Wishes(folder).waiting) == ([], False)
    assert Wishes(folder).keep([stop()])
    assert Wishes(folder).new() == [stop()]
    (folder.path / "wishes").unlink()
    assert not Wishes(folder).keep([stop()])
    assert Wishes(folder).new() == []


@settings(deadline=None, max_examples=30)  # each example waits for a disk
@given(said=st.lists(st.lists(st.text(max_size=30), max_size=3), max_size=6))
def test_what_is_kept_is_given_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, said: Sequence[list[str]]
) -> None:
    made = RunFolder(home=tmp_path_factory.mktemp("wishes"), run=RunId("r"))
    made.path.mkdir(parents=True)
    wishes, found = Wishes(made), list[str]()
    wishes.set_aside()
    for reasons in said:
        assert wishes.keep([stop(reason=reason) for reason in reasons])
        found += [wish.reason for wish in wishes.new()]
        wishes.clear()
    assert found == [reason for reasons in said for reason in reasons]
