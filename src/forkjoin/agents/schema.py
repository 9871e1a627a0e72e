"""An answer against a JSON Schema of the plan."""

from __future__ import annotations

from typing import Any

from jsonschema import SchemaError
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

_SHOWN = 300


def complaint(instance: Any, schema: dict[str, Any]) -> str:
    """Return what is wrong and where (`$.items[2].name: ...`), "" where the instance meets the schema."""
    validator = validator_for(schema)
    try:
        validator.check_schema(schema)
    except SchemaError as error:
        return f"the schema itself is wrong at {error.json_path}: {error.message[:_SHOWN]}"
    try:
        # An empty registry: a reference to another host is an error, never a request.
        wrong = best_match(validator(schema, registry=Registry()).iter_errors(instance))
    except Unresolvable as error:
        return f"the schema refers to something that is not in it: {str(error)[:_SHOWN]}"
    except RecursionError:
        return "schema or answer are nested too deeply"
    return "" if wrong is None else f"{wrong.json_path}: {wrong.message[:_SHOWN]}"
