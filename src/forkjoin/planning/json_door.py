"""Plans in JSON: the fast way in; positions are worked out only once something is wrong."""

from __future__ import annotations

import json
from typing import NoReturn

from forkjoin.errors import PlanError
from forkjoin.planning.places import Source, first_repeated, json_places, spoken


class _Repeated(ValueError):
    """A key stands twice in one object."""


def json_value(text: str, name: str) -> object:
    """Return the value of *text*. Raises PlanError for what is no JSON, repeated keys, NaN, half surrogates."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except _Repeated as error:
        found = first_repeated(json_places(text))
        where = f"{name}:{found[1]}: {spoken(found[0])}" if found else name
        raise PlanError(
            f"the key {str(error)[:60]!r} stands here a second time", where=where, next_step="keep one"
        ) from None
    except json.JSONDecodeError as error:
        raise PlanError(f"is no JSON: {error.msg}", where=f"{name}:{error.lineno}") from None
    except RecursionError:
        raise PlanError("is nested too deeply", where=name, next_step="flatten it") from None
    except ValueError as error:
        raise PlanError(f"is no JSON: {str(error)[:200]}", where=name) from None
    if "\\ud" in text or "\\uD" in text:
        _refuse_half_surrogates(value, name)
    return value


def json_source(text: str, name: str) -> Source:
    """Return the file as a source of lines."""
    return Source(name=name, places=lambda: json_places(text))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        raise _Repeated(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]  # add() returns None on purpose
    return made


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not allowed")


def _refuse_half_surrogates(value: object, name: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise PlanError(
            "a text holds half of a surrogate pair (\\ud800 ... \\udfff)",
            where=name,
            next_step="write the character itself",
        ) from None
