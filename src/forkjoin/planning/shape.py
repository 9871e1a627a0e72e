"""From the bare mapping of a plan file to a Plan: every key known, every value of its type, defaults handed down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from forkjoin.errors import PlanError, choices
from forkjoin.model import Each, Isolation, OutputKind, Permission, Plan, Policy, Task, seconds, size
from forkjoin.planning import keys
from forkjoin.planning.contradictions import contradiction, each_fault
from forkjoin.planning.places import Path, Source

MAX_TASKS: Final = 100_000
MAX_DEPTH: Final = 32
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
_IN_PLAN: Final = keys.PLAN - {"tasks", "each", "perspectives"}


def plan_of(raw: object, source: Source) -> Plan:
    """Return the plan that a file's top mapping says. Raises PlanError with file, line and path of the value."""
    if not isinstance(raw, dict):
        raise source.error((), f"a plan is a mapping, this is {kind(raw)}", "begin with tasks:")
    for key in raw:
        if not (isinstance(key, str) and keys.in_plan(key)):
            why, next_step = keys.complaint(str(key), keys.PLAN | keys.TASK - {"id"})
            if key == "id":
                why, next_step = "an id belongs to one task", "put it under tasks:"
            raise source.error((str(key),), why, next_step)
    rows = _rows(raw, source)
    defaults = _renamed({k: v for k, v in raw.items() if k not in keys.PLAN}, source, ())
    tasks = tuple(_task(row, defaults, source, n) for n, row in enumerate(rows))
    tasks += _perspectives(raw.get("perspectives", ()), defaults, source)
    each = _eaches(raw.get("each", ()), defaults, source)
    own = {key: raw[key] for key in _IN_PLAN if key in raw}
    plan = _converted(own, Plan, source, ())
    if plan.max_parallel is not None and plan.max_parallel < 1:
        raise source.error(("max_parallel",), "max_parallel is less than 1", "leave it out for no cap")
    return msgspec.structs.replace(plan, tasks=tasks, each=each)


def _rows(raw: Mapping[Any, Any], source: Source) -> list[Any] | tuple[Any, ...]:
    """Return what stands under `tasks`; a plan of fan-outs needs none."""
    rows = raw.get("tasks", ())
    if not isinstance(rows, list | tuple):
        raise source.error(("tasks",), f"tasks is a list, this is {kind(rows)}", "write one task an item")
    if not rows and not raw.get("each") and not raw.get("perspectives"):
        raise source.error(("tasks",) if "tasks" in raw else (), "the plan has no tasks", "give it at least one")
    if len(rows) > MAX_TASKS:
        raise source.error(("tasks",), f"the plan has {len(rows)} tasks", f"a plan has at most {MAX_TASKS:,}")
    return rows


def _perspectives(names: object, defaults: Mapping[str, Any], source: Source) -> tuple[Task, ...]:
    """Return a task for each name: it looks from there, with the plan's defaults."""
    if not isinstance(names, list | tuple):
        raise source.error(("perspectives",), f"perspectives is a list, this is {kind(names)}", "write it as [...]")
    tasks = []
    for number, name in enumerate(names):
        at: Path = ("perspectives", number)
        if not isinstance(name, str) or not name:
            raise source.error(at, f"a perspective is a name, this is {kind(name)}", "write perspectives: [security]")
        tasks.append(_checked({}, {**defaults, "perspective": name}, source, at))
    return tuple(tasks)


def _eaches(given: object, defaults: Mapping[str, Any], source: Source) -> tuple[Each, ...]:
    if isinstance(given, list | tuple):
        return tuple(_each(row, defaults, source, ("each", n)) for n, row in enumerate(given))
    return (_each(given, defaults, source, ("each",)),)


def _each(row: object, defaults: Mapping[str, Any], source: Source, at: Path) -> Each:
    """Return a fan-out: `dirs` or `files` are its own, everything else is of the task that is made for each."""
    if not isinstance(row, dict):
        raise source.error(at, f"a fan-out is a mapping, this is {kind(row)}", "write dirs: ... and task: ... in it")
    _check_keys_of_each(row, source, at)
    work = {key: value for key, value in row.items() if key not in keys.EACH}
    handed_down = {k: v for k, v in defaults.items() if k not in keys.WORK} if _says_work(work) else defaults
    template = _checked(work, {**handed_down, **work}, source, at)
    own = {key: [row[key]] if isinstance(row[key], str) else row[key] for key in keys.EACH & row.keys()}
    try:
        each = msgspec.convert({**own, "task": {}}, Each)
    except msgspec.ValidationError as error:
        raise _complaint(str(error), own, own, source, at) from None
    wrong = each_fault(each)
    if wrong is not None:
        raise source.error((*at, wrong.fields[0]) if wrong.fields else at, wrong.why, wrong.next_step)
    return msgspec.structs.replace(each, task=template)


