"""What is wrong with the values of a plan file, in words: each with its place, several of one file together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from forkjoin.errors import PlanError, choices
from forkjoin.model import Isolation, OutputKind, Permission, Policy
from forkjoin.planning.places import Path, Source

MAX_TOLD: Final = 10  # mistakes of one file; each costs a walk through it
_AT: Final = re.compile(r" - at `\$\.?(.*)`$")
_PART: Final = re.compile(r"\[(\d+|\.\.\.)\]|([^.\[\]]+)")
_OURS: Final = (
    ("`", ""), ("Expected", "expected"), (" | null", ""), ("array", "a list"), ("null", "nothing"), ("str", "text"),
    ("object", "a mapping"), ("float", "a number"), ("int", "a whole number"), ("bool", "true or false"),
)  # fmt: skip
_WORDS: Final = {
    "policy": get_args(Policy), "permission": get_args(Permission), "isolation": get_args(Isolation),
    "output": (*get_args(OutputKind), "or a JSON Schema"),
}  # fmt: skip


def all_of(faults: Sequence[PlanError]) -> PlanError:
    """Return one complaint of several, so that a file can be put right in one go; a mistake in a default once."""
    first, *rest = {str(fault): fault for fault in faults[:MAX_TOLD]}.values()
    return PlanError(first.why, where=first.where, next_step=first.next_step, also=rest)


def complaint(said: str, row: Mapping[str, Any], written: Mapping[str, Any], source: Source, at: Path) -> PlanError:
    """Turn msgspec's message, which ends in the path of the value, into ours."""
    found = _AT.search(said)
    inner = _inner(found[1]) if found else ()
    why = said[: found.start()] if found else said
    for theirs, ours in _OURS:
        why = why.replace(theirs, ours)
    field = str(inner[0]) if inner else ""
    next_step = ""
    if isinstance(row.get(field), str) and "a list" in why:
        next_step = (
            "write it as a list: [...]" if field != "command" else 'write [program, argument], or use shell: "..."'
        )
    value = row.get(field)
    if field in _WORDS and isinstance(value, str) and "enum" in why:
        why, next_step = f"no {field} {value[:60]!r}", choices(value, _WORDS[field])
    place = place_of(field, written, source, at) if field else at
    return source.error((*place, *inner[1:]), why, next_step)


def _inner(text: str) -> Path:
    return tuple(int(n) if n.isdigit() else word or n for n, word in _PART.findall(text))


def place_of(field: str, written: Mapping[str, Any], source: Source, at: Path) -> Path:
    """Where a field of a task stands: in the task, or among the plan's defaults; under the name it was given there."""
    if field in written:
        return (*at, field)
    if field == "reads" and "files" in written:
        return (*at, "files")
    if not at:
        return ()
    return ("files",) if field == "reads" and not source.line(("reads",)) else (field,)
