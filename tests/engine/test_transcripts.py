"""Transcripts from files: long, damaged, many, none."""

from __future__ import annotations

import io
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from transcripts.made import ClaudeStream, OpenCodeExport
from transcripts.test_serial import one_after_another

from forkjoin.engine import read_transcripts, transcripts
from forkjoin.errors import CannotHere, PlanError


@pytest.fixture
def serial(tmp_path: Path) -> Path:
    """A transcript with one finding."""
    story = ClaudeStream()
    one_after_another(story)
    path = tmp_path / "serial.jsonl"
    path.write_bytes(story.lines)
    return path


def test_a_long_file_is_read_in_little_memory(serial: Path) -> None:
    noise = ClaudeStream()
    noise.call("Read", "word " * 2_000, file_path="a.py")
    with serial.open("ab") as file:
        for _ in range(400):  # 4 MB
            file.write(b"\n".join(noise.lines.strip().split(b"\n")[1:]) + b"\n")
    tracemalloc.start()
    report = read_transcripts([str(serial)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(report.findings), report.files[0].lines) == (1, 809)
    assert serial.stat().st_size > 4_000_000
    assert peak < 1_500_000


def test_a_line_without_an_end_is_counted_and_never_held(serial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "_LONGEST", 10_000)
    whole = serial.read_bytes()
    serial.write_bytes(b'{"x": "' + b"a" * 35_000 + b'"}\n' + whole + b"b" * 20_000)
    report = read_transcripts([str(serial)])
    assert (len(report.findings), report.files[0].damaged) == (1, 2)


def test_an_exported_document_is_one_record(tmp_path: Path) -> None:
    story = OpenCodeExport()
    one_after_another(story)
    (tmp_path / "export.json").write_bytes(story.lines)
    report = read_transcripts([str(tmp_path / "export.json")])
    assert (report.files[0].lines, len(report.findings)) == (1, 1)


def test_a_byte_order_mark_is_no_damage(serial: Path) -> None:
    serial.write_bytes(b"\xef\xbb\xbf" + serial.read_bytes())
    report = read_transcripts([str(serial)])
    assert (len(report.findings), report.files[0].damaged) == (1, 0)


def test_standard_input_and_folders_are_read(serial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(serial.read_bytes())))
    (serial.parent / "deep").mkdir()
    (serial.parent / "deep" / "other.ndjson").write_text("no transcript\n")
    (serial.parent / "deep" / "notes.md").write_text("no transcript\n")
    report = read_transcripts(["-", str(serial.parent), str(serial)])
    assert [(Path(file.path).name, file.agent) for file in report.files] == [
        ("standard input", "claude"), ("other.ndjson", ""), ("serial.jsonl", "claude"),
    ]  # fmt: skip
    assert len(report.findings) == 2


@pytest.mark.parametrize("text", ["", "hello\n", "{}\n", "[]\n", '{"type": "other"}\n' * 300])
def test_what_is_no_transcript_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(PlanError, match=r"x: (no transcript of|empty)"):
        read_transcripts([str(tmp_path / "x")])


def test_a_missing_file_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no such file or folder; name session files"):
        read_transcripts([str(tmp_path / "x")])
    with pytest.raises(PlanError, match=r"no \.jsonl or \.ndjson file is in .*; name session files"):
        read_transcripts([str(tmp_path)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said(serial: Path) -> None:
    serial.chmod(0)
    with pytest.raises(CannotHere, match=r"serial\.jsonl: Permission denied"):
        read_transcripts([str(serial)])
