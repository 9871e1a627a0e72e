"""Journals of every version open and add up to what they did, or are refused clearly; damage never passes for truth."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forkjoin.errors import ForkjoinError, JournalDamaged
from forkjoin.journal import SqliteJournal, rewritten, run_view, salvaged, unreadable
from forkjoin.model import Event, snake, to_json

FIXTURES = Path(__file__).parent.parent / "data" / "journals"


def _copy(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    shutil.copyfile(folder / "journal.db", path)
    return path


def _sql(path: Path, line: str) -> None:
    db = sqlite3.connect(path)
    db.execute(line)
    db.commit()
    db.close()


@pytest.mark.parametrize("version", ["1"])
def test_a_journal_of_that_version_adds_up_to_what_it_did(version: str, tmp_path: Path) -> None:
    journal = SqliteJournal.open(_copy(FIXTURES / version, tmp_path), readonly=True)
    recorded = list(journal.read())
    assert to_json(run_view(recorded)) + b"\n" == (FIXTURES / version / "view.json").read_bytes()
    assert journal.content(recorded[-1].event.answer) == "an answer that is long " * 300  # type: ignore[union-attr]
    journal.close()


def test_every_case_of_event_is_in_the_fixture(tmp_path: Path) -> None:
    journal = SqliteJournal.open(_copy(FIXTURES / "1", tmp_path), readonly=True)
    there = {type(one.event) for one in journal.read()}
    journal.close()
    assert there == set(get_args(Event)), "a new case of event: add it to tests/data/journals/make.py"


def test_a_newer_journal_and_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    path = _copy(FIXTURES / "1", tmp_path)
    _sql(path, "PRAGMA user_version = 2")
    with pytest.raises(JournalDamaged, match="upgrade forkjoin"):
        SqliteJournal.open(path)
    _sql(path, "PRAGMA user_version = 1")
    _sql(path, "UPDATE event SET kind = 'invented' WHERE seq = 3")
    journal = SqliteJournal.open(path, readonly=True)
    with pytest.raises(JournalDamaged, match="forkjoin doctor --repair"):
        list(journal.read())
    journal.close()


@pytest.mark.parametrize(
    "change",
    ["body = x'00'", "body = 'text'", "body = replace(body, 'completed', 'failed')", "at = at + 1", "at = 'x'",
     "crc = crc + 1", "kind = 'closed'"],
)  # fmt: skip
def test_a_row_that_was_changed_is_never_believed(change: str, tmp_path: Path) -> None:
    path = _copy(FIXTURES / "1", tmp_path)
    _sql(path, f"UPDATE event SET {change} WHERE seq = 11")
    journal = SqliteJournal.open(path, readonly=True)
    with pytest.raises(JournalDamaged, match="event 11"):
        list(journal.read())
    journal.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bits_lost_pages_and_cut_ends_give_the_truth_or_a_refusal(data: st.DataObject, tmp_path: Path) -> None:
    path = _copy(FIXTURES / "1", tmp_path)
    raw = bytearray(path.read_bytes())
    kind = data.draw(st.sampled_from(["flip", "page", "cut"]))
    at = data.draw(st.integers(0, len(raw) - 1))
    if kind == "flip":
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "page":
        start = at - at % 4096
        raw[start : start + 4096] = bytes(4096)
    else:
        del raw[at:]
    path.write_bytes(raw)
    truth = (FIXTURES / "1" / "view.json").read_bytes()
    try:
        journal = SqliteJournal.open(path, readonly=True)
    except ForkjoinError:
        return
    try:
        assert to_json(run_view(journal.read())) + b"\n" == truth
    except ForkjoinError:
        pass
    finally:
        journal.close()


@pytest.mark.parametrize("left", [1])
def test_a_count_of_rows_that_hides_the_last_events_is_noticed(left: int, tmp_path: Path) -> None:
    """The rows that are left are sound, each by itself: only the page shows that some are missing."""
    path = _copy(FIXTURES / "1", tmp_path)
    raw = bytearray(path.read_bytes())
    assert raw[7 * 4096 + 4] == 15
    raw[7 * 4096 + 4] = left  # the number of cells of the last leaf
    path.write_bytes(raw)
    with closing(SqliteJournal.open(path, readonly=True)) as journal:
        assert 0 < len(list(journal.read_rows())) < 53
        for _ in range(2):
            with pytest.raises(JournalDamaged, match="doctor --repair"):
                list(journal.read())
    found = salvaged(path)
    assert not found.whole
    assert found.events


def test_each_bit_at_the_head_of_each_page_gives_the_truth_or_a_refusal(tmp_path: Path) -> None:
    raw, truth = (FIXTURES / "1" / "journal.db").read_bytes(), (FIXTURES / "1" / "view.json").read_bytes()
    path = tmp_path / "journal.db"
    heads = [page + (100 if page == 0 else 0) + at for page in range(0, len(raw), 4096) for at in range(12)]
    refused = 0
    for bit in (1 << n for n in range(8)):
        for at in heads:
            changed = bytearray(raw)
            changed[at] ^= bit
            path.write_bytes(changed)
            try:
                with closing(SqliteJournal.open(path, readonly=True)) as journal:
                    assert to_json(run_view(journal.read())) + b"\n" == truth
            except JournalDamaged:
                refused += 1
    assert refused > 100


def test_what_is_sound_of_a_damaged_journal_is_kept_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = _copy(FIXTURES / "1", tmp_path)
    whole = salvaged(path)
    _sql(path, "UPDATE event SET body = x'00' WHERE seq = 20")
    found = salvaged(path)
    assert (len(found.events), found.lost) == (19, len(whole.events) - 19)
    rewritten(found, tmp_path / "new.db")
    journal = SqliteJournal.open(tmp_path / "new.db")
    assert list(journal.read()) == list(whole.events[:19])
    journal.close()


def test_a_text_that_is_gone_is_named_by_its_task(tmp_path: Path) -> None:
    path = _copy(FIXTURES / "1", tmp_path)
    _sql(path, "UPDATE blob SET body = 'other'")
    found = salvaged(path)
    assert (found.texts, unreadable(found)) == ({}, ["gone"])


def test_nothing_is_read_of_what_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"something else" * 1000)
    assert salvaged(path).events == salvaged(tmp_path / "nothing").events == ()


def test_events_are_named_as_their_kind_says() -> None:
    assert len({snake(case.__name__) for case in get_args(Event)}) == len(get_args(Event))
