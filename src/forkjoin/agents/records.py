"""Streams of JSON records, one a line: read without trusting them."""

from __future__ import annotations

from typing import Any

import msgspec

from forkjoin.agents.ending import one_line

Record = dict[str, Any]
_DECODER = msgspec.json.Decoder()
_TOO_MUCH = 1e300  # JSON has numbers that no float can be


def record(line: bytes) -> Record | None:
    """Return the JSON object a line holds; None where it holds none (cut, or not for us)."""
    try:
        found = _DECODER.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def inside(value: object, *path: str | int) -> Any:
    """Return what stands at *path* in nested objects and lists; None where anything on the way is not as expected."""
    for key in path:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and -len(value) <= key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: object, *path: str | int) -> str:
    """Return the text at *path*, "" where there is none."""
    found = inside(value, *path)
    return found if isinstance(found, str) else ""


def objects_at(value: object, *path: str | int) -> list[Record]:
    """Return the objects in the list at *path*, none where there is no list."""
    found = inside(value, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def tables_at(value: object, *path: str | int) -> list[Record]:
    """Return the objects that are the values of the object at *path*, none where there is no object."""
    found = inside(value, *path)
    return [one for one in found.values() if isinstance(one, dict)] if isinstance(found, dict) else []


def count_at(value: object, *path: str | int) -> int | None:
    """Return the whole number at *path*, None where there is none."""
    found = inside(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def number_at(value: object, *path: str | int) -> float | None:
    """Return the number at *path*, None where there is none."""
    found = inside(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found < _TOO_MUCH else None


def seconds_at(value: object, *path: str | int) -> float | None:
    """Return the milliseconds at *path* in seconds, None where there are none."""
    found = number_at(value, *path)
    return None if found is None else found / 1000.0


def dollars(said: float | None, *tokens: int | None) -> float | None:
    """Return what a program says that *tokens* cost; None for nothing: of a model without a price it says 0."""
    return None if said == 0 and any(tokens) else said


def tool_line(name: str, about: object) -> str:
    """Return a line for the board about a tool in use: its name and the most telling of its arguments."""
    for key in ("file_path", "filePath", "path", "command", "cmd", "pattern", "query", "url", "description"):
        if said := text_at(about, key):
            return one_line(f"{name} {said}")
    return one_line(name)


def files_of(about: object) -> tuple[str, ...]:
    """Return the file a tool's arguments name, if any."""
    return tuple(said for key in ("file_path", "filePath", "path") if (said := text_at(about, key)))[:1]
