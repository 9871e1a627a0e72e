"""The file in which the runs of one repository see one another's claims."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from forkjoin.errors import CannotHere, JournalDamaged, NoRoom
from forkjoin.journal import ClaimsFile, claims_path
from forkjoin.model import Claim, Claims, LiveClaims, RunId, TaskId

DEAD: set[str] = set()
OPENED: list[ClaimsFile] = []


@pytest.fixture(autouse=True)
def nobody_is_dead_and_no_file_stays_open() -> Iterator[None]:
    yield
    DEAD.clear()
    while OPENED:
        OPENED.pop().close()


def opened(path: Path, *, busy_s: float = 10.0) -> ClaimsFile:
    OPENED.append(ClaimsFile(path, lambda run, tasks: [] if run in DEAD else tasks, busy_s=busy_s))
    return OPENED[-1]


def row(run: str, task: str, path: str = "a.py") -> LiveClaims:
    claims = Claims(id=TaskId(task), writes=(Claim(path=path, why="declared", confidence=1.0),), reads=(), bounded=True)
    return LiveClaims(run=RunId(run), claims=claims, resources=("db",))


def put(file: ClaimsFile, *rows: LiveClaims) -> int:
    with file.turn() as turn:
        seq = turn.newest() + 1
        turn.put(rows, seq=seq)
    return seq


def others(file: ClaimsFile, run: str = "me") -> list[tuple[str, str, int]]:
    with file.turn() as turn:
        return [(one.run, one.claims.id, one.seq) for one in turn.others(RunId(run))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return claims_path(tmp_path, "/repository/.git")


def test_a_run_sees_the_claims_of_all_others_the_oldest_first(path: Path) -> None:
    file = opened(path)
    put(file, row("b", "t1"), row("b", "t2"))
    put(file, row("a", "t1"))
    put(file, row("me", "t1"))
    assert others(opened(path)) == [("b", "t1", 1), ("b", "t2", 1), ("a", "t1", 2)]


def test_claims_are_read_as_they_were_written(path: Path) -> None:
    put(opened(path), row("a", "t", "weird é\n[x]*.py"))
    (found,) = opened(path).seen()
    assert found.resources == ("db",)
    assert found.claims.writes[0] == Claim(path="weird é\n[x]*.py", why="declared", confidence=1.0)


def test_files_of_two_repositories_have_nothing_in_common(tmp_path: Path) -> None:
    put(opened(claims_path(tmp_path, "/one")), row("a", "t"))
    assert opened(claims_path(tmp_path, "/other")).seen() == ()
    assert claims_path(tmp_path, "/\udcff") != claims_path(tmp_path, "/?")


def test_the_file_and_its_folder_are_their_users_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        put(opened(path), row("a", "t"))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_whoever_goes_past_a_claim_that_does_not_live_deletes_it(path: Path) -> None:
    file = opened(path)
    put(file, row("a", "t"), row("b", "t"))
    DEAD.add("a")
    assert others(file) == [("b", "t", 1)]
    DEAD.clear()
    with file.turn() as turn:
        assert turn.own(RunId("a")) == {}
        assert turn.own(RunId("b")) == {"t": 1}


def test_asking_for_one_run_deletes_what_does_not_live_of_it(path: Path) -> None:
    file = opened(path)
    put(file, row("a", "t"))
    with file.turn() as turn:
        assert turn.of(RunId("a")) == {"t": 1}
    DEAD.add("a")
    with file.turn() as turn:
        assert turn.of(RunId("a")) == {}
        assert turn.own(RunId("a")) == {}


def test_a_turn_that_raises_has_changed_nothing(path: Path) -> None:
    file = opened(path)
    put(file, row("a", "t"))

    def half_done() -> None:
        with file.turn() as turn:
            turn.put([row("me", "t")], seq=9)
            turn.drop_all(RunId("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert others(opened(path)) == [("a", "t", 1)]


def test_claiming_anew_puts_a_task_behind_all_others(path: Path) -> None:
    file = opened(path)
    put(file, row("me", "t"), row("me", "u"))
    put(file, row("a", "t"))
    put(file, row("me", "t"))
    with file.turn() as turn:
        assert turn.own(RunId("me")) == {"t": 3, "u": 1}


def test_claims_are_given_back_by_task_or_by_run(path: Path) -> None:
    file = opened(path)
    put(file, row("a", "t"), row("a", "u"), row("b", "t"))
    with file.turn() as turn:
        turn.drop(RunId("a"), [TaskId("t"), TaskId("unknown")])
    assert others(file) == [("a", "u", 1), ("b", "t", 1)]
    with file.turn() as turn:
        turn.drop_all(RunId("a"))
    assert others(file) == [("b", "t", 1)]


def test_looking_makes_no_file_and_deletes_nothing(path: Path) -> None:
    assert opened(path).seen() == ()
    assert not path.parent.exists()
    put(opened(path), row("a", "t"))
    DEAD.add("a")
    assert opened(path).seen() == ()
    DEAD.clear()
    assert len(opened(path).seen()) == 1


def test_of_many_turns_at_once_each_sees_those_before_it(path: Path) -> None:
    seen: dict[str, int] = {}
    barrier = threading.Barrier(8)

    def begin(run: str) -> None:
        file = opened(path)
        barrier.wait()
        with file.turn() as turn:
            seen[run] = len(turn.others(RunId(run)))
            turn.put([row(run, "t")], seq=turn.newest() + 1)
        file.close()

    threads = [threading.Thread(target=begin, args=(f"r{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen.values()) == list(range(8))


def test_changed_tells_of_others_and_not_of_us(path: Path) -> None:
    mine, other = opened(path), opened(path)
    put(mine, row("me", "t"))
    assert mine.changed()
    assert not mine.changed()
    put(mine, row("me", "u"))
    assert not mine.changed()
    put(other, row("a", "t"))
    assert mine.changed()
    assert not mine.changed()


def test_a_file_that_another_holds_is_said_to_be_locked(path: Path) -> None:
    with opened(path).turn(), pytest.raises(NoRoom, match="locked"), opened(path, busy_s=0.0).turn():
        pass


@pytest.mark.parametrize("content", [b"no database at all, and long enough to be none" * 20, b"SQLite format 3\0junk"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    file = opened(path)
    with pytest.raises(JournalDamaged, match="set aside"), file.turn():
        pass
    assert path.with_suffix(".damaged").read_bytes() == content
    put(file, row("me", "t"))
    assert others(opened(path), "you") == [("me", "t", 1)]


def test_another_programs_database_is_set_aside_too(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE song (title TEXT)")
    db.close()
    with pytest.raises(JournalDamaged), opened(path).turn():
        pass
    put(opened(path), row("me", "t"))


def test_claims_that_cannot_be_read_are_damage(path: Path) -> None:
    put(opened(path), row("a", "t"))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE claim SET body = '{'")
    db.close()
    with pytest.raises(JournalDamaged), opened(path).turn() as turn:
        turn.others(RunId("me"))
    assert path.with_suffix(".damaged").exists()


def test_a_newer_forkjoins_file_is_left_alone(path: Path) -> None:
    put(opened(path), row("a", "t"))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(CannotHere, match="newer"), opened(path).turn():
        pass
    assert not path.with_suffix(".damaged").exists()


def test_a_file_that_was_set_aside_meanwhile_is_not_written_any_more(path: Path) -> None:
    file = opened(path)
    put(file, row("me", "t"))
    before = file.identity()
    path.rename(path.with_suffix(".damaged"))
    assert file.identity() == 0
    put(opened(path), row("a", "t"))
    assert file.identity() not in (0, before)
    assert others(file) == [("a", "t", 1)]


def test_only_the_first_who_finds_the_damage_sets_the_file_aside(path: Path) -> None:
    put(opened(path), row("a", "t"))
    one, other = opened(path), opened(path)
    for file in (one, other):
        assert file.changed()
    path.write_bytes(b"x" * 4096)
    with pytest.raises(JournalDamaged), one.turn():
        pass
    put(one, row("me", "t"))
    assert others(other, "you") == [("me", "t", 1)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said(path: Path) -> None:
    path.parent.mkdir(mode=0o500)
    with pytest.raises(CannotHere, match="cannot be opened"), opened(path).turn():
        pass


def test_a_link_in_the_place_of_the_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotHere), opened(path).turn():
        pass
    assert not (tmp_path / "elsewhere").exists()
