from __future__ import annotations

import stat
from pathlib import Path

import pytest

from forkjoin.engine.folder import (
    OwnerLock,
    RunFolder,
    find_run,
    finished,
    new_run_folder,
    owned,
    put_aside,
    run_folders,
    sweep,
    unfinished,
)
from forkjoin.errors import CannotHere, RunOwned, UnknownId
from forkjoin.model import RunId


def _made(home: Path, name: str) -> RunFolder:
    folder = RunFolder(home=home, run=RunId(name))
    folder.path.mkdir(parents=True)
    folder.journal.touch()
    return folder


def test_a_run_folder_is_its_users_alone(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path / "home")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.path.parent.stat().st_mode) == 0o700


def test_a_state_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(CannotHere, match="FORKJOIN_HOME"):
        new_run_folder(tmp_path / "home")


def test_runs_come_newest_first_and_only_with_a_journal(tmp_path: Path) -> None:
    for name in ("20260101-000000-aaaa", "20260102-000000-bbbb"):
        _made(tmp_path, name)
    (tmp_path / "runs" / "20260103-000000-cccc").mkdir()
    assert [folder.run for folder in run_folders(tmp_path)] == ["20260102-000000-bbbb", "20260101-000000-aaaa"]


def test_a_run_is_found_by_its_id_its_beginning_and_its_last_letters(tmp_path: Path) -> None:
    made = _made(tmp_path, "20260101-000000-aaaa")
    _made(tmp_path, "20260102-000000-bbbb")
    assert find_run(tmp_path, made.run) == find_run(tmp_path, "20260101") == find_run(tmp_path, "aaaa") == made


def test_an_ambiguous_run_lists_the_candidates_and_an_unknown_one_the_known(tmp_path: Path) -> None:
    for name in ("20260101-000000-aaaa", "20260102-000000-bbbb"):
        _made(tmp_path, name)
    with pytest.raises(UnknownId, match="aaaa") as caught:
        find_run(tmp_path, "2026")
    assert "say more" in str(caught.value)
    with pytest.raises(UnknownId, match="20260102-000000-bbbb"):
        find_run(tmp_path, "zzzz")


def test_a_lock_has_one_holder_who_is_named_to_the_others(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path)
    assert not owned(folder)
    lock = OwnerLock.take(folder)
    assert owned(folder)
    with pytest.raises(RunOwned, match="process"):
        OwnerLock.take(folder)
    lock.release()
    lock.release()
    assert not owned(folder)
    OwnerLock.take(folder).release()


def test_runs_sort_by_their_start_also_within_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for at in (1_700_000_000.001, 1_700_000_000.2, 1_700_000_000.9, 1_700_000_001.0):
        monkeypatch.setattr("forkjoin.engine.folder.time.time", lambda at=at: at)
        names.append(new_run_folder(tmp_path).run)
    assert names == sorted(names)
    assert names[0].startswith("20231114-221320-")


def test_a_lock_of_a_run_that_was_removed_meanwhile_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = _made(tmp_path, "r1"), _made(tmp_path, "r2")

    def remove(*_: object) -> None:
        folder.lock.unlink()

    with monkeypatch.context() as patched:
        patched.setattr("fcntl.flock", remove)
        with pytest.raises(UnknownId, match=r"no run 'r1'.*removed meanwhile"):
            OwnerLock.take(folder)
    folder.journal.unlink()
    folder.path.rmdir()
    with pytest.raises(UnknownId, match="known: r2"):
        OwnerLock.take(folder)


# -- what is made, or removed, is never half there


def test_a_run_is_among_the_runs_only_when_it_is_whole(tmp_path: Path) -> None:
    draft = new_run_folder(tmp_path)
    lock = OwnerLock.take(draft)
    draft.journal.touch()
    assert list(run_folders(tmp_path)) == []
    made = finished(draft)
    assert [folder.run for folder in run_folders(tmp_path)] == [draft.run]
    assert owned(made)
    lock.release()
    assert not owned(made)


def test_what_a_killed_launch_left_is_swept_by_the_next(tmp_path: Path) -> None:
    left = new_run_folder(tmp_path)
    OwnerLock.take(left).release()
    (left.path / "journal.db").write_text("half")
    assert [folder.run for folder in unfinished(tmp_path)] == [left.run]
    assert new_run_folder(tmp_path).run != left.run
    assert not left.path.exists()


def test_what_somebody_is_making_is_left_alone(tmp_path: Path) -> None:
    other = new_run_folder(tmp_path)
    lock = OwnerLock.take(other)
    sweep(tmp_path)
    assert other.path.is_dir()
    assert unfinished(tmp_path) == []
    lock.release()


def test_a_folder_without_a_lock_goes_only_while_it_is_empty(tmp_path: Path) -> None:
    empty, full = new_run_folder(tmp_path / "a"), new_run_folder(tmp_path / "b")
    (full.path / "owner").write_text("")
    sweep(tmp_path / "a")
    sweep(tmp_path / "b")
    assert not empty.path.exists()
    assert full.path.is_dir()


def test_a_name_that_is_taken_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    draft = new_run_folder(tmp_path)
    draft.journal.write_text("mine")
    _made(tmp_path, draft.run).journal.write_text("theirs")
    with pytest.raises(FileExistsError):
        finished(draft)
    assert draft.journal.read_text() == "mine"
    assert RunFolder(home=tmp_path, run=draft.run).journal.read_text() == "theirs"


def test_a_run_that_is_being_removed_is_no_run_any_more(tmp_path: Path) -> None:
    made = _made(tmp_path, "20261123-000000-aaaa")
    lock = OwnerLock.take(made)
    aside = put_aside(made)
    assert list(run_folders(tmp_path)) == []
    assert aside.journal.exists()
    lock.release()
    sweep(tmp_path)
    assert not aside.path.exists()


def test_what_is_not_called_like_a_run_is_not_ours_to_sweep(tmp_path: Path) -> None:
    """FORKJOIN_HOME may be a folder that holds more than our own."""
    new_run_folder(tmp_path).path.rmdir()
    (tmp_path / "unfinished" / "novel").mkdir()
    (tmp_path / "unfinished" / "notes.txt").touch()
    assert unfinished(tmp_path) == []
    sweep(tmp_path)
    assert sorted(path.name for path in (tmp_path / "unfinished").iterdir()) == ["notes.txt", "novel"]


def test_there_is_nothing_to_sweep_where_nothing_was_ever_run(tmp_path: Path) -> None:
    assert unfinished(tmp_path / "nowhere") == []
    sweep(tmp_path / "nowhere")
