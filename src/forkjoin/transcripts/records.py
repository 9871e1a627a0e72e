"""JSON of strangers, looked into without trusting it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from forkjoin.model.text import without_halves

Record = dict[str, Any]
_MOST = 200_000  # characters of one text that are looked at
_TOO_MUCH = 1e300  # JSON has numbers that no float can be


def record(line: bytes | str) -> Record | None:
    """Return the JSON object that *line* holds; None where it holds none."""
    try:
        found = msgspec.json.decode(without_halves(line if isinstance(line, bytes) else line.encode(errors="replace")))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def at(value: object, *path: str) -> Any:
    """Return what stands at *path* in nested objects; None where anything on the way is not as expected."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: object, *path: str) -> str:
    """Return the text at *path*, "" where there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def first_text(value: object, *keys: str) -> str:
    """Return the first text under one of *keys*, "" where there is none."""
    return next((said for key in keys if (said := text(value, key))), "")


def objects(value: object, *path: str) -> list[Record]:
    """Return the objects in the list at *path*."""
    found = at(value, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def texts(value: object, *path: str) -> list[str]:
    """Return the texts in the list at *path*."""
    found = at(value, *path)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def number(value: object, *path: str) -> float | None:
    """Return the number at *path*, None where there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found < _TOO_MUCH else None


def thousandth(value: object, *path: str) -> float | None:
    """Return the milliseconds at *path* in seconds, None where there are none."""
    found = number(value, *path)
    return None if found is None else found / 1000


def moment(value: object, *path: str) -> float | None:
    """Return the time at *path* in seconds since the epoch: an ISO text, or a number of milliseconds."""
    said = at(value, *path)
    if isinstance(said, str):
        try:
            return datetime.fromisoformat(said).timestamp()
        except (ValueError, OverflowError):
            return None
    return thousandth(value, *path)


def spoken(value: object) -> str:
    """Return the words of a content: a text, or a list of parts with text in them."""
    return "\n".join(_parts(value, 0))[:_MOST]


def _parts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < 4:
        for one in value:
            yield from _parts(one, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for key in ("text", "content", "output"):
            if key in value:
                yield from _parts(value[key], depth + 1)
                return
