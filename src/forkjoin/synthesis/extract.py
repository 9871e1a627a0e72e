"""From an answer's JSON to claims: strict, for a value that cannot be read must never pass as "no findings"."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from forkjoin.model import Claimed
from forkjoin.model.text import clean, one_line

_TITLE_CHARS, _RULE_CHARS, _TEXT_CHARS = 300, 100, 2_000
_FARTHEST_LINE = 2**31


def claimed(value: bytes | str) -> tuple[Claimed, ...]:
    """Return the claims of `{"findings": [...]}` or of a plain list, their text clean and bounded.

    Raises ValueError that names the place in the value: `findings[3].severity: ...`.
    """
    raw = _decoded(value)
    if isinstance(raw, dict):
        if list(raw) != ["findings"]:
            raise ValueError(f'top: needs an object with the one key "findings", has {_keys(raw)}')
        raw = raw["findings"]
    if not isinstance(raw, list):
        raise ValueError(f"findings: needs a list, is {_kind(raw)}")
    return tuple(_claim(one, f"findings[{number}]") for number, one in enumerate(raw))


def _decoded(value: bytes | str) -> Any:
    try:
        return msgspec.json.decode(value)
    except RecursionError as error:
        raise ValueError("top: the JSON is nested too deep") from error
    except ValueError as error:  # msgspec's errors and invalid UTF-8
        raise ValueError(f"top: no JSON: {error}") from error


def _claim(raw: Any, where: str) -> Claimed:
    try:
        said = msgspec.convert(raw, Claimed)
    except msgspec.ValidationError as error:
        raise ValueError(_placed(str(error), where)) from error
    title = one_line(said.title, _TITLE_CHARS)
    if not title:
        raise ValueError(f"{where}.title: is empty; a finding needs one")
    for field in ("line", "end_line"):
        if not 0 <= getattr(said, field) < _FARTHEST_LINE:
            raise ValueError(f"{where}.{field}: {getattr(said, field)} is no line; lines count from 1, 0 = none")
    return msgspec.structs.replace(
        said,
        title=title,
        path=_path(said.path),
        end_line=said.end_line if said.line and said.end_line > said.line else 0,
        rule=one_line(said.rule, _RULE_CHARS),
        message=_bounded(said.message),
        evidence=_bounded(said.evidence),
        remedy=_bounded(said.remedy),
        perspective=one_line(said.perspective, _RULE_CHARS),
    )


def _placed(complaint: str, where: str) -> str:
    why, _, place = complaint.partition(" - at `$")
    return f"{where}{place.rstrip('`')}: {why[:1].lower()}{why[1:]}"


def _path(path: str) -> str:
    """Return the path without `./` and doubled slashes; "" and "." stay no path. Line breaks in it are spelled."""
    spelled = clean(re.sub(r"[\r\n\t]", lambda c: repr(c[0])[1:-1], path))
    pure = str(PurePosixPath(spelled))
    return "" if pure == "." else pure


def _bounded(text: str) -> str:
    text = clean(text).strip()
    return text if len(text) <= _TEXT_CHARS else text[: _TEXT_CHARS - 1] + "…"


def _keys(raw: dict[str, Any]) -> str:
    return one_line(", ".join(map(str, list(raw)[:8])), 100) or "none"


def _kind(raw: Any) -> str:
    names = {str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
    return names.get(type(raw), "something else")
