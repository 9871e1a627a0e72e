"""What one task may not say."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Each, Task
from forkjoin.planning.paths import inside

DAY_S: Final = 86400.0
MAX_TEXT: Final = 1_000_000
_WORDS: Final = (
    "task", "command", "shell", "description", "role", "perspective", "context", "focus", "env", "resources",
    "setup", "setup_once",
)  # fmt: skip


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a task: the fields it is about, first the one to point at."""

    fields: tuple[str, ...]
    why: str
    next_step: str = ""


def contradiction(task: Task) -> Wrong | None:
    """Return the first thing that is wrong with a task by itself, None where nothing is."""
    for rule in RULES:
        wrong = rule(task)
        if wrong is not None:
            return wrong
    return None


def each_fault(each: Each) -> Wrong | None:
    """Return what is wrong with a fan-out by itself, None where nothing is."""
    if not each.dirs and not each.files:
        return Wrong(fields=(), why="the fan-out names no folders and no files", next_step="give it dirs: or files:")
    if each.dirs and each.files:
        return Wrong(
            fields=("files",), why="the fan-out names dirs and files", next_step="keep one, or write two fan-outs"
        )
    if each.at_most is not None and each.at_most < 1:
        return Wrong(fields=("at_most",), why=f"at_most is {each.at_most}", next_step="give 1 or more")
    if each.task.id:
        return Wrong(fields=(), why="each task of a fan-out gets an id of its own", next_step="take the id out")
    return None


def _work(task: Task) -> Wrong | None:
    kinds = [name for name in ("task", "command", "shell", "function") if getattr(task, name)]
    if not kinds and not task.perspective:
        return Wrong(fields=("task",), why="the task says no work", next_step="give it task:, command: or shell:")
    if len(kinds) > 1:
        return Wrong(
            fields=tuple(kinds[::-1]), why=f"the task says {' and '.join(kinds)}", next_step="keep exactly one of them"
        )
    if task.task and not task.task.strip():
        return Wrong(fields=("task",), why="the prompt is blank", next_step="say what is to be done")
    if task.command and not task.command[0]:
        return Wrong(fields=("command",), why="the command's first word is empty", next_step="name a program")
    return None


def _numbers(task: Task) -> Wrong | None:
    for field, least in (("cpu", 0.0), ("retries", 0), ("estimate", 0.0)):
        value = getattr(task, field)
        if value is not None and not (least <= value < math.inf):
            return Wrong(fields=(field,), why=f"{field} is {value:g}", next_step="it cannot be negative or endless")
    for field in ("timeout", "idle_timeout"):
        value = getattr(task, field)
        if value is not None and not (0 < value <= 365 * DAY_S):
            return Wrong(fields=(field,), why=f"{field} is {value:g} s", next_step="give more than 0, at most a year")
    for field in ("memory", "processes", "disk"):
        value = getattr(task, field)
        if value is not None and value < 1:
            return Wrong(fields=(field,), why=f"{field} is {value}", next_step="give more than 0, or leave it out")
    if not task.ok_exit:
        return Wrong(fields=("ok_exit",), why="no exit code counts as fine", next_step="give at least one")
    return None


def _permission(task: Task) -> Wrong | None:
    if task.writes == () and task.permission in ("workspace-write", "full"):
        return Wrong(
            fields=("writes", "permission"),
            why=f"writes: [] says it writes nothing, permission: {task.permission} says it may",
            next_step="keep one of them",
        )
    if task.writes and task.permission == "read-only":
        return Wrong(
            fields=("writes", "permission"),
            why="it names what it writes, and permission: read-only says it writes nothing",
            next_step="keep one of them",
        )
    if task.perspective and (task.writes or task.permission in ("workspace-write", "full")):
        return Wrong(
            fields=("perspective", "writes" if task.writes else "permission"),
            why="a perspective only looks, and this says that it may write",
            next_step="keep one of them",
        )
    if task.writes and task.agent_name == "static":
        return Wrong(
            fields=("writes", "agent"),
            why="the agent static only reads",
            next_step="take writes out, or choose another agent",
        )
    return None


