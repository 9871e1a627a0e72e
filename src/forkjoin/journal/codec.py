"""Events as bytes and back. Bodies carry a version: an older one is lifted on its way in, a newer one refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from zlib import crc32

import msgspec

from forkjoin.errors import JournalDamaged, PlanError
from forkjoin.model import Event, to_builtins, to_json

VERSION = 1
# {version: function that turns a body of that version, as plain dicts and lists, into one of the next}
UPGRADES: dict[int, Callable[[Any], Any]] = {}

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_LONG = 64 * 1024  # bytes of a body
_LARGEST = 1.7976931348623157e308


def encode(event: Event) -> bytes:
    """Return an event's JSON, which `decode` reads back.

    What JSON cannot carry is replaced: lone surrogates by U+FFFD, infinity by the largest number, NaN by 0 (both by
    null where the field takes that).
    Raises PlanError where a caller's value (an output schema, say) is no JSON at all.
    """
    try:
        body = to_json(event)
        if b":null" in body:  # the encoder writes what is not finite as null, which a float does not read
            _DECODER.decode(body)
    except (UnicodeEncodeError, msgspec.ValidationError):
        return _cleaned(event)
    except (TypeError, ValueError, OverflowError, NotImplementedError, RecursionError) as error:
        raise _unwritable(event, error) from error
    return body


def decode(body: bytes, *, version: int = VERSION) -> Event:
    """Return the event of a body of *version*; raise JournalDamaged where it is none."""
    try:
        if version == VERSION:
            return _DECODER.decode(body) if len(body) < _LONG else _long(body)
        return _lifted(msgspec.json.decode(body), version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JournalDamaged(f"an event cannot be read: {error}") from error


@lru_cache(maxsize=1)
def _long(body: bytes) -> Event:
    """Return an event that is costly to decode: a plan of thousands of tasks, which who drives a run reads twice."""
    return _DECODER.decode(body)


def checksum(at: float, kind: str, body: bytes) -> int:
    """Return the CRC-32 by which a row is known to be as it was written."""
    return crc32(body, crc32(f"{float(at)!r} {kind} ".encode()))


def intact(at: object, kind: object, body: object, crc: object) -> bool:
    """Whether a row that was read is as it was written; a damaged one may hold values of other types."""
    if type(at) is not float or type(kind) is not str or type(body) is not bytes:
        return False
    return crc == crc32(body, crc32(f"{at!r} {kind} ".encode()))  # as `checksum`, without a call more a row


def plain(text: str) -> str:
    """Return *text* with each lone surrogate replaced by U+FFFD; a valid text as it is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _lifted(raw: Any, version: int) -> Event:
    for step in range(version, VERSION):
        raw = UPGRADES[step](raw)
    event: Event = msgspec.convert(raw, Event)
    return event


def _cleaned(event: Event) -> bytes:
    try:
        return to_json(_clean(to_builtins(event)))
    except (TypeError, ValueError, OverflowError, NotImplementedError, RecursionError) as error:
        raise _unwritable(event, error) from error


def _clean(value: Any) -> Any:
    match value:
        case str():
            return plain(value)
        case float() if not math.isfinite(value):
            return 0.0 if math.isnan(value) else math.copysign(_LARGEST, value)
        case Mapping():
            return {_clean(key): _clean(one) for key, one in value.items()}
        case list() | tuple():
            return [_clean(one) for one in value]
        case _:
            return value


def _unwritable(event: Event, error: Exception) -> PlanError:
    return PlanError(
        f"it cannot be written as JSON: {error}",
        where=f"event {type(event).__name__}",
        next_step="give plain values (text, numbers, lists, dicts) in the plan",
    )
