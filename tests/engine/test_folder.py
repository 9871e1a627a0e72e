from __future__ import annotations

import stat
from pathlib import Path

import pytest

from forkjoin.engine.folder import OwnerLock, RunFolder, find_run, new_run_folder, owned, run_folders
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
