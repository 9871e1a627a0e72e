"""A part of a task's output: what is read, and how it is counted."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from forkjoin.backends import output_bytes, window_bytes
from forkjoin.engine.records.parts import part_of_output, part_of_text

MIB = 1024 * 1024


def _written(folder: Path, *segments: bytes) -> Path:
    for number, data in enumerate(segments):
        if data:
            (folder / f"stdout.{number:04d}").write_bytes(data)
    return folder


def test_windows_side_by_side_are_the_whole_output_with_its_cuts(tmp_path: Path) -> None:
    folder = _written(tmp_path, b"0123456789", b"", b"abcdefghij", b"klm")
    whole = output_bytes(folder, "stdout", limit=MIB)
    assert whole == b"0123456789\n[forkjoin: 10 bytes cut here]\nabcdefghijklm"
    for size in (1, 3, 7, 100):
        parts = [window_bytes(folder, "stdout", start=at, size=size) for at in range(0, len(whole), size)]
        assert b"".join(part for part, _ in parts) == whole
        assert {total for _, total in parts} == {len(whole)}


def test_a_short_output_is_counted_in_characters(tmp_path: Path) -> None:
    folder = _written(tmp_path, "äöü€".encode())
    part = part_of_output(folder, tail=False, offset=1, most=2)
    assert (part.text, part.end, part.total) == ("öü", 3, 4)
    assert part_of_output(folder, tail=True, offset=0, most=2).text == "ü€"


def test_a_long_output_read_on_from_where_the_last_part_ended_is_whole(tmp_path: Path) -> None:
    text = "aä€\U0001f600" * 150_000
    folder = _written(tmp_path, text.encode())
    at, parts = 0, []
    while True:
        part = part_of_output(folder, tail=False, offset=at, most=100_003)
        parts.append(part.text)
        if part.end == part.total:
            break
        assert part.end > at
        at = part.end
    assert "".join(parts) == text


def test_a_part_smaller_than_a_character_still_goes_on(tmp_path: Path) -> None:
    folder = _written(tmp_path, "€".encode() * MIB)
    assert part_of_output(folder, tail=False, offset=0, most=1).end == 1


def test_the_end_of_a_long_output_begins_with_a_whole_character(tmp_path: Path) -> None:
    folder = _written(tmp_path, "€".encode() * MIB)
    assert part_of_output(folder, tail=True, offset=0, most=10).text == "€€€"
    assert part_of_output(folder, tail=False, offset=10 * MIB, most=10).text == ""


def test_of_a_large_output_only_the_part_asked_for_is_held(tmp_path: Path) -> None:
    folder = _written(tmp_path, *[b"x" * (4 * MIB)] * 12)
    tracemalloc.start()
    try:
        for tail in (True, False):
            assert len(part_of_output(folder, tail=tail, offset=40 * MIB, most=1000).text) == 1000
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_a_text_ends_where_it_ends() -> None:
    part = part_of_text("abc", tail=False, offset=7, most=5)
    assert (part.text, part.total) == ("", 3)
    assert part_of_text("abc", tail=True, offset=0, most=2).text == "bc"
