"""The journal as a file: damage, full disks, several processes, modes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing, suppress

import pytest

from forkjoin.errors import CannotHere, ForkjoinError, JournalDamaged, NoRoom
from forkjoin.journal import SqliteJournal, codec, files
from forkjoin.model import Progress, Starting, StopAsked


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with closing(SqliteJournal.create(path)) as made:
        yield made


def fill(journal, count, *, text="x"):
    journal.append([Progress(task="a", attempt=1, text=f"{text} {n}") for n in range(count)], at=1.0)
    return journal.commit()


def sql(path, *statements):
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_the_files_are_for_their_owner_alone(journal, path):
    old = os.umask(0)
    try:
        fill(journal, 1)
    finally:
        os.umask(old)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}


def test_every_commit_is_flushed_to_the_disk(journal):
    mode = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert mode == ["wal", 2]


def test_the_tables_are_what_readers_were_promised(journal, path):
    journal.append([StopAsked(task="a", reason="x"), Starting(task="b", attempt=3)], at=5.0)
    journal.text("y" * 5000)
    journal.commit()
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT seq, at, run, task, attempt, kind, json(body) FROM event").fetchall()
        assert rows[1] == (2, 5.0, None, "b", 3, "starting", '{"kind":"starting","task":"b","attempt":3}')
        assert rows[0][3:6] == ("a", None, "stop_asked")
        assert db.execute("SELECT length(sha256), length(body) FROM blob").fetchall() == [(64, 5000)]


def test_a_journal_is_not_made_over_another(journal, path):
    fill(journal, 1)
    with pytest.raises(CannotHere, match="already"):
        SqliteJournal.create(path)
    assert len(list(journal.read())) == 1


@pytest.mark.parametrize("name", ["a b?c#d%20.db", "uni é 𝄞.db", "bad\udcff.db", "new\nline.db", "-wal"])
def test_a_file_may_have_any_name(tmp_path, name):
    with closing(SqliteJournal.create(tmp_path / name)) as journal:
        fill(journal, 2)
    with closing(SqliteJournal.open(tmp_path / name, readonly=True)) as journal:
        assert len(list(journal.read())) == 2


@pytest.mark.parametrize("where", ["missing/journal.db", "nul\0.db", "."])
def test_a_place_where_no_journal_can_be_is_an_error_of_ours(tmp_path, where):
    with pytest.raises(ForkjoinError):
        SqliteJournal.create(tmp_path / where)
    with pytest.raises(ForkjoinError):
        SqliteJournal.open(tmp_path / where)


def test_a_missing_journal_names_the_way_out(path):
    with pytest.raises(JournalDamaged, match="forkjoin ls"):
        SqliteJournal.open(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"hello, I am a text\n" * 50, b"SQLite format 3\0" + b"\xff" * 5000])
@pytest.mark.parametrize("readonly", [True, False])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(path, content, readonly):
    path.write_bytes(content)
    with pytest.raises(JournalDamaged):
        SqliteJournal.open(path, readonly=readonly)
    assert path.read_bytes() == content


def test_a_foreign_database_is_refused(path):
    sql(path, "CREATE TABLE event (seq INTEGER)", "CREATE TABLE blob (sha256 TEXT)")
    with pytest.raises(JournalDamaged, match="no forkjoin journal"):
        SqliteJournal.open(path)


def test_a_newer_journal_asks_for_an_upgrade(journal, path):
    journal.close()
    sql(path, "PRAGMA user_version = 99")
    with pytest.raises(JournalDamaged, match="upgrade forkjoin"):
        SqliteJournal.open(path)


def test_bodies_of_an_older_version_are_lifted_on_their_way_in(journal, path, monkeypatch):
    fill(journal, 1)
    journal.close()
    monkeypatch.setattr(codec, "VERSION", 3)
    monkeypatch.setattr(codec, "UPGRADES", {1: lambda raw: {**raw, "text": "one"}, 2: lambda raw: {**raw, "bytes": 7}})
    with closing(SqliteJournal.open(path)) as old:
        (recorded,) = old.read()
        assert (recorded.event.text, recorded.event.bytes) == ("one", 7)
        old.append([Starting(task="a", attempt=1)], at=1)
        with pytest.raises(JournalDamaged, match="older"):
            old.commit()


def test_a_body_that_is_no_event_names_its_number(journal, path):
    fill(journal, 3)
    sql(path, 'UPDATE event SET body = CAST(\'{"kind":"nonsense"}\' AS BLOB) WHERE seq = 2')
    reading = journal.read()
    assert next(reading).seq == 1
    with pytest.raises(JournalDamaged, match="event 2"):
        next(reading)


def test_a_missing_event_is_noticed(journal, path):
    fill(journal, 5)
    sql(path, "DELETE FROM event WHERE seq IN (1, 3)")
    with pytest.raises(JournalDamaged, match="event 1 is missing"):
        list(journal.read())
    with pytest.raises(JournalDamaged, match="event 3 is missing"):
        list(journal.read(1))


def test_a_damaged_text_is_noticed(journal, path):
    text = journal.text("z" * 5000)
    journal.commit()
    sql(path, "UPDATE blob SET body = CAST('other' AS BLOB)")
    with pytest.raises(JournalDamaged, match="damaged"):
        journal.content(text)


@pytest.mark.parametrize("at", [0, 16, 100, 4096, 8192, 20_000])
def test_a_damaged_main_file_is_refused_or_read_right(journal, path, at):
    """Damage that SQLite can tell is an error of ours; what it gives back is never something else."""
    fill(journal, 600, text="a text that fills the page")
    whole = [one.event.text for one in journal.read()]
    journal.close()
    raw = bytearray(path.read_bytes())
    assert len(raw) > 24_000
    raw[at : at + 64] = b"\xa5" * 64
    path.write_bytes(raw)
    read = []
    with suppress(JournalDamaged), closing(SqliteJournal.open(path, readonly=True)) as damaged:
        read += [one.event.text for one in damaged.read()]
    assert read == whole[: len(read)]


def test_a_cut_main_file_is_refused(journal, path):
    fill(journal, 600, text="a text that fills the page")
    journal.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(JournalDamaged), closing(SqliteJournal.open(path)) as cut:
        list(cut.read())


def test_on_a_full_disk_a_commit_is_refused_and_can_be_tried_again(journal):
    fill(journal, 3)
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    text = journal.text("t" * 50_000)
    with pytest.raises(NoRoom, match="free some space"):
        fill(journal, 300, text="much" * 100)
    assert len(list(journal.read())) == 3
    with pytest.raises(NoRoom):
        journal.commit()
    journal._db.execute("PRAGMA max_page_count = 100000")
    journal.append([Starting(task="last", attempt=1)], at=2.0)
    assert journal.commit() == 304
    assert len(list(journal.read())) == 304
    assert journal.content(text) == "t" * 50_000


def test_a_journal_that_stays_locked_is_no_room_and_nothing_is_lost(journal, path):
    journal._db.execute("PRAGMA busy_timeout = 1")
    journal.append([Starting(task="a", attempt=1)], at=1)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(NoRoom, match="locked"):
            journal.commit()
        assert list(journal.read()) == []
    assert journal.commit() == 1


class Interrupted:
    """A connection during which Ctrl-C is pressed, just after the statement that begins with *word*.

    With *error* that is raised instead, and the statement not done.
    """

    def __init__(self, db, word, error=None):
        self.db, self.word, self.error = db, word, error

    def __getattr__(self, name):
        return getattr(self.db, name)

    def execute(self, statement, *values):
        if self.error and statement.startswith(self.word):
            raise self.error
        done = self.db.execute(statement, *values)
        if statement.startswith(self.word):
            raise KeyboardInterrupt
        return done


@pytest.mark.parametrize("word", ["BEGIN", "COMMIT"])
def test_an_interrupted_commit_is_done_once(journal, word):
    fill(journal, 1)
    whole, journal._db = journal._db, Interrupted(journal._db, word)
    with pytest.raises(KeyboardInterrupt):
        fill(journal, 3)
    journal._db = whole
    assert journal.commit() == 4
    assert len(list(journal.read())) == 4


def test_a_commit_that_fails_leaves_no_transaction_open(journal, path):
    whole, journal._db = journal._db, Interrupted(journal._db, "COMMIT", sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(ForkjoinError):
        fill(journal, 3)
    journal._db = whole
    with closing(SqliteJournal.open(path)) as other:
        assert fill(other, 1) == 1, "nobody else is locked out"
    assert journal.commit() == 4


def test_a_reader_cannot_write(journal, path):
    fill(journal, 1)
    with closing(SqliteJournal.open(path, readonly=True)) as reader:
        reader.append([Starting(task="a", attempt=1)], at=1)
        with pytest.raises(CannotHere, match="reading only"):
            reader.commit()
        assert len(list(reader.read())) == 1


def test_a_reader_sees_what_is_written_while_it_reads(journal, path):
    with closing(SqliteJournal.open(path, readonly=True)) as reader:
        fill(journal, 2)
        assert reader.changed()
        assert [one.seq for one in reader.read()] == [1, 2]
        assert not reader.changed()


def test_a_paused_reader_stops_no_writer_and_no_checkpoint(journal, path):
    fill(journal, 2000)
    with closing(SqliteJournal.open(path)) as reader:
        reading = reader.read()
        next(reading)
        fill(journal, 10)
        busy = journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        assert busy == 0
        assert len(list(reading)) == 2009


def test_a_journal_in_a_folder_that_may_not_be_written_can_be_read(journal, path, monkeypatch):
    fill(journal, 2)
    journal.close()
    really = files._connection
    asked = []

    def connection(where, mode):
        asked.append(mode)
        if mode == "ro":  # as where the index of the WAL cannot be made
            raise sqlite3.OperationalError("unable to open database file")
        return really(where, mode)

    monkeypatch.setattr(files, "_connection", connection)
    with closing(SqliteJournal.open(path, readonly=True)) as reader:
        assert len(list(reader.read())) == 2
    assert asked == ["ro", "ro&immutable=1"]


def test_a_closed_journal_says_that_it_is_closed(journal):
    journal.close()
    for use in (journal.commit, journal.changed, lambda: list(journal.read())):
        with pytest.raises(CannotHere, match="closed"):
            use()


def test_a_journal_may_be_handed_to_another_thread(journal):
    done = []
    thread = threading.Thread(target=lambda: done.append(fill(journal, 3)))
    thread.start()
    thread.join()
    assert done == [3]


def test_a_copy_without_its_wal_is_an_empty_journal_not_a_damaged_one(journal, path, tmp_path):
    fill(journal, 5)
    copy = tmp_path / "copy.db"
    shutil.copyfile(path, copy)
    with closing(SqliteJournal.open(copy)) as bare:
        assert list(bare.read()) == []
