"""From the bare mapping of a plan file to a Plan: every key known, every value of its type, defaults handed down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Each, Plan, Task, seconds, size
from forkjoin.planning import keys
from forkjoin.planning.complaints import MAX_TOLD, all_of, complaint, place_of
from forkjoin.planning.contradictions import contradiction, each_fault
from forkjoin.planning.places import Path, Source

MAX_TASKS: Final = 100_000
MAX_DEPTH: Final = 32
_IN_PLAN: Final = keys.PLAN - {"tasks", "each", "perspectives"}


def plan_of(raw: object, source: Source) -> Plan:
    """Return the plan that a file's top mapping says. Raises PlanError with file, line and path of the value."""
    if not isinstance(raw, dict):
        raise _no_plan(raw, source)
    faults = [_unknown(key, source) for key in raw if not (isinstance(key, str) and keys.in_plan(key))]
    if faults and "tasks" not in raw:
        raise all_of(faults)
    rows = _rows(raw, source)
    known = {k: v for k, v in raw.items() if k not in keys.PLAN and keys.in_plan(str(k))}
    defaults = _renamed(known, source, ())
    tasks = _tasks(rows, defaults, source, faults)
    if faults:
        raise all_of(faults)
    tasks += _perspectives(raw.get("perspectives", ()), defaults, source)
    each = _eaches(raw.get("each", ()), defaults, source)
    own = {key: raw[key] for key in _IN_PLAN if key in raw}
    plan = _converted(own, Plan, source, ())
    if plan.max_parallel is not None and plan.max_parallel < 1:
        raise source.error(("max_parallel",), "max_parallel is less than 1", "leave it out for no cap")
    return msgspec.structs.replace(plan, tasks=tasks, each=each)


def _no_plan(raw: object, source: Source) -> PlanError:
    prompts = ", or say --lines where each line is a prompt" if isinstance(raw, str | list) else ""
    return source.error((), f"a plan is a mapping, this is {kind(raw)}", f"begin with tasks:{prompts}")


def _unknown(key: object, source: Source) -> PlanError:
    why, next_step = keys.complaint(str(key), keys.PLAN | keys.TASK - {"id"})
    if key == "id":
        why, next_step = "an id belongs to one task", "put it under tasks:"
    return source.error((str(key),), why, next_step)


def _tasks(
    rows: Sequence[Any], defaults: Mapping[str, Any], source: Source, faults: list[PlanError]
) -> tuple[Task, ...]:
    """Return the tasks of *rows*; what is wrong with one goes to *faults*, and the next is looked at all the same."""
    tasks = []
    for number, row in enumerate(rows):
        try:
            tasks.append(_task(row, defaults, source, number))
        except PlanError as error:
            faults.append(error)
            if len(faults) >= MAX_TOLD:
                break
    return tuple(tasks)


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
        raise complaint(str(error), own, own, source, at) from None
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
        raise complaint(str(error), row, written, source, at) from None
    except (ValueError, RecursionError) as error:
        raise source.error(at, f"cannot be read: {error}") from None
    wrong = contradiction(task)
    if wrong is not None:
        places = [place_of(field, written, source, at) if field in row else (*at, field) for field in wrong.fields]
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
                raise source.error(place_of(key, written, source, at), str(error)) from None
    output = plain.get("output")
    if isinstance(output, dict) and too_deep(output, MAX_DEPTH):
        raise source.error(
            place_of("output", written, source, at), f"output is nested deeper than {MAX_DEPTH}", "flatten it"
        )
    return plain


def _converted(own: Mapping[str, Any], kind: type[Plan], source: Source, at: Path) -> Plan:
    try:
        return msgspec.convert(own, kind)
    except msgspec.ValidationError as error:
        raise complaint(str(error), own, own, source, at) from None


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
