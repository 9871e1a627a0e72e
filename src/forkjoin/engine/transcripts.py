"""Transcripts of other agents, from files that may be large, damaged, or still being written."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import MIB, TranscriptReport
from forkjoin.transcripts import Reading, judged

_LONGEST = 64 * MIB  # a line beyond it is counted as damaged, and never held
_NAMED = "name session files (.jsonl), recorded streams, or folders of them"
_SUFFIXES = (".jsonl", ".ndjson")


def read_transcripts(paths: Sequence[str]) -> TranscriptReport:
    """Return what the files show; `-` is standard input, a folder means every .jsonl and .ndjson file in it.

    Raises PlanError where a path does not exist, or where no file is a transcript; CannotHere where one cannot be read.
    """
    readings = [_read(path) for path in _files(paths)]
    if not any(reading.file.agent for reading in readings):
        said = "; ".join(f"{one.path}: {one.file.why}" for one in readings[:3])
        said = said or f"no .jsonl or .ndjson file is in {', '.join(paths) or 'nothing'}"
        raise PlanError(said, next_step=_NAMED)
    return judged(readings)


def _files(paths: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        for one in _below(path):
            if one not in seen:
                seen.add(one)
                yield one


def _below(path: str) -> Iterator[str]:
    if path != "-" and not Path(path).exists():
        raise PlanError("there is no such file or folder", where=path, next_step=_NAMED)
    if path == "-" or not Path(path).is_dir():
        yield path
        return
    yield from sorted(str(one) for one in Path(path).rglob("*") if one.suffix in _SUFFIXES and one.is_file())


def _read(path: str) -> Reading:
    reading = Reading("standard input" if path == "-" else path)
    try:
        if path == "-":
            _take(sys.stdin.buffer, reading)
        else:
            with Path(path).open("rb") as file:
                _take(file, reading)
    except OSError as error:
        raise CannotHere(f"{path}: {error.strerror or error}") from error
    return reading


def _take(file: BinaryIO, reading: Reading) -> None:
    first = file.readline(_LONGEST).removeprefix(BOM_UTF8)
    if first.strip() == b"{":  # an exported document, in lines for people
        reading.line(first + file.read(_LONGEST))
        while file.read(_LONGEST):  # of a longer one the rest is not looked at: it is damaged as one record
            pass
        return
    _line(file, first, reading)
    while line := file.readline(_LONGEST):
        _line(file, line, reading)


def _line(file: BinaryIO, line: bytes, reading: Reading) -> None:
    if len(line) < _LONGEST or line.endswith(b"\n"):
        reading.line(line)
        return
    reading.cut()
    while (rest := file.readline(_LONGEST)) and not rest.endswith(b"\n"):
        pass
