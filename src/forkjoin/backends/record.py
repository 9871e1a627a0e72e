"""The record of an ended attempt, `exit.json`: whole or not there at all. Standard library only."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from forkjoin.failpoints import reached
else:
    from failpoints import reached

RECORD, DRAFT = "exit.json", "exit.json.new"
ROOM = 4096  # bytes set aside before the attempt starts, so that a full disk still takes its record
TRIES, PAUSE_S = 10, 0.5


def set_room_aside(folder: str) -> None:
    """Take the disk space of the record now; raise OSError where there is none."""
    fd = os.open(f"{folder}/{DRAFT}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, ROOM)
    finally:
        os.close(fd)


def write_record(folder: str, record: dict[str, object]) -> bool:
    """Put the record in its place, durably; try again for some seconds, then return False."""
    text = spelled(record).encode("ascii")
    for attempt in range(TRIES):
        try:
            _put(folder, text)
        except OSError:
            time.sleep(PAUSE_S if attempt < TRIES - 1 else 0)
        else:
            return True
    return False


def spelled(value: object) -> str:
    """Return a text, a number or a dict of them as JSON in ASCII. (To import json is a tenth of a nursery's start.)"""
    if isinstance(value, str):
        return f'"{"".join(map(_spelled_letter, value))}"'
    if isinstance(value, dict):
        return f"{{{', '.join(f'{spelled(name)}: {spelled(one)}' for name, one in value.items())}}}"
    return repr(value)


def _spelled_letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if " " <= letter <= "~":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _put(folder: str, text: bytes) -> None:
    draft = f"{folder}/{DRAFT}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(text)
        reached("record.opened")
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.ftruncate(fd, len(text))
        reached("record.written")
        os.fsync(fd)
    finally:
        os.close(fd)
    reached("record.synced")
    os.rename(draft, f"{folder}/{RECORD}")  # noqa: PTH104 - pathlib is too dear here
    reached("record.placed")
    directory = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
