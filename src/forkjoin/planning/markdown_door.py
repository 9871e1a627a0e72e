"""One task as Markdown: front matter holds the keys, the body is the prompt."""

from __future__ import annotations

from forkjoin.errors import PlanError
from forkjoin.planning.places import Source
from forkjoin.planning.yaml_door import yaml_source, yaml_value


def markdown_value(text: str, name: str) -> tuple[object, Source]:
    """Return the plan mapping of a Markdown task, and its source of lines. Raises PlanError as YAML does."""
    front, body, body_line = _parts(text, name)
    source = yaml_source(front, name, first_line=2)
    keys = yaml_value(front, name, first_line=2)
    if keys is None:
        keys = {}
    if not isinstance(keys, dict):
        raise PlanError("front matter is a mapping of keys", where=f"{name}:2", next_step="write key: value")
    if "tasks" in keys:
        raise source.error(("tasks",), "a Markdown file is one task", "use YAML for several")
    if "task" in keys and body.strip():
        raise source.error(("task",), f"the prompt stands here and in the body (line {body_line})", "keep one")
    return ({**keys, "task": body.strip("\n")} if body.strip() else keys), source


def _parts(text: str, name: str) -> tuple[str, str, int]:
    """Return the front matter, the body, and the body's line."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        return "", text, 1
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]), number + 2
    raise PlanError(
        "the front matter that opens here is never closed", where=f"{name}:1", next_step="close it with ---"
    )
