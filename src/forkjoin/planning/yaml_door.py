"""Plans in YAML: read event by event, so that depth, aliases and repeated keys are refused before they cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml

from forkjoin.errors import PlanError
from forkjoin.planning.places import Path, Source, spoken
from forkjoin.planning.shape import MAX_DEPTH

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT: Final = re.compile(r"[-+]?\d{1,18}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d{1,3})?")


class _Open(msgspec.Struct):
    """A mapping or list that is being read; `key` is the key whose value comes next."""

    value: dict[str, object] | list[object]
    key: str | None = None
    keys: set[str] = set()


def yaml_value(text: str, name: str, *, first_line: int = 1) -> object:
    """Return the one document of *text* as dicts, lists and plain types, by the rules of YAML 1.2's core schema.

    Raises PlanError for what is no YAML, aliases, anchors, tags, repeated keys, keys that are no text, depth over 32.
    """
    reader = _Reader(name, first_line)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + first_line if mark else first_line
        raise PlanError(f"is no YAML: {error.problem or error.context}", where=f"{name}:{line}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PlanError(f"is no YAML: {str(error).splitlines()[0][:200]}", where=name) from None
    return reader.document


def yaml_places(text: str, *, first_line: int = 1) -> Iterator[tuple[Path, int]]:
    """Give every value's path and line; a key's line for a mapping's values."""
    reader = _Reader("", first_line)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
            if reader.last is not None:
                yield reader.last
    except yaml.YAMLError:
        return


class _Reader:
    """Folds YAML events into a value."""

    def __init__(self, name: str, first_line: int) -> None:
        self.name, self.first_line = name, first_line
        self.document: object = None
        self.documents = 0
        self.open: list[_Open] = []
        self.last: tuple[Path, int] | None = None

    def take(self, event: Any) -> None:
        self.last = None
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._start(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise self._error(event, "aliases (*name) are refused", "write the value out")
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._error(event, "a second document begins here", "one plan a file")

    def _start(self, event: Any) -> None:
        self._refuse_marks(event)
        if len(self.open) >= MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH}", "flatten it")
        if self._key_is_next():
            raise self._error(event, "a key is a mapping or a list", "keys are text")
        value: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(value, event)
        self.open.append(_Open(value))

    def _scalar(self, event: Any) -> None:
        self._refuse_marks(event)
        if not self._key_is_next():
            self._put(event.value if not event.implicit[0] else plain_scalar(event.value), event)
            return
        top = self.open[-1]
        top.key = event.value
        if event.value in top.keys:
            raise self._error(event, f"the key {event.value[:60]!r} stands here a second time", "keep one")
        top.keys.add(event.value)
        self.last = (self._path(), event.start_mark.line + self.first_line)

    def _key_is_next(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.open[-1].key is None

    def _put(self, value: object, event: Any) -> None:
        if not self.open:
            self.document = value
            return
        top = self.open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            self.last = (self._path(), event.start_mark.line + self.first_line)
        elif top.key is not None:
            top.value[top.key] = value
            top.key = None

    def _refuse_marks(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._error(event, f"the anchor &{event.anchor[:60]} is refused", "write values out")
        # "!" alone is what a quoted scalar has
        if event.tag not in (None, "!"):
            raise self._error(event, f"the tag {event.tag[:60]} is refused", "write plain values")

    def _path(self) -> Path:
        parts: list[str | int] = []
        for number, one in enumerate(self.open):
            if isinstance(one.value, list):
                parts.append(max(0, len(one.value) - 1))
            else:
                # once a nested value was put its parent's key is no longer due: it is the last one given
                inner = number < len(self.open) - 1
                parts.append(next(reversed(one.value)) if inner else one.key or "")
        return tuple(parts)

    def _error(self, event: Any, why: str, next_step: str) -> PlanError:
        at = spoken(self._path()) if self.open else ""
        where = f"{self.name}:{event.start_mark.line + self.first_line}"
        return PlanError(why, where=f"{where}: {at}" if at else where, next_step=next_step)


def plain_scalar(text: str) -> object:
    """Return what an unquoted scalar means: null, true, false, a number, else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "-+.0123456789":
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


def yaml_source(text: str, name: str, *, first_line: int = 1) -> Source:
    """Return the file as a source of lines."""
    return Source(name=name, places=lambda: yaml_places(text, first_line=first_line))
