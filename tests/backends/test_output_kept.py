"""Whether what is there of an output is what its record says: after a full disk, and after a power cut."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from forkjoin.backends import output_bytes, unchanged, whole
from forkjoin.backends.segments import Capture
from forkjoin.model import Exit, Stream

TEXT = b"the answer\n"


def _ended(capture: Capture) -> Exit:
    record = capture.record()
    return Exit(how="exited", stdout=Stream(**record), error=capture.error)  # type: ignore[arg-type]  # the record's own keys


def _kept(folder: Path, data: bytes = TEXT, *, cap: int = 65536) -> Exit:
    capture = Capture(str(folder), "stdout", cap)
    capture.write(data)
    capture.close()
    return _ended(capture)


def test_what_was_kept_is_whole_and_unchanged(tmp_path: Path) -> None:
    ended = _kept(tmp_path)
    assert whole(tmp_path, "stdout", ended)
    assert unchanged(tmp_path, "stdout", ended)


def test_a_stream_that_said_nothing_is_whole(tmp_path: Path) -> None:
    ended = _kept(tmp_path, b"")
    assert whole(tmp_path, "stdout", ended)
    assert unchanged(tmp_path, "stdout", ended)


def test_what_the_cap_cut_is_whole(tmp_path: Path) -> None:
    ended = _kept(tmp_path, b"x" * 100_000, cap=16384)
    assert ended.stdout.cut > 0
    assert whole(tmp_path, "stdout", ended)
    assert unchanged(tmp_path, "stdout", ended)


@pytest.mark.parametrize("call", ["open", "write", "fsync"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_what_the_disk_did_not_take_is_not_whole(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        ended = _kept(tmp_path)
    assert not whole(tmp_path, "stdout", ended)
    assert os.strerror(number) in ended.error


def test_a_file_that_came_back_short_is_not_whole(tmp_path: Path) -> None:
    ended = _kept(tmp_path)
    os.truncate(tmp_path / "stdout.0000", 4)
    assert not whole(tmp_path, "stdout", ended)
    assert not unchanged(tmp_path, "stdout", ended)


def test_a_file_that_came_back_with_zeros_is_not_unchanged(tmp_path: Path) -> None:
    ended = _kept(tmp_path)
    (tmp_path / "stdout.0000").write_bytes(bytes(len(TEXT)))
    assert whole(tmp_path, "stdout", ended)
    assert not unchanged(tmp_path, "stdout", ended)
    assert ended.stdout.sha256 == hashlib.sha256(TEXT).hexdigest()
    assert output_bytes(tmp_path, "stdout", limit=100) == bytes(len(TEXT))


def test_one_of_several_segments_that_is_gone_is_noticed(tmp_path: Path) -> None:
    data = b"".join(b"%07d\n" % number for number in range(1500))  # 12,000 bytes: segments of 4,096
    ended = _kept(tmp_path, data, cap=16384)
    assert unchanged(tmp_path, "stdout", ended)
    (tmp_path / "stdout.0001").unlink()
    assert not unchanged(tmp_path, "stdout", ended)
