"""Repair of a journal: killed at any place, of a sound one, of what a newer forkjoin wrote, of what cannot be read."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from forkjoin.engine.doctor import repairing
from forkjoin.engine.doctor.repairing import repair
from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.engine.settings import Settings
from forkjoin.errors import ForkjoinError, JournalDamaged, JournalNewer, RunOwned
from forkjoin.journal import SqliteJournal
from forkjoin.journal.codec import checksum
from forkjoin.model import Progress, RunId

FIXTURE = Path(__file__).parent.parent / "data" / "journals" / "1" / "journal.db"
RUN = RunId("20261123-000000-aaaa")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(home=tmp_path, run=RUN)
    made.path.mkdir(parents=True)
    shutil.copyfile(FIXTURE, made.journal)
    return made


def _settings(folder: RunFolder) -> Settings:
    return Settings(home=str(folder.home))


def _sql(folder: RunFolder, line: str, *values: object) -> None:
    with closing(sqlite3.connect(folder.journal)) as db, db:
        db.execute(line, values)


def _count(folder: RunFolder) -> int:
    with closing(SqliteJournal.open(folder.journal, readonly=True)) as journal:
        return len(list(journal.read()))


def _with_a_wal(folder: RunFolder) -> None:
    """Add events that are in the WAL alone, and damage one of them; as a machine that was switched off leaves it."""
    journal = SqliteJournal.open(folder.journal)
    journal.append([Progress(task="done", attempt=1, text=f"late {n}") for n in range(5)], at=1.0)  # type: ignore[arg-type] # a task's id is text
    last = journal.commit()
    _sql(folder, "UPDATE event SET body = x'00' WHERE seq = ?", last - 1)
    for tail in ("", "-wal"):
        shutil.copyfile(f"{folder.journal}{tail}", folder.path / f"kept{tail}")
    journal.close()
    for tail in ("", "-wal"):
        (folder.path / f"kept{tail}").replace(f"{folder.journal}{tail}")


class _KilledHere(BaseException):
    pass


@pytest.mark.parametrize("point", ["repair.written", "repair.aside", "repair.empty", "repair.bare", "repair.done"])
def test_a_repair_that_is_killed_loses_nothing_and_is_done_again(
    folder: RunFolder, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_a_wal(folder)
    sound = repair(_settings(folder), RUN, dry_run=True)
    assert (sound.whole, sound.lost) == (False, 2)

    def killed(name: str) -> None:
        if name == point:
            raise _KilledHere

    with monkeypatch.context() as patched:
        patched.setattr(repairing, "reached", killed)
        with pytest.raises(_KilledHere):
            repair(_settings(folder), RUN)
    if point == "repair.done":
        assert _count(folder) == sound.kept
    else:
        with pytest.raises(JournalDamaged, match=f"doctor --repair {RUN}"):
            _count(folder)
    done = repair(_settings(folder), RUN)
    assert (done.kept, done.whole) == (sound.kept, point == "repair.done")
    assert _count(folder) == sound.kept
    assert not list(folder.path.glob("journal.new*"))


def test_a_sound_journal_is_left_as_it_is(folder: RunFolder) -> None:
    before = folder.journal.read_bytes()
    done = repair(_settings(folder), RUN)
    assert (done.whole, done.lost, done.aside) == (True, 0, "")
    assert folder.journal.read_bytes() == before


@pytest.mark.parametrize("newer", ["version", "kind", "field"])
def test_what_a_newer_forkjoin_wrote_is_never_cut(folder: RunFolder, newer: str) -> None:
    if newer == "version":
        _sql(folder, "PRAGMA user_version = 2")
    else:
        kind = "invented" if newer == "kind" else "closed"
        body = b'{"kind":"%s","state":"failed","field":1}' % kind.encode()
        _sql(folder, "UPDATE event SET kind = ?, body = ?, at = 1.0, crc = ? WHERE seq = 20", kind, body,
             checksum(1.0, kind, body))  # fmt: skip
    before = folder.journal.read_bytes()
    with pytest.raises(JournalNewer, match="upgrade forkjoin"):
        repair(_settings(folder), RUN)
    assert folder.journal.read_bytes() == before


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is forbidden to root")
def test_a_journal_that_may_not_be_read_is_not_called_damaged(folder: RunFolder) -> None:
    folder.journal.chmod(0)
    with pytest.raises(ForkjoinError) as raised:
        repair(_settings(folder), RUN)
    assert not isinstance(raised.value, JournalDamaged)


def test_a_journal_that_somebody_drives_is_not_repaired(folder: RunFolder) -> None:
    _sql(folder, "UPDATE event SET body = x'00' WHERE seq = 20")
    lock = OwnerLock.take(folder)
    with pytest.raises(RunOwned):
        repair(_settings(folder), RUN)
    lock.release()
    assert repair(_settings(folder), RUN).kept == 19


@pytest.mark.parametrize("left", [b"", b"another program's file" * 500])
def test_of_a_file_that_is_no_journal_nothing_is_made(folder: RunFolder, left: bytes) -> None:
    folder.journal.write_bytes(left)
    with pytest.raises(JournalDamaged, match=f"doctor --repair {RUN}"):
        _count(folder)
    with pytest.raises(JournalDamaged, match="the plan, is gone"):
        repair(_settings(folder), RUN)
    assert folder.journal.read_bytes() == left