def _set_up(task: Task) -> Wrong | None:
    """A set-up writes into the tree that the task starts from, so that must be one of its own."""
    for field in ("setup", "setup_once"):
        if not getattr(task, field):
            continue
        if task.isolation == "shared":
            return Wrong(
                fields=(field, "isolation"),
                why=f"{field} would write into your tree, which isolation: shared says it works in",
                next_step="keep one of them",
            )
        if task.function or task.agent_name == "static":
            return Wrong(
                fields=(field,),
                why=f"a {'function' if task.function else 'static'} task has no workspace to set up",
                next_step="take it out",
            )
    return None


def _paths(task: Task) -> Wrong | None:
    for field in ("reads", "writes", "carry", "keep_ignored"):
        for path in getattr(task, field) or ():
            try:
                inside(path, where=field)
            except PlanError as error:
                return Wrong(fields=(field,), why=error.why, next_step=error.next_step)
    if task.cwd:
        try:
            inside(task.cwd, where="cwd")
        except PlanError as error:
            return Wrong(fields=("cwd",), why=error.why, next_step=error.next_step)
    return None


def _text(task: Task) -> Wrong | None:
    for field in _WORDS:
        given = getattr(task, field)
        if not given:
            continue
        for text in (given,) if isinstance(given, str) else _texts(given):
            if "\0" in text or len(text) > MAX_TEXT:
                return _unusable(field, text)
    bad = [name for name in task.env if not name or "=" in name]
    if bad:
        return Wrong(fields=("env",), why=f"{bad[0]!r} cannot name a variable", next_step="no '=' and not empty")
    return None


def _unusable(field: str, text: str) -> Wrong:
    if "\0" in text:
        return Wrong(fields=(field,), why=f"{field} has a NUL character", next_step="take it out")
    return Wrong(
        fields=(field,),
        why=f"{field} has {len(text):,} characters",
        next_step=f"at most {MAX_TEXT:,}; put the rest in a file of the tree",
    )


def _asked_with(task: Task) -> Wrong | None:
    """What becomes a word of an agent's command line must not be one of its options: some share the session."""
    for field in ("model", "effort"):
        if getattr(task, field).startswith("-"):
            why = f"{field} is {getattr(task, field)[:60]!r}, which its agent would take for an option"
            return Wrong(fields=(field,), why=why, next_step="write the name alone")
    return None


def _texts(given: Sequence[str] | Mapping[str, str]) -> Iterable[str]:
    return (*given, *given.values()) if isinstance(given, Mapping) else given


def _output(task: Task) -> Wrong | None:
    if isinstance(task.output, str):
        return None
    try:
        why = _schema_fault(json.dumps(task.output, sort_keys=True))
    except (TypeError, ValueError, RecursionError) as error:
        why = str(error)
    return None if not why else Wrong(fields=("output",), why=f"output is no JSON Schema: {why}")


@lru_cache(maxsize=256)
def _schema_fault(schema: str) -> str:
    """Return what is wrong with a JSON Schema, "" where nothing is."""
    import jsonschema  # 80 ms: only where a plan has a schema

    loaded = json.loads(schema)
    try:
        jsonschema.validators.validator_for(loaded, default=jsonschema.Draft202012Validator).check_schema(loaded)
    except jsonschema.SchemaError as error:
        at = "".join(f"[{part!r}]" for part in error.absolute_path)
        return f"{error.message[:200]}{f' at {at}' if at else ''}"
    except Exception as error:  # a hostile schema must be a complaint, whatever it breaks inside
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""


RULES: Final[tuple[Callable[[Task], Wrong | None], ...]] = (
    _work, _numbers, _permission, _set_up, _paths, _text, _asked_with, _output,
)  # fmt: skip
