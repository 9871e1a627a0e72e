"""One entry of a JSON file with comments, put in or taken out; every other byte stays as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*[\s\S]*?\*/)*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[-+.\w]+")
_COMMENTS = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*[\s\S]*?\*/')
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_DEEPEST = 100


class NotJson(ValueError):
    """The text is no JSON object, comments and trailing commas allowed."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A value and where it stands; of an object its members too: key -> (where the key begins, value)."""

    start: int
    end: int
    is_object: bool = False
    members: dict[str, tuple[int, Node]] = field(default_factory=dict)


def with_entry(text: str, section: str, key: str, value: Any) -> str:
    """Return *text* with *value* at `section.key`; what stands there already stays. Raises NotJson."""
    if not text.strip():
        return json.dumps({section: {key: value}}, indent=2) + "\n"
    top = _top(text)
    if section not in top.members:
        return _inserted(text, top, section, {key: value}, depth=1)
    inner = top.members[section][1]
    if not inner.is_object:
        raise NotJson(f'"{section}" is no object')
    if key not in inner.members:
        return _inserted(text, inner, key, value, depth=2)
    return text


def without_entry(text: str, section: str, key: str) -> str:
    """Return *text* without `section.key`: as it was before `with_entry`, to the byte. Raises NotJson.

    Where somebody has written since, a section in which nothing else stands goes too.
    """
    value = entry(text, section, key)
    if value is None:
        return text
    top = _top(text)
    inner = top.members[section][1]
    if len(inner.members) > 1:
        return _cut(text, inner, key)
    ways = (_cut(text, top, section), _cut(text, inner, key))
    return next((way for way in ways if with_entry(way, section, key, value) == text), ways[0])


def entry(text: str, section: str, key: str) -> Any:
    """Return what stands at `section.key`, None where nothing does. Raises NotJson."""
    top = _top(text)
    inner = top.members.get(section, (0, top))[1]
    if section not in top.members or key not in inner.members:
        return None
    return _value(text, inner.members[key][1])


def _inserted(text: str, parent: Node, key: str, value: Any, *, depth: int) -> str:
    member = f"{json.dumps(key)}: {_written(value, depth)}"
    if parent.members or "\n" in text[parent.start : parent.end]:  # `{}` and `{` over `}` must differ with it in them
        member = f"\n{'  ' * depth}{member}"
    behind = "," if parent.members else ""
    return text[: parent.start + 1] + member + behind + text[parent.start + 1 :]


def _written(value: Any, depth: int) -> str:
    return json.dumps(value, indent=2).replace("\n", "\n" + "  " * depth)


def _cut(text: str, parent: Node, key: str) -> str:
    start, node = parent.members[key]
    end = node.end
    if comma := re.compile(r"\s*,").match(text, end):
        end = comma.end()
    elif before := re.search(r",\s*$", text[:start]):
        start = before.start()
    head = text[:start] if text[:start].endswith(",") else text[:start].rstrip(" \t\n")
    # Behind a comment that goes to the end of its line the rest must not come to stand on that line.
    kept = "\n" if _ends_in_comment(head) and not text[end:].startswith("\n") else ""
    return head + kept + text[end:]


def _ends_in_comment(text: str) -> bool:
    """Whether what were to be written behind *text* would be a part of its last comment."""
    found = [*_COMMENTS.finditer(text)]
    return bool(found) and found[-1].end() == len(text) and found[-1][0].startswith("//")


def _value(text: str, node: Node) -> Any:
    plain = _COMMENTS.sub(lambda found: found[1] or "", text[node.start : node.end])
    plain = _TRAILING.sub(lambda found: found[1] or "", plain)
    try:
        return json.loads(plain)
    except ValueError as error:
        raise NotJson(str(error)) from error


def _top(text: str) -> Node:
    start = _blank(text, 1 if text.startswith("\ufeff") else 0)
    node = _node(text, start, 0)
    if not node.is_object or _blank(text, node.end) != len(text):
        raise NotJson("the file is no JSON object")
    return node


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _node(text: str, at: int, depth: int) -> Node:
    opened = text[at : at + 1]
    if depth > _DEEPEST:
        raise NotJson("it is nested too deeply")
    if opened in ("{", "["):
        return _nested(text, at, depth, is_object=opened == "{")
    found = (_STRING if opened == '"' else _SCALAR).match(text, at)
    if not found:
        raise NotJson(f"line {text.count(chr(10), 0, at) + 1}: a value is missing")
    return Node(start=at, end=found.end())


def _nested(text: str, start: int, depth: int, *, is_object: bool) -> Node:
    members: dict[str, tuple[int, Node]] = {}
    at, closing = _blank(text, start + 1), "}" if is_object else "]"
    while text[at : at + 1] != closing:
        begins, key = at, ""
        if is_object:
            key, at = _key(text, at)
        node = _node(text, at, depth + 1)
        if is_object:
            members[key] = (begins, node)
        at = _blank(text, node.end)
        if text[at : at + 1] == ",":
            at = _blank(text, at + 1)
        elif text[at : at + 1] != closing:
            raise NotJson(f"line {text.count(chr(10), 0, at) + 1}: a comma is missing")
    return Node(start=start, end=at + 1, is_object=is_object, members=members)


def _key(text: str, at: int) -> tuple[str, int]:
    """Return the key that begins here, and where its value begins."""
    key = _STRING.match(text, at)
    colon = _blank(text, key.end()) if key else at
    if key is None or text[colon : colon + 1] != ":":
        raise NotJson(f"line {text.count(chr(10), 0, at) + 1}: a key is missing")
    return str(json.loads(key[0])), _blank(text, colon + 1)
