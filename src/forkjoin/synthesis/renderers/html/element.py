"""HTML by construction: what is no `Markup` is text and is escaped, and a link leads nowhere but into the page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from forkjoin.model.text import clean

_CODE = re.compile(r"(?<!`)`([^`\n]{1,200})`(?!`)")
_VOID = frozenset(("meta", "input"))


class Markup(str):
    """HTML that was built here; any other string is somebody's text."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[str] | None"
NOTHING = Markup("")


def element(tag: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """Return an element; of an attribute's name a closing `_` goes and others become `-`. None and False are left out.

    Raises ValueError for a link out of the page and for a handler: nothing of the kind is ever made.
    """
    said = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    inside = joined(*children)
    return Markup(f"<{tag}{said}>" if tag in _VOID else f"<{tag}{said}>{inside}</{tag}>")


def joined(*children: Child) -> Markup:
    """Return the children one after another, texts escaped."""
    return Markup("".join(_shown(child) for child in children))


def worded(text: str) -> Markup:
    """Return a text whose pieces between single backticks are code."""
    pieces = _CODE.split(text)
    return joined(*(element("code", piece) if at % 2 else piece for at, piece in enumerate(pieces)))


def anchor(id_: str) -> str:
    """Return an id that an attribute and a link can hold, whatever was in it."""
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in clean(id_))


def _attribute(key: str, value: str | int | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    if name.startswith("on") or name == "style" or (name in ("href", "src") and not str(value).startswith("#")):
        raise ValueError(f"the page has no attribute {name}={value!r}")
    return f" {name}" if value is True else f' {name}="{escape(clean(str(value)))}"'


def _shown(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(clean(child))
    return "".join(_shown(one) for one in child)
