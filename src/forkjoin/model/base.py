"""What all values of the model share: frozen, keyword-only, no unknown fields."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NewType

import msgspec

TaskId = NewType("TaskId", str)
RunId = NewType("RunId", str)


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen value; a change is a new value (`msgspec.structs.replace`)."""


class Ref(str):
    """A name that carries the object it names, so that a callable or a dialect travels beside the plan.

    In the journal and in JSON only the name is left.
    """

    target: Any

    __slots__ = ("target",)

    def __new__(cls, name: str, target: Any) -> Ref:
        ref = super().__new__(cls, name)
        ref.target = target
        return ref


@lru_cache
def snake(name: str) -> str:
    """Return a class name as a tag: `TimedOut` gives `timed_out`."""
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} cannot be written as JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def to_json(value: Any) -> bytes:
    """Return compact JSON of values, tuples, dicts and plain types; of a `Ref` its name."""
    return _ENCODER.encode(value)


def to_builtins(value: Any) -> Any:
    """Return *value* as dicts, lists and plain types, as its JSON would be."""
    return msgspec.to_builtins(value, enc_hook=_plain)
