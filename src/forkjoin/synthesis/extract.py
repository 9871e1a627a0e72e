"""From what a task brought back to claims: the schema agents are asked for, then SARIF, then prose.

JSON is read strictly, for a value that cannot be read must never pass as "no findings".
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec.structs import replace

from forkjoin.model import Claimed, path_bytes
from forkjoin.model.text import clean, one_line
from forkjoin.synthesis.prose import from_prose
from forkjoin.synthesis.sarif_in import from_sarif, is_sarif
from forkjoin.synthesis.witness import TaskResult, Witness

_TITLE_CHARS, _RULE_CHARS, _TEXT_CHARS = 300, 100, 2_000
_FARTHEST_LINE = 2**31


def witnesses(result: TaskResult) -> tuple[Witness, ...]:
    """Return the claims of a result's value, by the schema or SARIF; raise ValueError that names the place."""
    if not result.value:
        raise ValueError("there are none, not even an empty list")
    raw = _decoded(result.value)
    agent = one_line(result.agent)
    if not is_sarif(raw):
        return tuple(Witness(task=result.task.id, agent=agent, claimed=claim) for claim in _by_schema(raw))
    return tuple(
        Witness(task=result.task.id, agent=one_line(tool), claimed=_tidy(claim, "a result"), form="sarif")
        for tool, claim in from_sarif(raw)
    )


def guessed(result: TaskResult) -> tuple[Witness, ...]:
    """Return what an answer that meets no contract seems to claim: as SARIF, else from its prose, then marked so.

    An answer that was to be JSON and is broken claims nothing: its error is told.
    """
    text = result.said.strip()
    agent = one_line(result.agent)
    if text.startswith(("{", "[")):
        try:
            return witnesses(replace(result, value=text.encode()))
        except ValueError:
            return ()
    said = from_prose(result.said, whole=result.state == "completed" or result.kind == "contract")
    return tuple(
        Witness(task=result.task.id, agent=agent, claimed=_tidy(claim, "prose"), form="prose") for claim in said
    )


def claimed(value: bytes | str) -> tuple[Claimed, ...]:
    """Return the claims of `{"findings": [...]}` or of a plain list, their text clean and bounded.

    Raises ValueError that names the place in the value: `findings[3].severity: ...`.
    """
    return _by_schema(_decoded(value))


def _by_schema(raw: Any) -> tuple[Claimed, ...]:
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
    return _tidy(said, where)


def _tidy(said: Claimed, where: str) -> Claimed:
    """Return a claim with its text clean and bounded; raise ValueError where it has no title or impossible lines."""
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


def told_path(path: str) -> str:
    """Return the path of a file of a tree as findings tell it: bytes that are no UTF-8 stand there as U+FFFD."""
    return _path(path_bytes(path).decode("utf-8", "replace"))


def _path(path: str) -> str:
    """Return the path without `./` and doubled slashes, else as it is; "" and "." stay no path."""
    pure = str(PurePosixPath(path.encode(errors="backslashreplace").decode()))
    return "" if pure == "." else pure


def _bounded(text: str) -> str:
    text = clean(text).strip()
    return text if len(text) <= _TEXT_CHARS else text[: _TEXT_CHARS - 1] + "…"


def _keys(raw: dict[str, Any]) -> str:
    return one_line(", ".join(map(str, list(raw)[:8])), 100) or "none"


def _kind(raw: Any) -> str:
    names = {str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
    return names.get(type(raw), "something else")
