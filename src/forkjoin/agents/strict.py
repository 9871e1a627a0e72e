"""JSON Schemas as OpenAI's structured outputs take them: every property required, no others, no keyword beside types.

What may be absent becomes nullable. Source of the rules: OpenAI's guide on structured outputs ("supported schemas").
"""

from __future__ import annotations

from typing import Any

_KEPT = frozenset(("type", "properties", "items", "enum", "const", "anyOf", "$ref", "$defs", "description", "title"))
_DEEPEST = 20


class _NotStrict(ValueError):
    """The schema says something that has no strict form."""


def strict(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the strict form of *schema*, None where it has none, such as a map with free keys."""
    try:
        made = _strict(_rooted(schema), 0)
    except (_NotStrict, KeyError, TypeError, AttributeError):
        return None
    return made if made.get("type") == "object" else None


def _rooted(schema: dict[str, Any]) -> dict[str, Any]:
    """Put what the root refers to in its place: the root must be an object itself."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    return {**schema["$defs"][name], "$defs": schema["$defs"]} if name else schema


def _strict(schema: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST or "oneOf" in schema or "allOf" in schema or "not" in schema or "patternProperties" in schema:
        raise _NotStrict
    made = {key: value for key, value in schema.items() if key in _KEPT}
    if "$defs" in made:
        made["$defs"] = {name: _strict(one, depth + 1) for name, one in made["$defs"].items()}
    if "anyOf" in made:
        made["anyOf"] = [_strict(one, depth + 1) for one in made["anyOf"]]
    if "items" in made:
        made["items"] = _strict(made["items"], depth + 1)
    if made.get("type") == "object":
        _close(schema, made, depth)
    return made


def _close(schema: dict[str, Any], made: dict[str, Any], depth: int) -> None:
    """Require every property, and make those nullable that *schema* does not require."""
    if "properties" not in schema or schema.get("additionalProperties") not in (None, False):
        raise _NotStrict
    required = set(schema.get("required", ()))
    made["properties"] = {
        name: inner if name in required else _nullable(inner)
        for name, one in schema["properties"].items()
        for inner in (_strict(one, depth + 1),)
    }
    made["required"] = list(made["properties"])
    made["additionalProperties"] = False


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
