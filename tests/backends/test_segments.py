"""Keeping a stream bounded, and reading it back."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.backends import output_bytes, tail_bytes
from forkjoin.backends.output import FAR_BEHIND, TICK_BYTES, Tail
from forkjoin.backends.segments import SEGMENT, SHORT, Capture, Digest, kept_segments, segment_path, segment_size

CAP = 16 * 1024  # four segments of 4 KiB


def capture(folder: Path, *chunks: bytes, cap: int = CAP) -> Capture:
    kept = Capture(str(folder), "stdout", cap)
    for chunk in chunks:
        kept.write(chunk)
    kept.close()
    return kept


def test_nothing_said_leaves_no_file_and_the_hash_of_nothing(tmp_path: Path) -> None:
    record = capture(tmp_path).record()
    assert list(tmp_path.iterdir()) == []
    assert record == {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest(), "cut": 0, "cut_at": 0}


@pytest.mark.parametrize(
    "sizes", [(), (1,), (SHORT,), (SHORT + 1,), (SHORT - 1, 1, 1, 5), (SHORT // 2,) * 7, (9 * SHORT, 1)]
)
def test_the_hash_is_of_all_that_came_however_long_and_in_whatever_pieces(sizes: tuple[int, ...]) -> None:
    pieces = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    digest = Digest()
    for piece in pieces:
        digest.update(piece)
    assert digest.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()


def test_where_the_fast_hash_cannot_be_loaded_the_slow_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b"x" * (SHORT + 1)
    wanted = hashlib.sha256(said + b"y").hexdigest()
    monkeypatch.setitem(sys.modules, "hashlib", None)
    digest = Digest()
    digest.update(said)
    digest.update(b"y")
    assert digest.hexdigest() == wanted


def test_a_short_stream_is_kept_as_it_came(tmp_path: Path) -> None:
    said = b"one\0two\xff\xfe\n\xe2\x80\xa8three"
    record = capture(tmp_path, said[:5], said[5:]).record()
    assert output_bytes(tmp_path, "stdout", limit=1000) == said
    assert record["bytes"] == len(said)
    assert record["cut"] == 0


def test_a_chunk_larger_than_a_segment_is_spread_over_several(tmp_path: Path) -> None:
    capture(tmp_path, bytes(10_000))
    assert kept_segments(str(tmp_path), "stdout") == [(0, 4096), (1, 4096), (2, 1808)]


def test_beyond_the_cap_the_oldest_middle_goes_and_head_and_tail_stay(tmp_path: Path) -> None:
    said = b"".join(b"%07d\n" % n for n in range(10_000))
    record = capture(tmp_path, said).record()
    indices = [index for index, _ in kept_segments(str(tmp_path), "stdout")]
    assert indices == [0, 17, 18, 19]
    assert record["cut"] == 16 * 4096
    assert record["cut_at"] == 4096
    assert record["sha256"] == hashlib.sha256(said).hexdigest()
    kept = output_bytes(tmp_path, "stdout", limit=1 << 20)
    assert kept == said[:4096] + b"\n[forkjoin: 65536 bytes cut here]\n" + said[17 * 4096 :]


def test_the_cap_is_kept_at_every_moment(tmp_path: Path) -> None:
    kept = Capture(str(tmp_path), "stdout", CAP)
    for _ in range(40):
        kept.write(bytes(3000))
        assert sum(size for _, size in kept_segments(str(tmp_path), "stdout")) <= CAP
    kept.close()


@pytest.mark.parametrize(("cap", "size"), [(64 << 20, SEGMENT), (16 << 20, SEGMENT), (1 << 20, 256 << 10), (10, 4096)])
def test_segments_shrink_with_the_cap(cap: int, size: int) -> None:
    assert segment_size(cap) == size


def test_what_cannot_be_written_is_counted_and_never_raises(tmp_path: Path) -> None:
    kept = capture(tmp_path / "not there", b"x" * 5000)
    record = kept.record()
    assert record["bytes"] == record["cut"] == 5000
    assert "could not all be kept" in kept.error


def test_after_a_full_disk_the_next_segment_is_kept_again(tmp_path: Path) -> None:
    # A folder in the segment's place makes opening it fail, as a full disk would.
    (tmp_path / "stdout.0000").mkdir()
    kept = Capture(str(tmp_path), "stdout", CAP)
    kept.write(b"a" * 4096)
    kept.write(b"b" * 100)
    kept.close()
    (tmp_path / "stdout.0000").rmdir()
    assert kept.record()["cut"] == 4096
    assert kept.record()["cut_at"] == 0
    assert tail_bytes(tmp_path, "stdout", 1000) == b"b" * 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=9000), max_size=12))
def test_what_is_kept_plus_what_is_cut_is_what_was_said(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    record = capture(folder, *chunks).record()
    said = b"".join(chunks)
    assert record["bytes"] == len(said)
    sizes = sum(size for _, size in kept_segments(str(folder), "stdout"))
    assert sizes + int(str(record["cut"])) == len(said)
    assert said.endswith(tail_bytes(folder, "stdout", 3000))
    if not record["cut"]:
        assert output_bytes(folder, "stdout", limit=1 << 20) == said


def test_a_limit_gives_the_head_and_more_of_the_tail(tmp_path: Path) -> None:
    capture(tmp_path, b"a" * 4000 + b"b" * 4000)
    assert (
        output_bytes(tmp_path, "stdout", limit=400) == b"a" * 100 + b"\n[forkjoin: 7600 bytes cut here]\n" + b"b" * 300
    )


def test_the_tail_stops_at_a_cut(tmp_path: Path) -> None:
    capture(tmp_path, bytes(80_000))
    assert len(tail_bytes(tmp_path, "stdout", 1 << 20)) == 80_000 - 17 * 4096


def test_streams_of_one_folder_do_not_mix(tmp_path: Path) -> None:
    capture(tmp_path, b"out")
    (tmp_path / "stdout.txt").write_bytes(b"not ours")
    (tmp_path / "stderr.0000").write_bytes(b"err")
    assert output_bytes(tmp_path, "stdout", limit=100) == b"out"
    assert output_bytes(tmp_path, "stderr", limit=100) == b"err"


def test_no_folder_reads_as_nothing(tmp_path: Path) -> None:
    assert output_bytes(tmp_path / "gone", "stdout", limit=10) == b""
    assert tail_bytes(tmp_path / "gone", "stdout", 10) == b""


def test_a_tail_follows_a_stream_through_its_segments(tmp_path: Path) -> None:
    kept, tail, seen = Capture(str(tmp_path), "stdout", CAP), Tail(folder=str(tmp_path), cap=CAP), b""
    said = b"".join(b"%05d\n" % n for n in range(2000))
    for at in range(0, len(said), 1500):
        kept.write(said[at : at + 1500])
        while data := tail.read():
            seen += data
    kept.close()
    assert seen == said
    assert tail.total == len(said)


def test_a_tail_that_is_far_behind_skips_ahead_to_the_end(tmp_path: Path) -> None:
    cap = 64 << 20
    kept, tail = Capture(str(tmp_path), "stdout", cap), Tail(folder=str(tmp_path), cap=cap)
    kept.write(bytes(3 * FAR_BEHIND) + b"end")
    data = b"".join(iter(tail.read, b""))
    kept.close()
    assert len(data) == TICK_BYTES
    assert data.endswith(b"end")
    assert tail.total == 3 * FAR_BEHIND + 3


def test_a_tail_goes_on_behind_a_segment_that_was_cut(tmp_path: Path) -> None:
    kept, tail = Capture(str(tmp_path), "stdout", CAP), Tail(folder=str(tmp_path), cap=CAP)
    kept.write(b"a" * 100)
    assert tail.read() == b"a" * 100
    kept.write(b"a" * (4096 * 10 - 100) + b"z" * 10)
    Path(segment_path(str(tmp_path), "stdout", 9)).unlink()
    assert b"".join(tail.read() for _ in range(30)).endswith(b"z" * 10)
    kept.close()
