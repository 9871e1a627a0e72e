"""A plan as YAML that reads back as the same plan (`--save`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from forkjoin.errors import PlanError
from forkjoin.model import Plan, to_builtins
from forkjoin.planning.yaml_door import plain_scalar


def plan_to_yaml(plan: Plan) -> str:
    """Return the plan file of a plan, defaults left out. Raises PlanError for a task that is a Python function."""
    for task in plan.tasks:
        if task.function:
            raise PlanError(
                f"task {task.id or task.description!r} is the Python function {task.function!s}",
                where="--save",
                next_step="only tasks that are prompts or commands can be saved",
            )
    text: str = yaml.dump(
        to_builtins(plan), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000, default_flow_style=False
    )
    return text


_BREAKS = frozenset("\r\x85\u2028\u2029\ufeff")


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, long texts as blocks, short lists on one line, and quotes what does not read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if not _BREAKS.isdisjoint(text):  # line ends to YAML, which only double quotes keep
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    style = None if text and isinstance(plain_scalar(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, rows: Sequence[Any]) -> yaml.SequenceNode:
    short = all(isinstance(row, str | int | float) for row in rows) and sum(len(str(row)) for row in rows) < 100
    return dumper.represent_sequence("tag:yaml.org,2002:seq", rows, flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(tuple, _list)