def _check_keys_of_each(row: Mapping[object, object], source: Source, at: Path) -> None:
    for key in row:
        if isinstance(key, str) and keys.in_each(key):
            continue
        why, next_step = keys.complaint(str(key), keys.EACH | keys.TASK - {"id"})
        if key == "id":
            why, next_step = "each task of a fan-out gets an id of its own", "take it out"
        raise source.error((*at, str(key)), why, next_step)


def _task(row: object, defaults: Mapping[str, Any], source: Source, number: int) -> Task:
    at: Path = ("tasks", number)
    if not isinstance(row, dict):
        raise source.error(at, f"a task is a mapping, this is {kind(row)}", "write task: ... in it")
    for key in row:
        if not (isinstance(key, str) and keys.in_task(key)):
            why, next_step = keys.complaint(str(key), keys.TASK)
            raise source.error((*at, str(key)), why, next_step)
    own = _renamed(row, source, at)
    if not defaults:
        return _checked(row, own, source, at)
    # A task that says its own work takes none from the defaults: they would be two kinds of work.
    handed_down = {k: v for k, v in defaults.items() if k not in keys.WORK} if _says_work(own) else defaults
    return _checked(row, {**handed_down, **own}, source, at)


def _says_work(row: Mapping[str, Any]) -> bool:
    return any(row.get(key) for key in keys.WORK)


def _renamed(row: Mapping[str, Any], source: Source, at: Path) -> Mapping[str, Any]:
    if "files" not in row:
        return row
    if "reads" in row:
        raise source.error((*at, "files"), "both reads and files are given", "they are the same: keep one")
    return {keys.ALIASES.get(key, key): value for key, value in row.items()}


def checked_task(row: Mapping[str, Any], source: Source) -> Task:
    """Return the task whose keys stand at the top of a file."""
    return _checked(row, row, source, ())


def _checked(written: Mapping[str, Any], row: Mapping[str, Any], source: Source, at: Path) -> Task:
    """Return the task of *row*; *written* is what stands in the file at *at*, before defaults."""
    try:
        task = msgspec.convert(_in_units(row, written, source, at), Task)
    except msgspec.ValidationError as error:
        raise _complaint(str(error), row, written, source, at) from None
    except (ValueError, RecursionError) as error:
        raise source.error(at, f"cannot be read: {error}") from None
    wrong = contradiction(task)
    if wrong is not None:
        places = [_place(field, written, source, at) if field in row else (*at, field) for field in wrong.fields]
        lines = [source.line(place) for place in places]
        told = len(set(lines)) > 1 and all(lines)  # of one line all there is to say stands in front
        both = f" (lines {' and '.join(map(str, lines))})" if told else ""
        raise source.error(places[0], wrong.why + both, wrong.next_step)
    return task


def _in_units(row: Mapping[str, Any], written: Mapping[str, Any], source: Source, at: Path) -> dict[str, Any]:
    plain = dict(row)
    for key in (*keys.DURATIONS, *keys.SIZES):
        if isinstance(given := plain.get(key), str):
            if key == "idle_timeout" and given == "off":
                plain[key] = None
                continue
            try:
                plain[key] = seconds(given[:60]) if key in keys.DURATIONS else size(given[:60])
            except (ValueError, OverflowError) as error:
                raise source.error(_place(key, written, source, at), str(error)) from None
    output = plain.get("output")
    if isinstance(output, dict) and too_deep(output, MAX_DEPTH):
        raise source.error(
            _place("output", written, source, at), f"output is nested deeper than {MAX_DEPTH}", "flatten it"
        )
    return plain


def _converted(own: Mapping[str, Any], kind: type[Plan], source: Source, at: Path) -> Plan:
    try:
        return msgspec.convert(own, kind)
    except msgspec.ValidationError as error:
        raise _complaint(str(error), own, own, source, at) from None


def _complaint(said: str, row: Mapping[str, Any], written: Mapping[str, Any], source: Source, at: Path) -> PlanError:
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
    place = _place(field, written, source, at) if field else at
    return source.error((*place, *inner[1:]), why, next_step)


def _inner(text: str) -> Path:
    return tuple(int(n) if n.isdigit() else word or n for n, word in _PART.findall(text))


def _place(field: str, written: Mapping[str, Any], source: Source, at: Path) -> Path:
    """Where a field of a task stands: in the task, or among the plan's defaults; under the name it was given there."""
    if field in written:
        return (*at, field)
    if field == "reads" and "files" in written:
        return (*at, "files")
    if not at:
        return ()
    return ("files",) if field == "reads" and not source.line(("reads",)) else (field,)


def too_deep(value: object, depth: int) -> bool:
    """Whether dicts and lists are nested deeper than *depth* in *value*."""
    level: list[object] = [value]
    for _ in range(depth + 1):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list | tuple):
                below.extend(one)
        if not below:
            return False
        level = below
    return True


def kind(value: object) -> str:
    """Return what a value of a file is, in plain words."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")
